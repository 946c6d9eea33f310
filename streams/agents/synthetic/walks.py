"""Where step number k of a volume goes, and how many tracks a run of steps touches: both in closed form.

`extents` and `changed_tracks` of a walk are two views of one rule. Only the first looks at single steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["HotSpot", "Sequential", "Shuffle", "Uniform", "Walk"]

Steps = NDArray[np.int64]


class Walk(Protocol):
    """The way of one volume's writes over its tracks."""

    def offsets_bytes(self, steps: Steps) -> Steps:
        """Where the writes with these numbers start."""
        ...

    def changed_tracks(self, first: int, stop: int) -> int:
        """How many distinct tracks the steps in `[first, stop)` touch."""
        ...


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A permutation of `[0, size)`: i to (factor i + shift) mod size, with no common divisor."""

    size: int
    factor: int
    shift: int

    @staticmethod
    def drawn(size: int, seed: int) -> Shuffle:
        """A permutation that a seed chooses, with neighbours far apart."""
        factor = size * 618 // 1000 + seed % 97 + 1  # near the golden ratio: even spreading
        while gcd(factor, size) > 1:
            factor += 1
        return Shuffle(size, factor % size, seed % size)

    def __call__(self, index: Steps) -> Steps:
        """Where each index goes; indices count on around `size`."""
        return (index % self.size * self.factor + self.shift) % self.size


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every track once per round, in shuffled order; each write lies inside one track."""

    shuffle: Shuffle
    track_bytes: int
    write_bytes: int

    def offsets_bytes(self, steps: Steps) -> Steps:
        """Where the writes start."""
        return _within(self.shuffle(steps), steps, self.track_bytes, self.write_bytes)

    def changed_tracks(self, first: int, stop: int) -> int:
        """All steps of less than a round differ."""
        return min(stop - first, self.shuffle.size)


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A few hot tracks in turn; every `cold_every`-th step goes round the other tracks instead."""

    shuffle: Shuffle
    hot_tracks: int
    cold_every: int
    track_bytes: int
    write_bytes: int

    def offsets_bytes(self, steps: Steps) -> Steps:
        """Where the writes start."""
        cold = steps // self.cold_every
        hot_index = (steps - cold) % self.hot_tracks
        cold_index = self.hot_tracks + cold % (self.shuffle.size - self.hot_tracks)
        is_cold = steps % self.cold_every == self.cold_every - 1
        tracks = self.shuffle(np.where(is_cold, cold_index, hot_index))
        return _within(tracks, steps, self.track_bytes, self.write_bytes)

    def changed_tracks(self, first: int, stop: int) -> int:
        """Hot and cold tracks are disjoint, and each kind is gone through in turn."""
        cold = stop // self.cold_every - first // self.cold_every
        hot = stop - first - cold
        return min(hot, self.hot_tracks) + min(cold, self.shuffle.size - self.hot_tracks)


@dataclass(frozen=True, slots=True)
class Sequential:
    """Write after write through a region of `lap` writes, and again from its start; writes span tracks."""

    lap: int
    shift: int
    track_bytes: int
    write_bytes: int

    def offsets_bytes(self, steps: Steps) -> Steps:
        """Where the writes start."""
        return (steps + self.shift) % self.lap * self.write_bytes

    def changed_tracks(self, first: int, stop: int) -> int:
        """The tracks under one or two stretches of bytes; two may meet in one track."""
        if first == stop:
            return 0
        if stop - first >= self.lap:
            return self._tracks_under(0, self.lap)
        begin = (first + self.shift) % self.lap
        end = begin + stop - first
        if end <= self.lap:
            return self._tracks_under(begin, end)
        end -= self.lap
        shared = self._track_after(end) > begin * self.write_bytes // self.track_bytes
        return self._tracks_under(begin, self.lap) + self._tracks_under(0, end) - shared

    def _tracks_under(self, begin: int, end: int) -> int:
        return self._track_after(end) - begin * self.write_bytes // self.track_bytes

    def _track_after(self, write: int) -> int:
        return -(-write * self.write_bytes // self.track_bytes)


def _within(tracks: Steps, steps: Steps, track_bytes: int, write_bytes: int) -> Steps:
    """Byte offsets in the tracks, one write-sized place after the other as steps go by."""
    return tracks * track_bytes + steps % (track_bytes // write_bytes) * write_bytes
