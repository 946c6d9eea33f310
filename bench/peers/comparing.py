"""The peers beside the worker: on the very same topic of batches, and on topics of one write per message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from bench.data import Shape, Skew, answers, plain_records, records
from bench.drain import drain_confluent
from bench.folded import folded_records
from bench.peers.contenders import BATCHES, SINGLES, Peer, measure_peer
from bench.peers.single import singles
from bench.running import Benchmark, Comparison, Measure, Result
from bench.site import Site
from bench.topics import drop, fill
from bench.worker import measure_worker
from streams.agents.outbox import Compression

__all__ = ["BENCHMARKS", "against_fastest"]

_WORKER = "worker"
_FAST = f"{_WORKER}, confluent shell"
_RATE = "writes/s"
_MIXES: tuple[tuple[Skew, Compression], ...] = (("zipf", "zstd"), ("zipf", "lz4"), ("uniform", "zstd"))
_SINGLE_SHARE = 6  # of the writes in batches: some seconds for the fastest
_SINGLE_SECONDS = 1_200  # event time of a topic: four intervals, as many as in batches

_RIVALS: Final[Mapping[str, Callable[[Peer], bool]]] = {
    "/ fastest peer": lambda _: True,
    "/ fastest that survives a crash": lambda peer: peer.durable,
    "/ fastest in Python": lambda peer: peer.environment != "java",
}


def _peers(present: Sequence[str], site: Site) -> Benchmark:
    return Benchmark(
        "peers",
        "Peers on the worker's own topic: Arrow batches of 8,192 writes, one partition",
        [_on_batches(site, skew, compression, present) for skew, compression in _MIXES],
    )


def _singles(present: Sequence[str], site: Site) -> Benchmark:
    return Benchmark(
        "singles",
        "Peers on one write per message (20 B, lz4, 8 partitions) beside the worker on batches (zstd)",
        [_on_singles(site, present)],
    )


BENCHMARKS: Final[Mapping[str, Callable[[Sequence[str], Site], Benchmark]]] = {
    "peers": _peers,
    "singles": _singles,
}
"""The comparisons by name, with the peers of the environments that are `present`."""


def against_fastest(results: Sequence[Result]) -> None:
    """Adds what share of the fastest rival's rate each contender had in the same run."""
    for result in results:
        peers = [peer for peer in (*BATCHES, *SINGLES) if peer.name in result.figures]
        for ratio, is_rival in _RIVALS.items():
            rates = [result.figures[peer.name][_RATE] for peer in peers if is_rival(peer)]
            if not rates:
                continue
            fastest = [max(of_a_run) for of_a_run in zip(*rates, strict=True)]
            for name, own in result.figures.items():
                if name.startswith(_WORKER):
                    own[ratio] = [rate / best for rate, best in zip(own[_RATE], fastest, strict=True)]


def _on_batches(site: Site, skew: Skew, compression: Compression, present: Sequence[str]) -> Comparison:
    shape = Shape(skew=skew, writes=site.sizes.writes)

    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        answers(shape)
        log = fill(site.bootstrap, site.layout(), plain_records(shape), compression)
        narrow = fill(site.bootstrap, site.layout(), records(shape), compression)
        folded = fill(site.bootstrap, site.layout(), folded_records(shape), compression)
        yield {
            "confluent-kafka, nothing done": partial(drain_confluent, log, shape.writes),
            _WORKER: partial(measure_worker, site, log, shape),
            f"{_WORKER}, narrow columns": partial(measure_worker, site, narrow, shape),
            _FAST: partial(measure_worker, site, log, shape, "confluent"),
            f"{_FAST}, narrow columns": partial(measure_worker, site, narrow, shape, "confluent"),
            f"{_WORKER}, folded by the agent": partial(measure_worker, site, folded, shape),
            f"{_FAST}, folded by the agent": partial(measure_worker, site, folded, shape, "confluent"),
            **{p.name: partial(measure_peer, p, log, shape, site.folder) for p in _present(BATCHES, present)},
        }
        for filled in (log, narrow, folded):
            drop(filled)

    return Comparison(f"{skew}, {compression}", contenders)


def _on_singles(site: Site, present: Sequence[str]) -> Comparison:
    whole = Shape(writes=site.sizes.writes)

    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        answers(whole)
        batched = fill(site.bootstrap, site.layout(), records(whole), "zstd")
        folded = fill(site.bootstrap, site.layout(), folded_records(whole), "zstd")
        measures: dict[str, Measure] = {
            _WORKER: partial(measure_worker, site, batched, whole),
            _FAST: partial(measure_worker, site, batched, whole, "confluent"),
            f"{_WORKER}, folded by the agent": partial(measure_worker, site, folded, whole),
            f"{_FAST}, folded by the agent": partial(measure_worker, site, folded, whole, "confluent"),
        }
        logs = {}
        for peer in _present(SINGLES, present):
            shape = _single_shape(whole, peer)
            if shape not in logs:
                answers(shape)
                logs[shape] = fill(site.bootstrap, site.layout(), singles(shape), "lz4")
            measures[peer.name] = partial(measure_peer, peer, logs[shape], shape, site.folder)
        yield measures
        for log in (batched, folded, *logs.values()):
            drop(log)

    return Comparison("zipf", contenders)


def _single_shape(whole: Shape, peer: Peer) -> Shape:
    writes = max(1, int(whole.writes / _SINGLE_SHARE * peer.share))
    return replace(whole, writes=writes, writes_per_second=max(1, writes // _SINGLE_SECONDS))


def _present(peers: Sequence[Peer], present: Sequence[str]) -> list[Peer]:
    return [peer for peer in peers if peer.environment in present]
