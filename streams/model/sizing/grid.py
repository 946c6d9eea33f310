"""The base intervals of a range, one after the other, and which of them were measured.

Everything that slides over time counts in base intervals of this grid: interval 0 starts at `start_us`.
What was not measured is a gap: a window that touches one would show too little, so it is left out and
counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.entries import Interval, coverage
from streams.model.intervals import US, Span

__all__ = ["Grid", "grid_of"]

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A range of base intervals. `measured[k]` is False where interval k is a gap."""

    start_us: int
    interval_seconds: int
    measured: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.interval_seconds < 1:
            raise ValueError(f"interval_seconds {self.interval_seconds}: it must be 1 or more")
        if not len(self.measured):
            raise ValueError("measured: the range holds no base interval; choose a range with at least one")

    def __len__(self) -> int:
        return len(self.measured)

    @property
    def seconds(self) -> int:
        """Length of the range."""
        return len(self) * self.interval_seconds

    def stretches(self) -> tuple[Places, Places]:
        """Start and end (exclusive) of every run of measured intervals, ascending."""
        padded = np.concatenate([[False], self.measured, [False]])
        edges = np.flatnonzero(padded[1:] != padded[:-1])
        return edges[::2], edges[1::2]

    def stretch_of_interval(self) -> tuple[Places, Places]:
        """For every interval, start and end (exclusive) of its stretch; a gap has an empty one at itself."""
        start = np.arange(len(self))
        end = start.copy()
        for low, high in zip(*self.stretches(), strict=True):
            start[low:high], end[low:high] = low, high
        return start, end

    def whole_windows(self, length: int) -> Places:
        """The first interval of every window of `length` intervals that touches no gap, ascending.

        Raises:
            ValueError: the length is not 1 or more, or longer than the range.
        """
        self.require_length(length)
        gaps = np.concatenate([[0], np.cumsum(~self.measured)])
        return np.flatnonzero(gaps[length:] == gaps[:-length])

    def left_out(self, length: int) -> int:
        """How many windows of `length` intervals touch a gap."""
        return len(self) - length + 1 - len(self.whole_windows(length))

    def require_length(self, length: int) -> None:
        """Refuses a window length that is not 1 to the number of intervals.

        Raises:
            ValueError: it is not.
        """
        if not 1 <= length <= len(self):
            raise ValueError(
                f"window length {length}: the range has {len(self)} base intervals of "
                f"{self.interval_seconds} s; choose 1 to {len(self)}"
            )


def grid_of(intervals: Sequence[Interval], window: Span | None = None, least_coverage: float = 0) -> Grid:
    """The grid of one group's base intervals, each at one revision.

    Args:
        intervals: the intervals in the order of their starts.
        window: the range that was asked for; without it the range is what the intervals span.
        least_coverage: an interval that is covered less than this share counts as a gap.

    Raises:
        ValueError: there is no interval, they differ in length, lie outside the window, or the window is no
            whole number of them.
    """
    if not intervals:
        raise ValueError("intervals: nothing was measured in this range; choose a range with data")
    seconds = intervals[0].rung_seconds
    others = {interval.rung_seconds for interval in intervals} - {seconds}
    if others:
        raise ValueError(
            f"intervals: their length changes from {seconds} s to {others.pop()} s; "
            "report the ranges before and after the change apart"
        )
    start_us, end_us = window or (intervals[0].start_us, intervals[-1].end_us)
    count, rest = divmod(end_us - start_us, seconds * US)
    if rest or (intervals[0].start_us - start_us) % (seconds * US):
        raise ValueError(f"window: it must start and end on a mark of the base interval of {seconds} s")
    measured = np.zeros(count, np.bool_)
    for interval in intervals:
        if not start_us <= interval.start_us < end_us:
            raise ValueError("intervals: one starts outside the window; give those inside it only")
        index = (interval.start_us - start_us) // (seconds * US)
        measured[index] = coverage(interval.entries, seconds * US) >= least_coverage
    return Grid(start_us, seconds, measured)
