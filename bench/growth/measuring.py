"""The cost of a write at every point of a curve: of the collector in this process, and of a real worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from bench.data import Shape, answers, records
from bench.growth.curves import Curve, Point, curves
from bench.growth.laws import Law
from bench.kernel import collect
from bench.running import Benchmark, Comparison, Figures, Measure, Result, median
from bench.site import Site
from bench.topics import Log, drop, fill
from bench.worker import measure_worker
from streams.wire.record import Record

__all__ = ["COST", "LAW", "RATIO", "add_law", "benchmark"]

COST = "CPU s/M writes"
LAW = "law"
RATIO = "/ law"


def benchmark(name: str, site: Site) -> Benchmark:
    """One curve, a comparison for each point."""
    curve = curves(site.sizes.growth_writes)[name]
    title = f"{curve.title}: {curve.law.text}, for {curve.because}"
    return Benchmark(name, title, [_comparison(site, curve, point) for point in curve.points])


def add_law(law: Law, axis: str, results: Sequence[Result]) -> None:
    """Adds what the law says, fitted to the medians of each contender, and how far every run is from it."""
    for contender in {name for result in results for name in result.figures}:
        found = [result.figures[contender] for result in results if result.figures.get(contender)]
        said = law.fitted([median(own[axis]) for own in found], [median(own[COST]) for own in found])
        for own, value in zip(found, said, strict=True):
            own[LAW] = [value]
            own[RATIO] = [cost / value for cost in own[COST]]


def _comparison(site: Site, curve: Curve, point: Point) -> Comparison:
    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        measures: dict[str, Measure] = {}
        if point.collector is not None:
            place = _place(curve, point, point.collector)
            log = list(records(point.collector))
            measures["collector"] = partial(_measure_collector, point.collector, log, place)
        if point.worker is None:
            yield measures
            return
        place = _place(curve, point, point.worker)
        topics = fill(site.bootstrap, site.layout(), records(point.worker))
        yield {**measures, "worker": partial(_measure_worker, site, topics, point.worker, place)}
        drop(topics)

    return Comparison(point.name, contenders)


def _place(curve: Curve, point: Point, shape: Shape) -> Figures:
    """Where the point is on the axis. The answers are there afterwards."""
    touched = sum(row.changed_tracks for rows in answers(shape).values() for row in rows)
    if point.x is not None:
        return {curve.axis: point.x}
    return {curve.axis: touched / shape.writes}


def _measure_collector(shape: Shape, log: Sequence[Record], place: Figures) -> Figures:
    return {**place, COST: collect(shape, log) / (shape.writes / 1e6)}


def _measure_worker(site: Site, log: Log, shape: Shape, place: Figures) -> Figures:
    return {**place, COST: measure_worker(site, log, shape)[COST]}
