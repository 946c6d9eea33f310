"""One group of a report over its window: what was measured of the asked time, and what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from streams.cli.reports.whole import whole_intervals
from streams.model.intervals import US, Span, Spans
from streams.model.sizing.gaps import Gap, Measured, gaps_within
from streams.model.sizing.grid import Grid
from streams.model.sizing.series import Series
from streams.store import StoredInterval, StoredRange

__all__ = ["GroupRange", "coverage_ratio", "group_range"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupRange:
    """One group over the window: `time` has the coverage of each base interval, and what is asked of it.

    `stored` holds the asked intervals alone. `written` is the series by slot, None where nobody counted it,
    or where only some of the volumes are asked for. `gaps` are what of the asked time was not measured, or
    not wholly, by slot.
    """

    name: str
    stored: StoredRange
    time: Series
    written: Series | None
    gaps: Sequence[Gap]

    @property
    def grid(self) -> Grid:
        """Its base intervals; those that are not asked for, or were not measured, are gaps of it."""
        return Grid(self.time.start_us, self.time.slot_seconds, self.time.judged)


def coverage_ratio(stored: StoredRange, spans: Spans) -> float:
    """Share of the asked base intervals that was measured, from the stored ones alone."""
    whole = whole_intervals(spans, stored.interval_seconds)
    measured = math.fsum(_covered_us(each) for each in stored.within(whole).intervals)
    asked = sum(end - start for start, end in whole)
    return measured / asked if asked else 0.0


def group_range(stored: StoredRange, window: Span, spans: Spans, *, has_all: bool) -> GroupRange:
    """A group as it was stored, over a window of which some spans are asked for.

    `has_all` says whether all of its volumes are.
    """
    step_us = stored.interval_seconds * US
    inside = stored.within(whole_intervals([window], stored.interval_seconds))
    covered = np.zeros((window[1] - window[0]) // step_us)
    places = [(each.start_us - window[0]) // step_us for each in inside.intervals]
    np.add.at(covered, places, [_covered_us(each) / step_us for each in inside.intervals])
    time = Series(window[0], stored.interval_seconds, np.zeros(len(covered), np.int64), covered).within(spans)
    written = _written(inside, window) if has_all else None
    whole = whole_intervals(spans, stored.interval_seconds)
    asked = inside.within(whole)
    gaps = gaps_within([Measured(e.start_us, e.end_us, e.covered_by_slot) for e in asked.intervals], whole)
    return GroupRange(stored.group, asked, time, None if written is None else written.within(spans), gaps)


def _covered_us(interval: StoredInterval) -> float:
    return float(interval.covered_by_slot.mean()) * interval.seconds * US


def _written(stored: StoredRange, window: Span) -> Series | None:
    """Bytes by slot over the window; a slot whose bytes nobody counted is a gap. None where all are."""
    counted = [each for each in stored.intervals if each.written_bytes_by_slot is not None]
    slots = (each.written_bytes_by_slot for each in counted)
    if not any(values is not None and (values >= 0).any() for values in slots):
        return None
    # A group that was defined anew may have other slots; they never share an interval.
    kinds = sorted({each.slot_seconds for each in counted})
    parts = [
        _written_by_slot([each for each in counted if each.slot_seconds == kind], kind, window).coarsened(
            math.lcm(*kinds)
        )
        for kind in kinds
    ]
    first = parts[0]
    return replace(
        first,
        bytes_by_slot=np.sum([part.bytes_by_slot for part in parts], axis=0),
        coverage=np.minimum(np.sum([part.coverage for part in parts], axis=0), 1.0),
    )


def _written_by_slot(intervals: Sequence[StoredInterval], slot_seconds: int, window: Span) -> Series:
    count = (window[1] - window[0]) // (slot_seconds * US)
    sizes, covered = np.zeros(count, np.int64), np.zeros(count)
    for each in intervals:
        if (values := each.written_bytes_by_slot) is not None:
            first = (each.start_us - window[0]) // (slot_seconds * US)
            sizes[first : first + len(values)] = np.maximum(values, 0)
            covered[first : first + len(values)] = each.covered_by_slot * (values >= 0)
    return Series(window[0], slot_seconds, sizes, covered)
