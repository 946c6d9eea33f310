"""Occurrences of large volumes by time: compiled loops that remember when tracks were last written.

`sizing/occurrences` sorts all runs of a volume by track, and goes through whole columns a dozen times. Where
numba is installed and a volume is not too large, one pass does the same: it holds for every track the
interval of its last write, which is the interval before for the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.model.runs import merged_runs
from streams.model.sizing.history import History
from streams.model.sizing.loops import Loops
from streams.model.sizing.occurrences import Occurrences, Taker, by_track, corrections, feed

__all__ = ["LastSeen"]

Tracks = NDArray[np.uint64]

_MOST_TRACKS = 1 << 26  # 256 MiB, of which only those pages are there that tracks were written in
_TRACKS_PER_RUN = 32  # on the average; longer runs cost less where they are sorted
_AT_ONCE = 1 << 14  # rows: they stay in the second-level cache
_LARGEST_STAMP = (1 << 31) - 1


class LastSeen:
    """Gives the occurrences of volumes to figures, one volume after the other."""

    __slots__ = ("_before", "_loops", "_rows", "_seen")

    def __init__(self, loops: Loops | None, at_once: int = _AT_ONCE) -> None:
        self._loops = loops
        self._seen = np.zeros(0, np.int32)
        self._before = 0  # what the volumes before have left behind is up to here
        kinds = (np.int64, np.int64, np.int64, np.uint64, np.uint64)
        self._rows: Any = tuple(np.empty(at_once if self._loops else 0, kind) for kind in kinds)

    def feed(self, history: History, *takers: Taker) -> tuple[Tracks, Tracks]:
        """As `occurrences.feed`; tells the tracks of all intervals as runs that do not overlap, ascending."""
        if self._loops is None or not _suits(history):
            runs = by_track(history)
            feed(history, *takers, runs=runs)
            return runs.union()
        self._make_room(history)
        new = []
        for found, first, last in self._pairs(self._loops, history):
            for taker in takers:
                taker.take(found, self._loops)
            new.append((first.copy(), last.copy()))
        self._before += len(history.grid)
        for found in corrections(history):
            for taker in takers:
                taker.take(found)
        return merged_runs(*(np.concatenate(columns) for columns in zip(*new, strict=True)))

    def _pairs(self, loops: Loops, history: History) -> Iterator[tuple[Occurrences, Tracks, Tracks]]:
        """The occurrences, and first and last track of those without one before; overwritten by the next."""
        runs = history.interval, history.first, history.last
        row = within = 0
        while row < len(history.first):
            count, new, row, within = loops.pair(runs, row, within, self._seen, self._before, self._rows)
            interval, previous, tracks = (column[:count] for column in self._rows[:3])
            first, last = (column[:new] for column in self._rows[3:])
            yield Occurrences(interval, previous, tracks, history.track_bytes), first, last

    def _make_room(self, history: History) -> None:
        """For all tracks of a volume; nothing that is there counts for it."""
        tracks = int(history.last.max(initial=0)) + 1
        if tracks > len(self._seen) or self._before + len(history.grid) > _LARGEST_STAMP:
            self._seen, self._before = np.zeros(max(tracks, len(self._seen)), np.int32), 0


def _suits(history: History) -> bool:
    """Whether its tracks are few enough to be gone through one by one."""
    if not len(history.first) or int(history.last.max()) >= _MOST_TRACKS:
        return False
    return bool((history.last - history.first).sum() < _TRACKS_PER_RUN * len(history.first))
