"""The fold curve: how many unique tracks a window of w base intervals changes, on average, for every w.

Exact, in one pass over the tables: a track is missed by exactly those windows that lie inside one of its
zero-runs (leading and trailing ones included). With H(g) zero-runs of length g, over N tracks and n intervals

    U(w) = N - sum over g of H(g) max(0, g - w + 1) / (n - w + 1)

(design, section 7). Where the range has gaps, each stretch without a gap counts for itself, over its own
windows, and the mean is over the windows of all of them. Tracks that nobody wrote cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.loops import Loops
from streams.model.sizing.occurrences import Occurrences, feed

__all__ = ["FoldCurve", "ZeroRuns", "fold_curve"]

Places = NDArray[np.int64]
Means = NDArray[np.float64]

_MOST = 1 << 62  # sums up to here surely fit into 64 bits


@dataclass(frozen=True, slots=True, eq=False)
class FoldCurve:
    """Means over all windows of w = 1, 2, ... base intervals that touch no gap, at place w - 1.

    `windows` says over how many, `left_out` how many touch a gap; where no window is left the mean is nan.
    Without gaps the means never decrease. With them, long windows may fit only where less was written.
    """

    interval_seconds: int
    windows: Places
    left_out: Places
    mean_tracks: Means
    mean_bytes: Means

    def fold_factor(self) -> Means:
        """How many times less cycles of w intervals ship than cycles of one, in bytes: `w U(1) / U(w)`.

        nan where nothing changed.
        """
        lengths = np.arange(1, len(self.windows) + 1)
        changed: Means = np.where(self.mean_bytes > 0, self.mean_bytes, np.nan)
        folds: Means = lengths * self.mean_bytes[0] / changed
        return folds


class ZeroRuns:
    """The histogram of zero-runs of all tracks, from which the curve follows. Take every volume once."""

    __slots__ = ("_bytes", "_grid", "_left", "_length", "_since", "_tracks")

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        start, end = grid.stretch_of_interval()
        place = np.arange(len(grid))
        # Of every interval: those before it in its stretch, those after it, and all; in a gap all are 0.
        self._since, self._left = place - start, np.maximum(end - place - 1, 0)
        self._length = end - start
        # At g: touched tracks of stretches of length g, less zero-runs of length g. The windows that miss a
        # zero-run and the windows of a stretch are counted by the same sum, so one column serves for both.
        self._tracks = np.zeros(len(grid) + 1, np.int64)
        self._bytes = np.zeros(len(grid) + 1, np.int64)

    def take(self, found: Occurrences, loops: Loops | None = None) -> None:
        """Adds what one chunk of a volume shows; by compiled loops, where there are some."""
        if loops is None:
            histogram = self._histogram(found)
        else:
            histogram = np.zeros(len(self._grid) + 1, np.int64)
            stretches = self._since, self._left, self._length
            loops.sum_zero_runs(found.columns, stretches, histogram)
        histogram[0] = 0
        self._bytes += histogram * found.bytes_each
        if not found.is_correction:
            self._tracks += histogram

    def merge(self, other: ZeroRuns) -> None:
        """Adds other volumes of the same grid."""
        self._tracks += other._tracks
        self._bytes += other._bytes

    def curve(self) -> FoldCurve:
        """The curve of all that was taken."""
        lengths = np.zeros(len(self._grid) + 1, np.int64)
        for start, end in zip(*self._grid.stretches(), strict=True):
            lengths[end - start] += 1
        windows = _windows_inside(lengths).astype(np.int64)
        some = np.where(windows > 0, windows, np.nan)
        return FoldCurve(
            interval_seconds=self._grid.interval_seconds,
            windows=windows,
            left_out=np.arange(len(self._grid), 0, -1) - windows,
            mean_tracks=_windows_inside(self._tracks).astype(np.float64) / some,
            mean_bytes=_windows_inside(self._bytes).astype(np.float64) / some,
        )

    def _histogram(self, found: Occurrences) -> Places:
        size = len(self._grid) + 1
        zeros = found.interval - found.previous
        zeros -= 1
        opening = np.flatnonzero(zeros >= self._since[found.interval])  # the first of a piece in its stretch
        before, interval = found.previous[opening], found.interval[opening]
        zeros[opening] = self._since[interval]
        histogram = -found.count(zeros, size)
        histogram += found.count(self._length[interval], size, opening)
        # The last of a piece in a stretch is the one before the first in another, or its last of all: the one
        # that is before no other.
        last = found.count(found.interval, size) - found.count(found.previous + 1, size + 1)[1:]
        closed = before >= 0
        last += found.count(before[closed], size, opening[closed])
        np.subtract.at(histogram, self._left, last[:-1])
        return histogram


def fold_curve(histories: Iterable[History]) -> FoldCurve:
    """The curve of some volumes of one grid, taken one at a time.

    Raises:
        ValueError: there is no volume.
    """
    runs: ZeroRuns | None = None
    for history in histories:
        runs = runs or ZeroRuns(history.grid)
        feed(history, runs)
    if runs is None:
        raise ValueError("histories: there is no volume; choose a group or range that has some")
    return runs.curve()


def _windows_inside(counts: Places) -> NDArray[Any]:
    """For w = 1, 2, ...: the sum over g of `counts[g] max(0, g - w + 1)`, in integers of any size."""
    largest = np.abs(counts).sum(dtype=np.float64) * len(counts)
    tails = np.cumsum(counts[::-1] if largest < _MOST else counts[::-1].astype(np.object_))
    return np.cumsum(tails)[-2::-1] if len(counts) > 1 else tails
