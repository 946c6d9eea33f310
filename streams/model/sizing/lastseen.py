"""Occurrences of large volumes by time: compiled loops that remember when tracks were last written.

`sizing/occurrences` sorts all runs of a volume by track, and goes through whole columns a dozen times. Where
numba is installed and a volume is not too large, one pass does the same: it holds for every track the
interval of its last write, which is the interval before for the next one. So no more of a long range than a
stretch has to be there at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.model.runs import merged_runs
from streams.model.sizing.history import History, joined
from streams.model.sizing.loops import Loops
from streams.model.sizing.occurrences import Occurrences, Taker, by_track, corrections, feed

__all__ = ["LastSeen", "goes_by_time"]

Tracks = NDArray[np.uint64]

_MOST_TRACKS = 1 << 26  # 256 MiB, of which only those pages are there that tracks were written in
_TRACKS_PER_RUN = 32  # on the average; longer runs cost less where they are sorted
_AT_ONCE = 1 << 14  # rows: they stay in the second-level cache
_LARGEST_STAMP = (1 << 31) - 1


class LastSeen:
    """Gives the occurrences of volumes to figures, one volume after the other.

    A volume that `goes_by_time` may come in stretches: `take` each, in the order of time, then `end` it. Any
    can come whole.
    """

    __slots__ = ("_before", "_last", "_loops", "_new", "_rows", "_seen", "_whole")

    def __init__(self, loops: Loops | None, at_once: int = _AT_ONCE) -> None:
        self._loops = loops
        self._seen = np.zeros(0, np.int32)
        self._before = 0  # what the volumes before have left behind is up to here
        kinds = (np.int64, np.int64, np.int64, np.uint64, np.uint64)
        self._rows: Any = tuple(np.empty(at_once if self._loops else 0, kind) for kind in kinds)
        self._new: list[tuple[Tracks, Tracks]] = []  # of this volume: tracks that were not written before
        self._last: list[History] = []  # of this volume: its short last track
        self._whole: History | None = None  # of this volume, where it was sorted instead

    def feed(self, history: History, *takers: Taker) -> History:
        """As `occurrences.feed`; tells all tracks that were written, as if in one interval."""
        self.take(history, *takers, is_all=True)
        return self.end(*takers)

    def take(self, stretch: History, *takers: Taker, is_all: bool = False) -> None:
        """The next stretch of a volume's history, of intervals behind those that were taken of it, or all."""
        furthest = int(stretch.last.max(initial=0))
        if is_all and (self._loops is None or not goes_by_time(stretch, furthest)):
            runs = by_track(stretch)
            feed(stretch, *takers, runs=runs)
            self._whole = _at_once(stretch, *runs.union())
            return
        if self._loops is None:
            raise ValueError("stretches of time need compiled loops: give the whole history")
        self._make_room(furthest + 1, len(stretch.grid))
        for found, first, last in self._pairs(self._loops, stretch):
            for taker in takers:
                taker.take(found, self._loops)
            self._new.append((first.copy(), last.copy()))
        self._last.append(stretch.last_track())

    def end(self, *takers: Taker) -> History:
        """Behind the last stretch of a volume: as `feed`."""
        if (whole := self._whole) is not None:
            self._whole = None
            return whole
        last, new = joined(self._last), [(np.empty(0, np.uint64),) * 2, *self._new]
        self._before += len(last.grid)
        self._new, self._last = [], []
        for found in corrections(last):
            for taker in takers:
                taker.take(found)
        return _at_once(last, *merged_runs(*map(np.concatenate, zip(*new, strict=True))))

    def _pairs(self, loops: Loops, history: History) -> Iterator[tuple[Occurrences, Tracks, Tracks]]:
        """The occurrences, and first and last track of those without one before; overwritten by the next."""
        runs = history.interval, history.first, history.last
        row = within = 0
        while row < len(history.first):
            count, new, row, within = loops.pair(runs, row, within, self._seen, self._before, self._rows)
            interval, previous, tracks = (column[:count] for column in self._rows[:3])
            first, last = (column[:new] for column in self._rows[3:])
            yield Occurrences(interval, previous, tracks, history.track_bytes), first, last

    def _make_room(self, tracks: int, intervals: int) -> None:
        """For all tracks of a volume; of what is there only its own stretches before count for it."""
        if not self._last and self._before + intervals > _LARGEST_STAMP:
            self._seen, self._before = np.zeros(len(self._seen), np.int32), 0
        if tracks > len(self._seen):
            seen = np.zeros(tracks, np.int32)
            if self._last:
                seen[: len(self._seen)] = self._seen
            self._seen = seen


def goes_by_time(sample: History, furthest_track: int) -> bool:
    """Whether the tracks of a volume are few enough to be gone through one by one, judged by some of it."""
    if not len(sample.first) or furthest_track >= _MOST_TRACKS:
        return False
    return bool((sample.last - sample.first).sum() < _TRACKS_PER_RUN * len(sample.first))


def _at_once(history: History, first: Tracks, last: Tracks) -> History:
    """Runs of a volume as those of its first interval."""
    return replace(history, interval=np.zeros(len(first), np.int64), first=first, last=last)
