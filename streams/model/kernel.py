"""The loops that a worker's time goes into, in numpy, or compiled where numba is installed.

Both give the same tables. numpy needs a pass over memory for every step of marking, and sorts what it marks;
`streams.model.compiled` takes an ordinary message in one pass, and sorts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.pending import PendingTracks
from streams.model.portableruns import Bitmaps

__all__ = ["NUMPY", "Extremes", "Fits", "Highest", "Kernel", "Marks", "Scan", "Split", "fastest"]

_Places = NDArray[np.int64]
_Codes = NDArray[np.int32]
_Keys = NDArray[np.uint64]


class Marks(Protocol):
    """Tracks of many volumes on their way into bit tables, as keys (`streams.model.pending`)."""

    def add(self, keys: _Keys, /) -> None:
        """Adds keys, in any order, as often as they come; the array may hold anything afterwards."""

    def due(self, held_tracks: int, /) -> bool:
        """Whether it is time to take them, into tables that hold so many tracks already."""

    def unite(self, first_key: int, stored: Bitmaps, /) -> bool:
        """Adds the tracks of bitmaps that are not odd (`Highest`), counted from a key; False: it cannot."""

    def take(self) -> Iterator[tuple[int, BitMap]]:
        """All that was added, and is not here any more: `key >> 32`, ascending, and the bits below."""


class Extremes(Protocol):
    """What the writes of a batch, at least one, lie between."""

    def __call__(
        self, time_us: _Places, offset_bytes: _Keys, length_bytes: _Keys, /
    ) -> tuple[int, int, int, int]:
        """The earliest and the latest time, the highest offset and the longest length."""


class Highest(Protocol):
    """The highest track of each stored bitmap."""

    def __call__(self, stored: tuple[NDArray[np.uint8], _Places, _Places, _Keys], found: _Places, /) -> None:
        """`stored` are bytes, begin, size and first track of bitmaps (`portableruns.Bitmaps`).

        `found` takes the highest track of each, counted from 0, `EMPTY` or `ODD` (`streams.model.stored`).
        What is not odd Roaring reads without an error, as the same tracks. None of them is above `MAX_TRACK`,
        and what a bitmap has takes at most some ten times the memory of its bytes.
        """


class Split(Protocol):
    """The stored parts of many bitmaps at once (`BitTable.parts`)."""

    def __call__(self, bitmaps: Sequence[bytes], /) -> tuple[_Places, _Places, _Places, list[bytes]]:
        """Of each part, in order: number of its bitmap, first track in it, how many tracks, and bytes.

        The bitmaps are portable ones that Roaring has just written.
        """


class Fits(Protocol):
    """Whether every extent ends inside its volume."""

    def __call__(self, codes: _Codes, offset_bytes: _Keys, length_bytes: _Keys, ends_bytes: _Keys, /) -> bool:
        """`ends_bytes` has a place for each code; 0 there refuses whatever has the code.

        No extent may reach beyond 2^63.
        """


class Scan(Protocol):
    """Counts writes and finds their tracks, in one pass."""

    def __call__(
        self,
        row: int,
        columns: tuple[_Places, _Codes, _Keys, _Keys],
        numbers: _Places,
        grid: tuple[int, int, int],
        counts: tuple[_Places, _Keys, _Keys],
        found: tuple[_Keys, _Places],
        /,
    ) -> tuple[int, int, int]:
        """Goes through the rows from `row` on, until they end or there is no more room for keys.

        `columns` are time, code, offset and length of writes that fit, `numbers` the number of the volume of
        each code. `grid` has the start of the interval and the length of a slot, in microseconds, and the
        bytes of a track. `counts` grow: writes and bytes by volume number, bytes by slot, up to `MAX_COUNT`.
        `found` is filled, with the keys of tracks and with the numbers of long rows. These have more than
        `LONGEST_WAITING` tracks behind the first, or one beyond `MAX_TRACK`; they are counted, and left to
        the caller to mark.

        Returns the row to go on with, how many keys there are, and how many rows are long.
        """


@dataclass(frozen=True, slots=True)
class Kernel:
    """One way to go through writes; without what may be None, step by step."""

    name: str
    marks: Callable[[], Marks]
    extremes: Extremes
    fits: Fits | None = None
    scan: Scan | None = None
    highest: Highest | None = None
    split: Split | None = None


def _extremes(time_us: _Places, offset_bytes: _Keys, length_bytes: _Keys) -> tuple[int, int, int, int]:
    return int(time_us.min()), int(time_us.max()), int(offset_bytes.max()), int(length_bytes.max())


NUMPY = Kernel("numpy", PendingTracks, _extremes)
"""What needs no compiler, and what others are held against."""


@cache
def fastest() -> Kernel:
    """The compiled kernel where numba is installed, else numpy's. The first call takes a while."""
    try:
        from streams.model.compiled import NUMBA  # noqa: PLC0415  # its cost is for those who mark
    except (ImportError, OSError):  # it is not there, or the machine cannot load it
        return NUMPY
    return NUMBA
