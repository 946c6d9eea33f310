"""A wide estate on one worker: its share of 10,000 groups of 600 writes/s, beside one group of 16 volumes.

A fortieth of such an estate is 250 groups of 10 volumes. Each writes through one interval of 300 s and
closes it. Messages have 4,096 writes: 6.8 s of a group, where agents would send 6,000 after 10 s, which makes
the figures a little worse than they would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.data import Shape, answers, records
from bench.process import SHELLS
from bench.running import Benchmark, Comparison, Measure, Ratio
from bench.site import Site
from bench.topics import drop, fill
from bench.worker import measure_worker

__all__ = ["benchmark"]

_BATCH = 4_096
_MESSAGES = 44  # 300 s of a group
_VOLUMES = 10
_WRITES_PER_SECOND = 600
_NARROW = "1 group x 16 volumes"


def benchmark(site: Site) -> Benchmark:
    """As many writes both times."""
    groups = site.sizes.wide_groups
    wide = f"{groups:,} groups x {_VOLUMES} volumes"
    comparison = Comparison(
        f"{_BATCH:,} per message, zstd",
        partial(_contenders, site, wide),
        tuple(
            Ratio(figure, f"{wide}, {shell} shell", f"{_NARROW}, {shell} shell", f"{figure} / narrow")
            for shell in SHELLS
            for figure in ("CPU s/M writes", "writes/s")
        ),
    )
    return Benchmark("wide", "Worker: a wide estate beside a narrow one", [comparison])


@contextmanager
def _contenders(site: Site, wide: str) -> Iterator[Mapping[str, Measure]]:
    groups = site.sizes.wide_groups
    writes = groups * _MESSAGES * _BATCH
    speed = groups * _WRITES_PER_SECOND
    shapes = {
        _NARROW: Shape(batch=_BATCH, writes=writes, writes_per_second=speed),
        wide: Shape(batch=_BATCH, writes=writes, writes_per_second=speed, groups=groups, volumes=_VOLUMES),
    }
    logs = {}
    for name, shape in shapes.items():
        answers(shape)
        logs[name] = fill(site.bootstrap, site.layout(), records(shape))
    yield {
        f"{name}, {shell} shell": partial(measure_worker, site, logs[name], shape, shell)
        for shell in SHELLS
        for name, shape in shapes.items()
    }
    for log in logs.values():
        drop(log)
