"""What changed in every window of some lengths, exactly: maxima and percentiles over windows that slide.

A track that was written in interval k, and before that in interval p, is new to exactly those windows of w
intervals that begin after p and hold k: they begin at max(p + 1, k - w + 1) to k. Where its first term
binds, it does so for all lengths from k - p on. So each occurrence is counted twice, under p and under k, in
the class of lengths that it lies in, and the windows of all lengths follow from two tables of lengths by
intervals: no union is ever formed. Aligned windows alone can hide half of a burst (design, section 7).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.exact import Number, ceil_div, exact
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.loops import Loops
from streams.model.sizing.occurrences import Occurrences, feed

__all__ = ["Unions", "WindowSums", "lengths_up_to", "window_unions"]

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Unions:
    """Bytes that changed in windows of each of `lengths` base intervals, each track counted once.

    `changed_bytes[i, k]` is of the window of `lengths[i]` that starts at interval k; behind the last window
    that fits it is 0. Windows that touch a gap hold what was seen.
    """

    grid: Grid
    lengths: tuple[int, ...]
    changed_bytes: Places

    def between(self, start: int, end: int) -> int:
        """Bytes of the union of the intervals `start` to `end` (exclusive), gap or not.

        Raises:
            ValueError: that length was not counted.
        """
        return int(self.row(end - start)[start]) if end > start else 0

    def some(self, lengths: Iterable[int]) -> Unions:
        """The windows of these lengths alone.

        Raises:
            ValueError: there is no length, or one that was not counted.
        """
        wanted = tuple(sorted(set(lengths)))
        if not wanted:
            raise ValueError("lengths: there is none; give at least one window length")
        return Unions(self.grid, wanted, np.stack([self.row(length) for length in wanted]))

    def sliding(self, length: int) -> Places:
        """Bytes of every window of the length that touches no gap, in order of time.

        Raises:
            ValueError: that length was not counted.
        """
        row = self.row(length)
        windows: Places = row[self.grid.whole_windows(length)]
        return windows

    def most(self, length: int) -> int | None:
        """The most bytes of any such window; None where all touch a gap."""
        windows = self.sliding(length)
        return int(windows.max()) if len(windows) else None

    def percentile(self, length: int, percent: Number) -> int | None:
        """The smallest bytes that so many percent of these windows do not exceed; None as above.

        Raises:
            ValueError: the percentage is not above 0 and up to 100.
        """
        share = exact(percent)
        if not 0 < share <= 100:
            raise ValueError(f"percentile {percent}: choose more than 0 and up to 100")
        windows = self.sliding(length)
        if not len(windows):
            return None
        place = ceil_div(share * len(windows), exact(100)) - 1
        return int(np.partition(windows, place)[place])

    def row(self, length: int) -> Places:
        """Bytes of every window of the length, gap or not; 0 behind the last one that fits.

        Raises:
            ValueError: that length was not counted.
        """
        place = bisect_left(self.lengths, length)
        if place == len(self.lengths) or self.lengths[place] != length:
            raise ValueError(
                f"window length {length}: the windows of up to {self.lengths[-1]} base intervals that were "
                "counted do not include it; add it to lengths"
            )
        row: Places = self.changed_bytes[place]
        return row


class WindowSums:
    """Counts occurrences by length class and interval. Take every volume once.

    It holds 16 bytes for each length and interval.
    """

    __slots__ = ("_after", "_class", "_grid", "_lengths", "_under")

    def __init__(self, grid: Grid, lengths: Iterable[int]) -> None:
        self._lengths = sorted(set(lengths))
        if not self._lengths:
            raise ValueError("lengths: there is none; give at least one window length")
        for length in self._lengths:
            grid.require_length(length)
        self._grid = grid
        # Of a track that was not written for so many intervals: how many of the lengths are no longer.
        self._class = np.searchsorted(self._lengths, np.arange(len(grid)), "right")
        shape = (len(self._lengths) + 1, len(grid))
        self._under = np.zeros(shape, np.int64)  # by class and interval of the occurrence
        self._after = np.zeros(shape, np.int64)  # by class and the interval after the occurrence before

    def take(self, found: Occurrences, loops: Loops | None = None) -> None:
        """Adds what one chunk of a volume shows; by compiled loops, where there are some."""
        if loops is not None:
            loops.sum_windows(found.columns, found.bytes_each, self._class, (self._under, self._after))
            return
        zeros = found.interval - found.previous
        zeros -= 1
        place = self._class[zeros]
        place *= len(self._grid)
        self._add(self._under, found, place + found.interval)
        place += found.previous
        place += 1
        self._add(self._after, found, place)

    def merge(self, other: WindowSums) -> None:
        """Adds other volumes, counted over the same grid and lengths."""
        self._under += other._under
        self._after += other._after

    def unions(self) -> Unions:
        """The windows of all that was taken."""
        count = len(self._grid)
        ended = np.concatenate([[0], np.cumsum(self._under.sum(axis=0))])[:-1]
        # After longer zero-runs the first window ends with the occurrence; after others it begins behind
        # the occurrence before.
        late = np.cumsum(self._under[:0:-1], axis=0)[::-1]
        early = np.cumsum(self._after[:-1], axis=0)
        for row, length in enumerate(self._lengths):
            begun = early[row]
            begun[: count - length + 1] += late[row, length - 1 :]
            begun[0] += late[row, : length - 1].sum()
            np.cumsum(begun, out=begun)
            begun -= ended
            begun[count - length + 1 :] = 0
        return Unions(self._grid, tuple(self._lengths), early)

    def _add(self, table: Places, found: Occurrences, places: Places) -> None:
        counts = found.count(places, table.size)
        counts *= found.bytes_each
        table += counts.reshape(table.shape)


def window_unions(histories: Iterable[History], lengths: Iterable[int]) -> Unions:
    """The windows of some volumes of one grid, taken one at a time.

    Raises:
        ValueError: there is no volume, no length, or one that the grid does not hold.
    """
    sums: WindowSums | None = None
    wanted = list(lengths)
    for history in histories:
        sums = sums or WindowSums(history.grid, wanted)
        feed(history, sums)
    if sums is None:
        raise ValueError("histories: there is no volume; choose a group or range that has some")
    return sums.unions()


def lengths_up_to(grid: Grid, longest_seconds: Number) -> range:
    """All window lengths, in base intervals, that a span of so many seconds can touch, as the grid allows."""
    touched = ceil_div(exact(longest_seconds), exact(grid.interval_seconds)) + 1
    return range(1, min(max(touched, 1), len(grid)) + 1)
