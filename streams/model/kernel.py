"""The loops that a worker's time goes into, in numpy, or compiled where numba is installed.

Both give the same tables. numpy needs a pass over memory for every step of marking, and sorts by comparison;
`streams.model.compiled` takes an ordinary message in one pass, and sorts by digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.portable import bitmap_of_tracks, heads

__all__ = ["NUMPY", "Fits", "Kernel", "Scan", "fastest"]

_Places = NDArray[np.int64]
_Codes = NDArray[np.int32]
_Keys = NDArray[np.uint64]


class Fits(Protocol):
    """Whether every extent ends inside its volume."""

    def __call__(self, codes: _Codes, offset_bytes: _Keys, length_bytes: _Keys, ends_bytes: _Keys, /) -> bool:
        """`ends_bytes` has a place for each code; 0 there refuses whatever has the code.

        No extent may reach beyond 2^63.
        """


class Scan(Protocol):
    """Counts writes and lets their tracks wait, in one pass."""

    def __call__(
        self,
        row: int,
        columns: tuple[_Places, _Codes, _Keys, _Keys],
        numbers: _Places,
        grid: tuple[int, int, int],
        counts: tuple[_Places, _Keys, _Keys],
        waiting: tuple[_Keys, int, _Keys, _Places],
        /,
    ) -> tuple[int, int, int]:
        """Goes through the rows from `row` on, until they end or there is no more room to wait.

        `columns` are time, code, offset and length of writes that fit, `numbers` the number of the volume of
        each code. `grid` has the start of the interval and the length of a slot, in microseconds, and the
        bytes of a track. `counts` grow: writes and bytes by volume number, bytes by slot, up to `MAX_COUNT`.
        `waiting` are the keys of waiting tracks (`streams.model.pending`), how many there are, places of keys
        that need not wait again, and room for the numbers of long rows. These have more than
        `LONGEST_WAITING` tracks behind the first, or one beyond `MAX_TRACK`; they are counted, and left to
        the caller to mark.

        Returns the row to go on with, how many keys wait, and how many rows are long.
        """


@dataclass(frozen=True, slots=True)
class Kernel:
    """One way to go through writes.

    `ascending` sorts keys, each once, and may use their memory for it. `bitmap` takes ascending tracks below
    2^32. Without `fits` and `scan` marking goes step by step (`streams.model.marking`).
    """

    name: str
    ascending: Callable[[_Keys], _Keys]
    bitmap: Callable[[_Keys], BitMap]
    fits: Fits | None = None
    scan: Scan | None = None


def _ascending(keys: _Keys) -> _Keys:
    keys.sort()
    return keys[heads(keys)]


def _bitmap(tracks: _Keys) -> BitMap:
    return bitmap_of_tracks(tracks.astype(np.uint32))


NUMPY = Kernel("numpy", _ascending, _bitmap)
"""What needs no compiler, and what others are held against."""


@cache
def fastest() -> Kernel:
    """The compiled kernel where numba is installed, else numpy's. The first call takes a while."""
    try:
        from streams.model.compiled import NUMBA  # noqa: PLC0415  # its cost is for those who mark
    except (ImportError, OSError):  # it is not there, or the machine cannot load it
        return NUMPY
    return NUMBA
