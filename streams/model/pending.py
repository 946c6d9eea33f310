"""Tracks that wait to be marked: those of many volumes and messages are sorted at once.

To mark the few writes of one message and volume costs more in calls than in work. So tracks wait as keys
until enough have gathered for one sort. A key is the number of a volume and, below it, a track.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.portable import bitmaps_of_keys
from streams.model.portableruns import Bitmaps

__all__ = ["LONGEST_WAITING", "MAX_TRACK", "MAX_VOLUMES", "VOLUME_BITS", "PendingTracks"]

VOLUME_BITS = 40
"""The number of a volume begins at this bit of a key; its track is below."""

MAX_TRACK = (1 << VOLUME_BITS) - 1
"""The highest track that can wait: volumes of 512 TiB in tracks of 512 B. Higher ones are marked at once."""

MAX_VOLUMES = 1 << 24
"""As many volumes can have tracks that wait."""

LONGEST_WAITING = 8
"""Tracks behind the first; longer writes are marked at once."""

_FEWEST = 2_048
_MOST = 1 << 20
_HELD_PER_PENDING = 4  # what waits takes 8 B a track: 2 B for each track that is marked already

Keys = NDArray[np.uint64]


class PendingTracks:
    """Keys in any order. `len` counts them as often as they wait."""

    __slots__ = ("_count", "_keys")

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, keys: Keys) -> None:
        """Adds keys, in any order."""
        end = self._count + len(keys)
        if end > len(self._keys):
            grown = np.empty(2 * end if end > _FEWEST else min(2 * end, _FEWEST), np.uint64)
            grown[: self._count] = self._keys[: self._count]
            self._keys = grown
        self._keys[self._count : end] = keys
        self._count = end

    def unite(self, first_key: int, stored: Bitmaps) -> bool:  # noqa: ARG002  # Roaring does it
        """Adds no bitmaps: what has come so far would have to be sorted first."""
        return False

    def due(self, held_tracks: int) -> bool:
        """Whether as many wait as suits tables that hold so many tracks already.

        The more there are, the less one costs, yet what waits stays small against what is marked.
        """
        return self._count >= min(max(_FEWEST, held_tracks // _HELD_PER_PENDING), _MOST)

    def take(self) -> Iterator[tuple[int, BitMap]]:
        """All that waited: `key >> 32`, ascending, and the bits below."""
        keys, self._count = self._keys[: self._count], 0
        return bitmaps_of_keys(keys)
