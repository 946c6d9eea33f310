"""From measured rows to the series of a group: written bytes by slot, or bytes by base interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.model.entries import Interval, Summary, coverage
from streams.model.intervals import US, Span
from streams.model.sizing.series import Series

__all__ = ["changed_by_interval", "written_by_interval", "written_by_slot"]

Rows = Sequence[Interval] | Sequence[Summary]
Shares = NDArray[np.float64]


def written_by_slot(rows: Rows, window: Span | None = None) -> Series | None:
    """Written bytes in each slot of a group's base intervals, ordered by start, each at one revision.

    Intervals with their entries tell the coverage of every slot, summaries that of the interval as a whole.
    What is missing in the window (by default what the rows span) is a gap, and so is a slot whose bytes
    nobody counted. None where there are no rows.
    """
    if not rows:
        return None
    series = _Filling(rows, window, rows[0].slot_seconds)
    for row in rows:
        slots = row.written_bytes_by_slot
        covered = _coverage_by_slot(row)
        if slots is None:
            series.put(row.start_us, np.zeros(len(covered), np.int64), np.zeros(len(covered)))
            continue
        known = np.array([value is not None for value in slots], np.bool_)
        values = np.array([value or 0 for value in slots], np.int64)
        series.put(row.start_us, values, covered * known)
    return series.done()


def written_by_interval(rows: Rows, window: Span | None = None) -> Series | None:
    """Written bytes in each base interval: coarser, for sources that count them but not by slot."""
    return _by_interval(rows, window, _written)


def changed_by_interval(rows: Rows, window: Span | None = None) -> Series | None:
    """Bytes of the tracks that changed in each base interval: what a replicator with this cycle ships."""
    return _by_interval(rows, window, _changed)


class _Filling:
    """The slots of a window while rows are put into them."""

    def __init__(self, rows: Rows, window: Span | None, slot_seconds: int) -> None:
        start_us, end_us = window or (rows[0].start_us, rows[-1].end_us)
        self._slot_us = slot_seconds * US
        self._first = start_us // self._slot_us
        count = max(-(-end_us // self._slot_us) - self._first, 0)
        self._bytes = np.zeros(count, np.int64)
        self._coverage = np.zeros(count)

    def put(self, start_us: int, values: NDArray[np.int64], covered: Shares) -> None:
        """Lays the slots of a row down, as far as they lie in the window."""
        at = start_us // self._slot_us - self._first
        skipped = max(-at, 0)
        place = slice(at + skipped, max(at + len(values), 0))
        fits = len(self._bytes[place])
        self._bytes[place] = values[skipped : skipped + fits]
        self._coverage[place] = covered[skipped : skipped + fits]

    def done(self) -> Series:
        return Series(
            self._first * self._slot_us, self._slot_us // US, self._bytes, np.minimum(self._coverage, 1)
        )


def _by_interval(
    rows: Rows, window: Span | None, count: Callable[[Interval | Summary], int | None]
) -> Series | None:
    if not rows:
        return None
    series = _Filling(rows, window, rows[0].rung_seconds)
    for row in rows:
        value = count(row)
        covered = 0.0 if value is None else _coverage(row)
        series.put(row.start_us, np.array([value or 0], np.int64), np.array([covered]))
    return series.done()


def _written(row: Interval | Summary) -> int | None:
    if isinstance(row, Summary):
        return row.written_bytes
    counts = [entry.written_bytes for entry in row.entries]
    return None if None in counts else sum(filter(None, counts))


def _changed(row: Interval | Summary) -> int:
    if isinstance(row, Summary):
        return row.changed_bytes_sum
    return sum(entry.changed_bytes for entry in row.entries)


def _coverage(row: Interval | Summary) -> float:
    return row.coverage if isinstance(row, Summary) else coverage(row.entries, row.end_us - row.start_us)


def _coverage_by_slot(row: Interval | Summary) -> Shares:
    """The mean over the volumes of how much of each slot is vouched for."""
    count = row.rung_seconds // row.slot_seconds
    if isinstance(row, Summary) or not row.entries:
        return np.full(count, _coverage(row))
    slot_us = row.slot_seconds * US
    edges = np.arange(count + 1) * slot_us
    covered = np.zeros(count)
    # The volumes of an array share their agents' spans, so a few distinct lists stand for all of them.
    for spans, volumes in Counter(tuple(entry.covered) for entry in row.entries).items():
        if not spans:
            continue
        ends = np.array(spans, np.int64).ravel() - row.start_us
        lengths = np.diff(ends)
        lengths[1::2] = 0  # between two spans nothing is covered
        until = np.concatenate([[0], np.cumsum(lengths)])
        covered += volumes * np.diff(np.interp(edges, ends, until))
    shares: Shares = covered / (slot_us * len(row.entries))
    return shares
