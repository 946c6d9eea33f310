"""Tracks that wait to be marked: those of many volumes and messages are sorted at once.

To mark the few writes of one message and volume costs more in calls than in work. So track numbers are kept
as they come, each with the number of its volume in its high bits, until enough have gathered for one sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_TRACK", "MAX_VOLUMES", "PendingTracks"]

MAX_TRACK = (1 << 40) - 1
"""The highest track that can wait: volumes of 512 TiB in tracks of 512 B. Higher ones are marked at once."""

MAX_VOLUMES = 1 << 24
"""As many volumes can have tracks that wait."""

_VOLUME = np.uint64(40)
_TRACK = np.uint64(MAX_TRACK)
_FEWEST = 4_096
_MOST = 1 << 20
_MOST_ARRAYS = 64
_HELD_PER_PENDING = 4  # what waits takes 8 B a track: 2 B for each track that is marked already

Tracks = NDArray[np.uint64]
Numbers = NDArray[np.int64]


class PendingTracks:
    """Tracks of volumes that go by numbers, in any order. `len` counts them as often as they wait."""

    __slots__ = ("_count", "_keys")

    def __init__(self) -> None:
        self._keys: list[Tracks] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, volumes: Numbers, tracks: Tracks) -> None:
        """Adds the track `tracks[i]` of the volume `volumes[i]` for every row."""
        keys = volumes.astype(np.uint64)
        keys <<= _VOLUME
        keys |= tracks
        self._keys.append(keys)
        self._count += len(keys)
        if len(self._keys) > _MOST_ARRAYS:  # many messages of few writes, often to the same tracks
            self._join()

    def enough(self, held_tracks: int) -> bool:
        """Whether it is time to take them, where the tables hold `held_tracks` tracks already.

        The more there are, the less one costs, yet what waits stays small against what is marked.
        """
        return self._count >= min(max(_FEWEST, held_tracks // _HELD_PER_PENDING), _MOST)

    def take(self) -> Iterator[tuple[int, Tracks]]:
        """All that waited: of each volume its tracks, ascending, each once."""
        if not self._count:
            return
        keys = self._join()
        self._keys, self._count = [], 0
        volumes, tracks = keys >> _VOLUME, keys & _TRACK
        edges = [0, *(np.flatnonzero(volumes[1:] != volumes[:-1]) + 1).tolist(), len(keys)]
        for start, end in pairwise(edges):
            yield int(volumes[start]), tracks[start:end]

    def _join(self) -> Tracks:
        """Makes one ascending array of all that waits, each track once."""
        keys: Tracks = np.concatenate(self._keys)
        keys.sort()
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
        self._keys, self._count = [keys], len(keys)
        return keys
