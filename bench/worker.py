"""A real worker from its first message to its last, beside the bare consumption of the same topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Final

from bench.checking import check_worker
from bench.data import Shape, Skew, answers, records
from bench.drain import drain_aiokafka, drain_confluent
from bench.marks import await_marks
from bench.process import running_worker
from bench.running import Benchmark, Comparison, Figures, Measure, Ratio
from bench.site import Site
from bench.topics import Log, drop, fill, forget_worker
from streams.agents.outbox import Compression
from streams.processor.options import Shell
from streams.store import Source

__all__ = ["benchmark", "compared", "measure_worker"]

_SKEWS: Final[tuple[Skew, ...]] = ("zipf", "uniform")
_BATCHES = (8_192, 1_024, 32_768)
_COMPRESSIONS: Final[tuple[Compression, ...]] = ("zstd", "lz4", "none")
_FAST = "worker, confluent shell"
_RATIOS = (
    Ratio("writes/s", "worker", "confluent-kafka"),
    Ratio("writes/s", "worker", "aiokafka"),
    Ratio("writes/s", _FAST, "confluent-kafka"),
    Ratio("writes/s", _FAST, "worker"),
)


def benchmark(site: Site) -> Benchmark:
    """The first mix of skew, batch and compression, and those that differ from it in one."""
    mixes = list(product(_SKEWS, _BATCHES, _COMPRESSIONS))
    first = mixes[0]
    if not site.sizes.every_mix:
        mixes = [mix for mix in mixes if sum(a != b for a, b in zip(mix, first, strict=True)) <= 1]
    comparisons = [
        compared(site, Shape(skew=skew, batch=batch, writes=site.sizes.writes), compression)
        for skew, batch, compression in mixes
    ]
    title = "Worker: from the first message to the last mark, beside bare consumers of the same topic"
    return Benchmark("worker", title, comparisons)


def compared(site: Site, shape: Shape, compression: Compression) -> Comparison:
    """The worker and both drains on one data set."""

    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        answers(shape)
        log = fill(site.bootstrap, site.layout(), records(shape), compression)
        yield {
            "confluent-kafka": partial(drain_confluent, log, shape.writes),
            "aiokafka": partial(drain_aiokafka, log, shape.writes),
            "worker": partial(measure_worker, site, log, shape),
            _FAST: partial(measure_worker, site, log, shape, "confluent"),
        }
        drop(log)

    return Comparison(f"{shape.skew}, {shape.batch} per message, {compression}", contenders, _RATIOS)


def measure_worker(site: Site, log: Log, shape: Shape, shell: Shell = "faust") -> Figures:
    """One run of a worker over the topic; what it published must be right."""
    forget_worker(log)
    with running_worker(log.bootstrap, log.layout, site.folder, shell=shell) as worker:
        span = await_marks(log, worker)
        peak_bytes, seeks = worker.peak_bytes(), worker.seeks()
    check_worker(Source(log.bootstrap, log.layout.prefix), shape)
    return {
        "writes/s": shape.writes / span.seconds,
        "CPU s/M writes": span.cpu_seconds / (shape.writes / 1e6),
        "CPU us/message": span.cpu_seconds * 1e6 / log.messages,
        "peak MiB": peak_bytes / (1 << 20),
        "start CPU s": span.start_cpu_seconds,
        "seeks": seeks,
    }
