"""Which tracks came lately, so that those of a hot spot need not wait and be sorted again and again.

A key is remembered at one place, until another takes the place. So what is forgotten costs time and nothing
else, and what is remembered is in the tables or on its way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["TrackMemory"]

_HELD_PER_PLACE = 16  # half a byte for each track that is marked already
_FEWEST_PLACES = 512
_MOST_PLACES = 1 << 16  # what the second-level cache holds
_GROWTH = 4  # places are laid out anew, and forget, once so many more are due
_USELESS = 8  # not worth it where fewer than one key in so many is known
_NO_KEY = np.iinfo(np.uint64).max


class TrackMemory:
    """Places of keys; none where it is not `used`, or where it turned out that few keys come again."""

    __slots__ = ("_known", "_new", "_used", "keys")

    def __init__(self, *, used: bool) -> None:
        self.keys: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._used = used
        self._known = self._new = 0

    def note(self, known: int, new: int) -> None:
        """So many keys were at their places, and so many were not."""
        self._known += known
        self._new += new

    def fit(self, held_tracks: int) -> None:
        """Has as many places as suit tables that hold so many tracks."""
        if len(self.keys) and self._known * _USELESS < self._new:
            self._used = False
            self.keys = self.keys[:0].copy()
        self._known = self._new = 0
        due = min(max(held_tracks // _HELD_PER_PLACE, _FEWEST_PLACES), _MOST_PLACES)
        if self._used and due >= _GROWTH * len(self.keys):
            self.keys = np.full(1 << (due.bit_length() - 1), _NO_KEY, np.uint64)
