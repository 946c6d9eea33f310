"""Tracks that wait to be marked: those of many volumes and messages are sorted at once.

To mark the few writes of one message and volume costs more in calls than in work. So track numbers are kept
as they come, each with the number of its volume in its high bits, until enough have gathered for one sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.portable import heads

__all__ = ["MAX_TRACK", "MAX_VOLUMES", "PendingTracks"]

MAX_TRACK = (1 << 40) - 1
"""The highest track that can wait: volumes of 512 TiB in tracks of 512 B. Higher ones are marked at once."""

MAX_VOLUMES = 1 << 24
"""As many volumes can have tracks that wait."""

_VOLUME = np.uint64(40)
_TRACK = np.uint64(MAX_TRACK)
_FEWEST = 2_048
_MOST = 1 << 20
_HELD_PER_PENDING = 4  # what waits takes 8 B a track: 2 B for each track that is marked already

Tracks = NDArray[np.uint64]
Numbers = NDArray[np.uint64]


class PendingTracks:
    """Tracks of volumes that go by numbers, in any order. `len` counts them as often as they wait."""

    __slots__ = ("_count", "_keys", "_most")

    def __init__(self) -> None:
        self._keys: Tracks = np.empty(0, np.uint64)
        self._count = 0
        self._most = _FEWEST

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether it is time to take them."""
        return self._count >= self._most

    def add(self, volumes: Numbers, tracks: Tracks) -> None:
        """Adds the track `tracks[i]` of the volume `volumes[i]` for every row."""
        start, end = self._count, self._count + len(tracks)
        if end > len(self._keys):
            grown = np.empty(max(end, min(2 * end, self._most)), np.uint64)
            grown[:start] = self._keys[:start]
            self._keys = grown
        keys = self._keys[start:end]
        np.left_shift(volumes, _VOLUME, out=keys)
        keys |= tracks
        self._count = end

    def take(self) -> Iterator[tuple[int, Tracks]]:
        """All that waited: of each volume its tracks, ascending, each once."""
        if not self._count:
            return
        keys = self._keys[: self._count]
        self._count = 0
        keys.sort()
        keys = keys[heads(keys)]
        volumes = keys >> _VOLUME
        keys &= _TRACK
        for start, end in pairwise([*heads(volumes).tolist(), len(keys)]):
            yield int(volumes[start]), keys[start:end]

    def allow(self, held_tracks: int) -> None:
        """Lets as many wait as suits tables that hold so many tracks already.

        The more there are, the less one costs, yet what waits stays small against what is marked.
        """
        self._most = min(max(_FEWEST, held_tracks // _HELD_PER_PENDING), _MOST)
