"""A worker where messages are small: the cost of a message, not of a write."""

from __future__ import annotations

from bench.data import Shape
from bench.running import Benchmark
from bench.site import Site
from bench.worker import compared

__all__ = ["benchmark"]

_BATCHES = (1, 16, 256)


def benchmark(site: Site) -> Benchmark:
    """So many messages of each size, and never more writes than elsewhere."""
    sizes = site.sizes
    comparisons = [
        compared(site, Shape(batch=batch, writes=min(sizes.writes, batch * sizes.messages)), "zstd")
        for batch in _BATCHES
    ]
    return Benchmark("small", "Worker: small messages", comparisons)
