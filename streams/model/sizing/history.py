"""What one volume's bit tables hold over a range, as columns of runs: the way into all set-based figures.

A run is a stretch of neighbouring tracks that were all written in the same base interval. It costs the same
however long it is. Volumes are made and used one at a time, so that memory holds one of them, not a group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.model.portable import heads
from streams.model.portableruns import Bitmaps, runs_of_bitmaps, runs_of_portable
from streams.model.runs import merged_runs
from streams.model.sizing.grid import Grid
from streams.model.sizing.loops import Loops

__all__ = [
    "History",
    "clipped",
    "coarsen",
    "histories",
    "history_of_bitmaps",
    "history_of_tables",
    "joined",
    "tracks_of",
]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]

_FEW_TRACKS = 1 << 14  # up to so many are written out sooner than runs are looked for


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Runs `first..last` (inclusive) of the tracks that the volume's writes touched in `interval`.

    Ordered by interval and first track; runs of one interval neither overlap nor touch. The tracks of
    intervals in a gap, where there are any, are what was seen.
    """

    grid: Grid
    volume: str
    volume_bytes: int | None
    track_bytes: int
    interval: Places
    first: Tracks
    last: Tracks

    @property
    def short_bytes(self) -> int:
        """What the last track of the volume lacks to a whole one; 0 where the volume's size is unknown."""
        return 0 if self.volume_bytes is None else -self.volume_bytes % self.track_bytes

    def run_tracks(self) -> Places:
        """Length of every run."""
        return (self.last - self.first).astype(np.int64) + 1

    def changed_tracks(self) -> Places:
        """How many tracks each base interval changed."""
        edges = np.searchsorted(self.interval, np.arange(len(self.grid) + 1))
        return np.diff(np.concatenate([[0], np.cumsum(self.run_tracks())])[edges])

    def changed_bytes(self) -> Places:
        """How many bytes each base interval changed; a short last track counts its true bytes."""
        total = self.changed_tracks() * self.track_bytes
        total[self.last_track().interval] -= self.short_bytes
        return total

    def union_bytes(self) -> int:
        """Bytes of all tracks that changed in the range: its OR."""
        return self.bytes_of(*merged_runs(self.first, self.last))

    def bytes_of(self, first: Tracks, last: Tracks) -> int:
        """Bytes of all tracks that changed, given as runs that do not overlap."""
        short = self.short_bytes if len(self.last_track().interval) else 0
        return tracks_of(first, last) * self.track_bytes - short

    def last_track(self) -> History:
        """The history of the volume's short last track alone; empty where it has none."""
        if not self.short_bytes or self.volume_bytes is None:
            return self._only(np.zeros(len(self.first), np.bool_))
        number = np.uint64(self.volume_bytes // self.track_bytes)
        found = self._only((self.first <= number) & (number <= self.last))
        only = np.full(len(found.first), number)
        return replace(found, first=only, last=only)

    def _only(self, rows: NDArray[np.bool_]) -> History:
        return replace(self, interval=self.interval[rows], first=self.first[rows], last=self.last[rows])


def histories(
    intervals: Sequence[Interval], grid: Grid, volumes: Collection[str] | None = None
) -> Iterator[History]:
    """The history of every volume of a group, one at a time, by name.

    Args:
        intervals: the group's base intervals inside the grid, in the order of their starts.
        grid: as `grid_of` makes it from them.
        volumes: these only; None takes all.

    Raises:
        ValueError: the track size of a volume changes in the range.
    """
    by_volume: dict[str, list[tuple[int, Entry]]] = {}
    for interval in intervals:
        index = (interval.start_us - grid.start_us) // (grid.interval_seconds * US)
        for entry in interval.entries:
            if volumes is None or entry.volume in volumes:
                by_volume.setdefault(entry.volume, []).append((index, entry))
    for volume in sorted(by_volume):
        entries = by_volume.pop(volume)
        newest = entries[-1][1]
        for _, entry in entries:
            if entry.track_bytes != newest.track_bytes:
                raise ValueError(
                    f"track_bytes of {volume} changes from {entry.track_bytes} to {newest.track_bytes} in "
                    "this range; report the ranges before and after the change apart"
                )
        tables = ((index, entry.tracks) for index, entry in entries)
        yield history_of_tables(grid, volume, newest.volume_bytes, newest.track_bytes, tables)


def history_of_tables(
    grid: Grid,
    volume: str,
    volume_bytes: int | None,
    track_bytes: int,
    tables: Iterable[tuple[int, BitTable]],
) -> History:
    """The history from `(interval, table)` in ascending order of intervals; an absent one is empty."""
    indices: list[int] = []
    firsts: list[Tracks] = [np.empty(0, np.uint64)]
    lasts: list[Tracks] = [np.empty(0, np.uint64)]
    for index, table in tables:
        first, last = _runs(table)
        indices.append(index)
        firsts.append(first)
        lasts.append(last)
    interval = np.repeat(np.array(indices, np.int64), [len(first) for first in firsts[1:]])
    first, last = np.concatenate(firsts), np.concatenate(lasts)
    return _joined(History(grid, volume, volume_bytes, track_bytes, interval, first, last))


def history_of_bitmaps(  # noqa: PLR0913  # what a history is made of, and how
    grid: Grid,
    volume: str,
    volume_bytes: int | None,
    track_bytes: int,
    interval: Places,
    bitmaps: Bitmaps,
    *,
    loops: Loops | None = None,
) -> History:
    """The history straight from stored bitmaps, each of an interval; ascending by interval and first track.

    The same as from tables, in a ninth of the time where there are many of them, and in less with compiled
    loops. Bitmaps of one interval that overlap are united, as those of tables are.

    Raises:
        ValueError: one is no portable Roaring bitmap, or a damaged one.
    """
    if loops is not None and (found := _decoded(loops, interval, bitmaps)) is not None:
        return History(grid, volume, volume_bytes, track_bytes, *found)
    try:
        row, first, last = runs_of_bitmaps(bitmaps)
    except ValueError as error:
        raise ValueError(
            f"stored tables of {volume}: {error}; ask for a range before or after it, or for other volumes"
        ) from error
    united = _united(interval[row], first, last)
    return _joined(History(grid, volume, volume_bytes, track_bytes, *united))


def clipped(history: History, start: int, end: int) -> History:
    """The history of the intervals `start` to `end` (exclusive), on a grid of these alone."""
    grid = history.grid
    if (start, end) == (0, len(grid)):
        return history
    low, high = np.searchsorted(history.interval, [start, end]).tolist()
    start_us = grid.start_us + start * grid.interval_seconds * US
    return replace(
        history,
        grid=Grid(start_us, grid.interval_seconds, grid.measured[start:end]),
        interval=history.interval[low:high] - start,
        first=history.first[low:high],
        last=history.last[low:high],
    )


def joined(stretches: Sequence[History]) -> History:
    """Stretches of one volume's history that follow each other in time as one; at least one."""
    return replace(
        stretches[-1],
        interval=np.concatenate([each.interval for each in stretches]),
        first=np.concatenate([each.first for each in stretches]),
        last=np.concatenate([each.last for each in stretches]),
    )


def coarsen(history: History, factor: int) -> History:
    """The history at tracks `factor` times as long: a coarse track is written where any part of it is.

    Raises:
        ValueError: the factor is less than 1.
    """
    if factor < 1:
        raise ValueError(
            f"factor {factor}: blocks are whole multiples of the captured track; choose 1 or more"
        )
    if factor == 1:
        return history
    size = np.uint64(factor)
    coarse = replace(
        history,
        track_bytes=history.track_bytes * factor,
        first=history.first // size,
        last=history.last // size,
    )
    return _joined(coarse)


def tracks_of(first: Tracks, last: Tracks) -> int:
    """How many tracks runs have that do not overlap."""
    return int((last - first).sum()) + len(first)


def _joined(history: History) -> History:
    """The same with runs of one interval made one where they overlap or touch; ascending as they are."""
    interval, first, last = history.interval, history.first, history.last
    if not len(first):
        return history
    apart = (first[1:] > last[:-1] + np.uint64(1)) | (interval[1:] != interval[:-1])
    heads = np.flatnonzero(np.concatenate([[True], apart]))
    ends = np.append(heads[1:], len(first)) - 1
    return replace(history, interval=interval[heads], first=first[heads], last=last[ends])


def _united(interval: Places, first: Tracks, last: Tracks) -> tuple[Places, Tracks, Tracks]:
    """The same tracks as runs that ascend within each interval, as those of what linkgauge stores do."""
    falls = (interval[1:] == interval[:-1]) & ((first[1:] < first[:-1]) | (last[1:] < last[:-1]))
    if not falls.any():
        return interval, first, last
    edges = [*heads(interval).tolist(), len(interval)]
    runs = [merged_runs(first[low:high], last[low:high]) for low, high in pairwise(edges)]
    firsts, lasts = zip(*runs, strict=True)
    when = np.repeat(interval[edges[:-1]], [len(each) for each in firsts])
    return when, np.concatenate(firsts), np.concatenate(lasts)


def _decoded(loops: Loops, interval: Places, bitmaps: Bitmaps) -> tuple[Places, Tracks, Tracks] | None:
    """Interval, first and last track of all runs; None where numpy must say more."""
    stored = bitmaps.data, bitmaps.begin, bitmaps.size, bitmaps.first_track
    size = int(bitmaps.size.sum())
    # Values of arrays take two bytes; those of bitsets a bit, and another one between runs.
    for room in (size // 2 + 1, 4 * size + 1):
        when, first, last = np.empty(room, np.int64), np.empty(room, np.uint64), np.empty(room, np.uint64)
        count = loops.decode(stored, interval, (when, first, last))
        if count >= 0:
            return when[:count], first[:count], last[:count]
    return None


def _runs(table: BitTable) -> tuple[Tracks, Tracks]:
    """Runs of one table, ascending; neighbours may touch."""
    if len(table) <= _FEW_TRACKS:
        tracks = table.tracks()
        return tracks, tracks
    _, first, last = runs_of_portable(list(table.parts()))
    return first, last
