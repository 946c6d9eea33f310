"""A worker where messages are small: from one write in each to as many as there can be.

A message costs a worker something, a write in it little: the cost of a write falls as 1 / batch until the
writes themselves decide. A cliff would be a cost per message that jumps between two sizes.
"""

from __future__ import annotations

from bench.data import Shape
from bench.running import Benchmark
from bench.site import Site
from bench.worker import compared

__all__ = ["benchmark"]

_BATCHES = (1, 16, 256, 1_024, 8_192, 32_768)


def benchmark(site: Site) -> Benchmark:
    """So many messages of each size, and never more than a quarter of the writes elsewhere."""
    sizes = site.sizes
    comparisons = [
        compared(site, Shape(batch=batch, writes=min(sizes.writes // 4, batch * sizes.messages)), "zstd")
        for batch in _BATCHES
    ]
    return Benchmark("small", "Worker: what messages of each size cost", comparisons)
