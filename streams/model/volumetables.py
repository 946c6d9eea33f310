"""The bit tables of a group's volumes over one interval, while they fill.

Tracks of writes wait until there are enough to be marked at once; who asks for a table gets all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import BitTable
from streams.model.counts import add_known
from streams.model.pending import MAX_TRACK, MAX_VOLUMES, PendingTracks
from streams.model.portable import heads

__all__ = ["VolumeTable", "VolumeTables"]

_LONGEST_WAITING = 8  # tracks behind the first; longer writes are marked at once

Tracks = NDArray[np.uint64]
Numbers = NDArray[np.uint64]


@dataclass(slots=True)
class VolumeTable:
    """What one volume holds in the interval; counts are None once a source could not know them."""

    tracks: BitTable = field(default_factory=BitTable)
    writes: int | None = 0
    written_bytes: int | None = 0

    def merge(self, other: VolumeTable) -> None:
        """ORs the tracks, adds the counts."""
        self.tracks.update(other.tracks)
        self.count(other.writes, other.written_bytes)

    def count(self, writes: int | None, written_bytes: int | None) -> None:
        """Adds to the counts; unknown plus anything is unknown."""
        self.writes = add_known(self.writes, writes)
        self.written_bytes = add_known(self.written_bytes, written_bytes)


class VolumeTables:
    """Tables by volume. Each volume has a number here, so that the writes of many are handled together."""

    __slots__ = ("_held_tracks", "_numbers", "_pending", "_tables")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tables: list[VolumeTable] = []
        self._pending = PendingTracks()
        self._held_tracks = 0

    def number(self, volume: str) -> int:
        """The number of a volume, given on first use."""
        number = self._numbers.get(volume)
        if number is None:
            number = self._numbers[volume] = len(self._tables)
            self._tables.append(VolumeTable())
        return number

    def table(self, volume: str) -> VolumeTable:
        """The table of a volume, made on first use; whatever is done to it counts."""
        self._settle()
        return self._tables[self.number(volume)]

    def by_volume(self) -> dict[str, VolumeTable]:
        """The tables of all volumes that have one."""
        self._settle()
        return {volume: self._tables[number] for volume, number in self._numbers.items()}

    def merge(self, other: VolumeTables) -> None:
        """ORs the tracks of all tables, adds their counts."""
        for volume, table in other.by_volume().items():
            self.table(volume).merge(table)

    def count(self, volume: str, writes: int, written_bytes: int) -> None:
        """Counts writes of a volume."""
        self._tables[self.number(volume)].count(writes, written_bytes)

    def mark(self, numbers: Numbers, first: Tracks, last: Tracks) -> None:
        """Marks the tracks `first[i]..last[i]`, both inclusive, of the volume `numbers[i]` for every row."""
        if not len(numbers):
            return
        extra = last - first
        if extra.max() > _LONGEST_WAITING or last.max() > MAX_TRACK or len(self._tables) > MAX_VOLUMES:
            now = (extra > _LONGEST_WAITING) | (last > MAX_TRACK) | (numbers >= MAX_VOLUMES)
            self._mark_now(numbers[now], first[now], last[now])
            numbers, first, extra = numbers[~now], first[~now], extra[~now]
        self._wait(numbers, first, extra)

    def _wait(self, numbers: Numbers, first: Tracks, extra: Tracks) -> None:
        """Lets the tracks `first[i]` to `first[i] + extra[i]` wait, for every row."""
        self._pending.add(numbers, first)
        rows, step = np.flatnonzero(extra != 0), 1  # few writes touch a second track, fewer a third
        while len(rows):
            self._pending.add(numbers[rows], first[rows] + np.uint64(step))
            step += 1
            rows = rows[extra[rows] >= step]
        if self._pending.full:
            self._settle()

    def _settle(self) -> None:
        for number, tracks in self._pending.take():
            table = self._tables[number].tracks
            self._held_tracks -= len(table)
            table.add_ascending(tracks)
            self._held_tracks += len(table)
        self._pending.allow(self._held_tracks)

    def _mark_now(self, numbers: Numbers, first: Tracks, last: Tracks) -> None:
        order = np.argsort(numbers, kind="stable")
        numbers, first, last = numbers[order], first[order], last[order]
        for start, end in pairwise([*heads(numbers).tolist(), len(numbers)]):
            table = self._tables[int(numbers[start])].tracks
            self._held_tracks -= len(table)
            table.mark(first[start:end], last[start:end])
            self._held_tracks += len(table)
