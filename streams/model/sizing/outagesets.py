"""What an outage of the link leaves to be resynchronised: the union of what changed in it.

An outage begins at any moment, so one of length h touches up to `ceil(h / interval) + 1` base intervals.
What it leaves is no more than the union of those, and the worst outage is the largest of these unions: never
too little. Windows that touch a gap hold what was seen, and none of them is left out, for each is a lower
bound of what would have to be sent. Of an outage that is longer than the range, the range is what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.model.sizing.exact import Number, ceil_div, exact, positive
from streams.model.sizing.grid import Grid
from streams.model.sizing.windows import Unions

__all__ = ["WorstOutage", "outage_intervals", "outage_is_cut", "worst_outage"]


@dataclass(frozen=True, slots=True)
class WorstOutage:
    """The base intervals `[start, end)` that the outage touches, and the bytes of their union.

    `touches_gap` where some of it was not measured: then the bytes are a lower bound.
    """

    start: int
    end: int
    changed_bytes: int
    touches_gap: bool


def outage_intervals(grid: Grid, outage_seconds: Number) -> int:
    """How many base intervals an outage of this length touches at the most, no more than there are.

    Raises:
        ValueError: the length is not more than zero.
    """
    seconds = positive("outage_seconds", outage_seconds)
    return min(ceil_div(seconds, exact(grid.interval_seconds)) + 1, len(grid))


def outage_is_cut(grid: Grid, outage_seconds: Number) -> bool:
    """Whether the range is shorter than the outage: what changed in all of it is a lower bound then."""
    return exact(outage_seconds) > grid.seconds


def worst_outage(unions: Unions, intervals: int, part: tuple[int, int] | None = None) -> WorstOutage | None:
    """The outage over so many base intervals that leaves most, the first of equals.

    In the base intervals of `part` alone, `(start, end)` exclusive, where it is given; None where that is
    shorter than the outage.

    Raises:
        ValueError: windows of that length were not counted.
    """
    low, high = part or (0, len(unions.grid))
    row = unions.row(intervals)[low : max(high - intervals + 1, low)]
    if not len(row):
        return None
    start = low + int(np.argmax(row))
    end = start + intervals
    return WorstOutage(start, end, int(row.max()), not bool(unions.grid.measured[start:end].all()))
