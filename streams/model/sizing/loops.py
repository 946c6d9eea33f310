"""The loops that long reports go through, compiled where numba is installed.

They go once through what numpy sorts by track and goes through a dozen times (`sizing/history`,
`sizing/occurrences`, `sizing/windows`, `sizing/foldcurve`), and give the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Loops", "compiled_loops"]

_Places = NDArray[np.int64]
_Keys = NDArray[np.uint64]
_Stamps = NDArray[np.int32]
_Pairs = tuple[_Places, _Places, _Places]


class Decode(Protocol):
    """Writes stored bitmaps out as runs of tracks."""

    def __call__(
        self,
        stored: tuple[NDArray[np.uint8], _Places, _Places, _Keys],
        when: _Places,
        runs: tuple[_Places, _Keys, _Keys],
        /,
    ) -> int:
        """How many runs there are, -1 where there is no room for all, -2 where columns must say more.

        That is where a bitmap is garbled, or where two of one interval overlap.

        `stored` are bytes, begin, size and first track of bitmaps (`portableruns.Bitmaps`), `when` has the
        interval of each, in ascending order. `runs` takes interval, first and last track; runs of one
        interval that follow each other and touch are one.
        """


class Pair(Protocol):
    """Finds for every run of tracks the intervals in which these were written before."""

    def __call__(
        self,
        runs: tuple[_Places, _Keys, _Keys],
        row: int,
        within: int,
        seen: _Stamps,
        before: int,
        rows: tuple[_Places, _Places, _Places, _Keys, _Keys],
        /,
    ) -> tuple[int, int, int, int]:
        """Goes through the runs (interval, first, last) by time, from that row and track of its run on.

        `seen` has for each track the interval of its last write, plus 1 and `before`; or up to `before` where
        there was none. The first three of `rows` take interval, interval before (-1: none) and number of
        tracks of every piece, the others first and last track of those pieces that have no interval before.
        Returns how many rows either has, and where to go on: behind the last run when all is done.
        """


class SumWindows(Protocol):
    """Adds pieces to the tables of `sizing/windows`."""

    def __call__(
        self, pairs: _Pairs, bytes_each: int, classes: _Places, tables: tuple[_Places, _Places], /
    ) -> None:
        """`pairs` are rows as `Pair` finds them: interval, interval before, tracks.

        `classes` has the class of every number of intervals without a write.
        """


class SumZeroRuns(Protocol):
    """Adds pieces to a histogram of `sizing/foldcurve`."""

    def __call__(self, pairs: _Pairs, stretches: _Pairs, histogram: _Places, /) -> None:
        """`stretches` has for every interval those before and behind it in its stretch, and all of it."""


@dataclass(frozen=True, slots=True)
class Loops:
    """All of them."""

    decode: Decode
    pair: Pair
    sum_windows: SumWindows
    sum_zero_runs: SumZeroRuns


@cache
def compiled_loops() -> Loops | None:
    """The loops where numba is installed, else None. The first call takes a while."""
    try:
        from streams.model.sizing.compiled import LOOPS  # noqa: PLC0415  # its cost is for long reports
    except (ImportError, OSError):  # it is not there, or the machine cannot load it
        return None
    return LOOPS
