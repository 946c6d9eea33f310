"""Tracks that wait to be marked: those of many volumes and messages are sorted at once.

To mark the few writes of one message and volume costs more in calls than in work. So track numbers are kept
as they come, each with the number of its volume in its high bits, until enough have gathered for one sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.kernel import Kernel
from streams.model.portable import heads

__all__ = ["LONGEST_WAITING", "MAX_TRACK", "MAX_VOLUMES", "VOLUME_BITS", "PendingTracks"]

VOLUME_BITS = 40
"""The number of a volume begins at this bit of a key; its track is below."""

MAX_TRACK = (1 << VOLUME_BITS) - 1
"""The highest track that can wait: volumes of 512 TiB in tracks of 512 B. Higher ones are marked at once."""

MAX_VOLUMES = (1 << 24) - 1
"""As many volumes can have tracks that wait. The highest 24-bit number is none of them."""

LONGEST_WAITING = 8
"""Tracks behind the first; longer writes are marked at once."""

_VOLUME = np.uint64(VOLUME_BITS)
_TRACK = np.uint64(MAX_TRACK)
_FEWEST = 2_048
_MOST = 1 << 20
_HELD_PER_PLACE = 16  # half a byte for each track that is marked already
_FEWEST_PLACES = 2
_MOST_PLACES = 1 << 15  # the second-level cache holds them
_GROWTH = 4  # places are laid out anew, and forget, once so many times as many are due
_NO_KEY = np.iinfo(np.uint64).max  # of no volume
_HELD_PER_PENDING = 4  # what waits takes 8 B a track: 2 B for each track that is marked already

Tracks = NDArray[np.uint64]
Numbers = NDArray[np.uint64]


class PendingTracks:
    """Tracks of volumes that go by numbers, in any order. `len` counts them as often as they wait.

    `seen` holds some of the keys that are marked or wait already, so that a kernel leaves them out. Each has
    its place there until another takes it: what is forgotten waits once more, and that is all.
    """

    __slots__ = ("_ascending", "_count", "_keys", "_most", "_remembers", "seen")

    def __init__(self, kernel: Kernel) -> None:
        self._ascending = kernel.ascending
        self._remembers = kernel.scan is not None
        self.seen = np.full(_FEWEST_PLACES, _NO_KEY, np.uint64)
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
        keys = self.room(len(tracks))[self._count : self._count + len(tracks)]
        np.left_shift(volumes, _VOLUME, out=keys)
        keys |= tracks
        self._count += len(tracks)

    def room(self, more: int) -> Tracks:
        """The keys that wait and room for at least so many behind them; who fills it says so to `filled`."""
        end = self._count + more
        if end > len(self._keys):
            grown = np.empty(max(end, min(2 * end, self._most)), np.uint64)
            grown[: self._count] = self._keys[: self._count]
            self._keys = grown
        return self._keys

    def filled(self, count: int) -> None:
        """As many of the keys in `room` wait now."""
        self._count = count

    def take(self) -> Iterator[tuple[int, Tracks]]:
        """All that waited: of each volume its tracks, ascending, each once."""
        if not self._count:
            return
        keys = self._ascending(self._keys[: self._count])
        self._count = 0
        volumes = keys >> _VOLUME
        keys &= _TRACK
        for start, end in pairwise([*heads(volumes).tolist(), len(keys)]):
            yield int(volumes[start]), keys[start:end]

    def allow(self, held_tracks: int) -> None:
        """Lets as many wait as suits tables that hold so many tracks already.

        The more there are, the less one costs, yet what waits stays small against what is marked.
        """
        self._most = min(max(_FEWEST, held_tracks // _HELD_PER_PENDING), _MOST)
        if self._remembers:
            self._remember(held_tracks)

    def _remember(self, held_tracks: int) -> None:
        due = min(held_tracks // _HELD_PER_PLACE, _MOST_PLACES)
        if due >= _GROWTH * len(self.seen):
            self.seen = np.full(1 << (due.bit_length() - 1), _NO_KEY, np.uint64)
