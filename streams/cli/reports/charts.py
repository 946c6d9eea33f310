"""Charts of a report as values: what is drawn, in which units, before anybody draws it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.cli.reports.document import Chart, Line, Numbers, Unit
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.sets import Sets
from streams.model.intervals import US, Spans
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.series import Series
from streams.model.sizing.shared import summed

__all__ = ["changed_charts", "fold_chart", "thinned", "traffic_chart"]

_MOST_POINTS = 600


def changed_charts(gathered: Gathered, sets: Sets) -> list[Chart]:
    """Changed and written bytes over time, and the fold curve."""
    return [traffic_chart(gathered, sets), fold_chart(sets)]


def traffic_chart(gathered: Gathered, sets: Sets) -> Chart:
    """Rates of changed and of written bytes over time; gaps shaded."""
    return Chart(
        "Changed and written bytes over time",
        Unit.TIME,
        Unit.RATE,
        list(_traffic(gathered, sets)),
        shaded=_gaps(gathered),
        shade_name="not measured, or not asked for",
        note="Changed: each track once an interval. In a long range a point is the largest of its stretch.",
    )


def fold_chart(sets: Sets) -> Chart:
    """Unique bytes against the length of a window: the mean, and the most of any window."""
    curve = sets.curve
    # All lines at the same lengths, or the mean would cross the largest between two of them.
    lengths = np.array(sets.unions.lengths)
    most = [sets.unions.most(length) for length in sets.unions.lengths]
    seconds: Numbers = lengths * float(curve.interval_seconds)
    without: Numbers = lengths * curve.mean_bytes[0]
    lines = [
        Line("without folding", seconds, without),
        Line("mean of all windows", seconds, curve.mean_bytes[lengths - 1]),
        Line("largest window", seconds, np.array([np.nan if m is None else m for m in most], np.float64)),
    ]
    return Chart(
        "Fold curve: unique bytes against the length of a cycle",
        Unit.SECONDS,
        Unit.BYTES,
        lines,
        scale="log",
    )


def thinned(values: Numbers, most: int = _MOST_POINTS) -> tuple[NDArray[np.int64], Numbers]:
    """So many points at most, each the largest value of its stretch: the places where they begin."""
    factor = max(-(-len(values) // most), 1)
    places = np.arange(0, len(values), factor)
    filled = np.where(np.isnan(values), -np.inf, values)
    largest = np.maximum.reduceat(filled, places) if len(values) else filled
    return places, np.where(np.isinf(largest), np.nan, largest)


def _traffic(gathered: Gathered, sets: Sets) -> Iterator[Line]:
    grid = gathered.grid
    changed = np.zeros(len(grid))
    for each in sets.groups:
        changed += each.changed_by_interval.reshape(len(grid), -1).sum(axis=1)
    changed = np.where(grid.measured, changed * BITS_PER_BYTE / grid.interval_seconds, np.nan)
    places, values = thinned(changed)
    yield _stepping("changed", grid.start_us, grid.interval_seconds, places, values, len(grid))
    series = gathered.written or _written_by_interval(gathered, sets)
    if series is None:
        return
    coarse = series.coarsened(grid.interval_seconds)
    rates = coarse.bytes_by_slot * BITS_PER_BYTE / coarse.slot_seconds
    places, values = thinned(np.where(coarse.judged, rates, np.nan))
    yield _stepping("written", coarse.start_us, coarse.slot_seconds, places, values, coarse.slots)


def _written_by_interval(gathered: Gathered, sets: Sets) -> Series | None:
    """What the asked volumes wrote by base interval, where it was counted of each of them."""
    parts = [
        Series(group.time.start_us, group.time.slot_seconds, counts.written_by_interval, group.time.coverage)
        for group, counts in zip(gathered.groups, sets.groups, strict=True)
        if counts.written_by_interval is not None
    ]
    return summed(parts).within(gathered.spans) if len(parts) == len(gathered.groups) else None


def _stepping(
    name: str, start_us: int, seconds: int, places: NDArray[np.int64], values: Numbers, count: int
) -> Line:
    """A line that holds each value until the next, the last one until the end of all `count` intervals."""
    moments = start_us + np.append(places, count).astype(np.float64) * seconds * US
    return Line(name, moments, np.append(values, values[-1:]), steps=True)


def _gaps(gathered: Gathered) -> Spans:
    grid = gathered.grid
    starts, ends = grid.stretches()
    edges = [
        0,
        *(edge for pair in zip(starts.tolist(), ends.tolist(), strict=True) for edge in pair),
        len(grid),
    ]
    step_us = grid.interval_seconds * US
    gaps = list(pairwise(edges))[::2]
    return [(grid.start_us + a * step_us, grid.start_us + b * step_us) for a, b in gaps if b > a]
