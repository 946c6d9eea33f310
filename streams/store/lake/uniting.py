"""What changed in the volumes of a group, added up while rows pass: of each volume a union and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from streams.model.bittable import PART_TRACKS
from streams.model.intervals import US
from streams.model.sizing.rollups import Changes, VolumeChanges
from streams.store.lake.chosen import Numbers, heads_of
from streams.store.lake.merging import Rows, bytes_of
from streams.store.stored import StoredInterval

__all__ = ["Extents", "GroupUnion", "Placed"]

Extents = Mapping[str, Sequence[tuple[int, int]]]


class Placed(NamedTuple):
    """Rows of one group by volume and first track, and the interval that each is part of.

    `names` by number of a volume.
    """

    group: str
    names: Sequence[str]
    start_us: Numbers
    seconds: Numbers
    rows: Rows


@dataclass(slots=True)
class GroupUnion:
    """One group so far: by start and seconds of an interval how many volumes it has, and what is covered.

    `measured` are all volumes that have a row, `volumes` those of which one was asked for.
    """

    measured: set[str] = field(default_factory=set)
    volumes: dict[str, _VolumeUnion] = field(default_factory=dict)
    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    covered_us: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, placed: Placed, extents: Extents | None) -> None:
        """Adds rows, or what of them lies inside the extents of their volumes.

        Raises:
            ValueError: the track size of a volume changes in the range.
        """
        self._cover(placed)
        rows = placed.rows
        heads = np.flatnonzero(heads_of(rows.volume, rows.first_track)).tolist()
        for low, high in pairwise([*heads, len(rows.volume)]):
            name = placed.names[int(rows.volume[low])]
            volume = self.volumes.setdefault(name, _VolumeUnion(int(rows.track_bytes[low])))
            others = rows.track_bytes[low:high][rows.track_bytes[low:high] != volume.track_bytes]
            if len(others):
                raise ValueError(
                    f"track_bytes of {name} changes from {volume.track_bytes} to {int(others[0])} in this "
                    "range; report the ranges before and after the change apart"
                )
            chunk = rows.slice(low, high)
            volume.take(chunk, None if extents is None else extents[name])

    def intervals(self, *, of_all: bool) -> list[StoredInterval]:
        """The intervals with their coverage: the mean over the volumes of the group, or of each interval."""
        found = []
        for (start_us, seconds), count in sorted(self.counts.items()):
            whole = (len(self.measured) if of_all else count) * seconds * US
            share = min(self.covered_us.get((start_us, seconds), 0) / whole, 1.0)
            found.append(StoredInterval(start_us, seconds, seconds, None, np.array([share])))
        return found

    def changes(self) -> list[VolumeChanges]:
        """What changed in the volumes, by name."""
        return [volume.changes(name) for name, volume in sorted(self.volumes.items())]

    @property
    def track_bytes(self) -> int:
        """The largest track of a volume."""
        return max((volume.track_bytes for volume in self.volumes.values()), default=0)

    def _cover(self, placed: Placed) -> None:
        order = np.lexsort((placed.seconds, placed.start_us))
        start_us, seconds = placed.start_us[order], placed.seconds[order]
        heads = np.flatnonzero(heads_of(start_us, seconds))
        sums = np.add.reduceat(placed.rows.covered_us()[order], heads).tolist()
        for start, length, more in zip(start_us[heads].tolist(), seconds[heads].tolist(), sums, strict=True):
            self.covered_us[start, length] = self.covered_us.get((start, length), 0) + more


@dataclass(slots=True)
class _VolumeUnion:
    """One volume so far.

    Its bitmaps are kept as bytes, each in one piece: the many small pieces of a union, among the large ones
    that it frees, leave holes that are several times what they hold. Of a volume that is asked for in part
    nobody knows what its intervals changed there before they became longer ones: SUM is that of its rows.
    """

    track_bytes: int
    volume_bytes: int = -1
    newest_us: int = -(1 << 62)
    bits: dict[int, bytes] = field(default_factory=dict)
    tracks_sum: int = 0
    bytes_sum: int = 0
    is_cut: bool = False
    cut_tracks_sum: int = 0
    cut_bytes_sum: int = 0
    writes: int | None = 0
    written_bytes: int | None = 0
    covered_us: int = 0

    def take(self, rows: Rows, extents: Sequence[tuple[int, int]] | None) -> None:
        """Adds the rows of one chunk."""
        first = int(rows.first_track[0])
        bits = [
            BitMap.deserialize(bytes(rows.data[start:end])) for start, end in pairwise(rows.edges.tolist())
        ]
        is_cut = False
        if extents is not None:
            bits, is_cut = _cut(bits, _mask(extents, self.track_bytes, first))
        at = int(np.argmax(rows.own_start_us))
        if (start_us := int(rows.own_start_us[at])) >= self.newest_us:
            self.newest_us, self.volume_bytes = start_us, int(rows.volume_bytes[at])
        if extents is not None:
            self.is_cut |= is_cut
            self.cut_tracks_sum += sum(map(len, bits))
            self.cut_bytes_sum += sum(self._bytes_of(each, first) for each in bits)
        self.tracks_sum += int(rows.tracks_sum.sum())
        self.bytes_sum += int(rows.bytes_sum.sum())
        known = [BitMap.deserialize(self.bits[first])] if first in self.bits else []
        self.bits[first] = BitMap.union(*known, *bits).serialize()
        self.writes = _plus(self.writes, rows.writes, is_cut=is_cut)
        self.written_bytes = _plus(self.written_bytes, rows.written_bytes, is_cut=is_cut)
        self.covered_us += int(rows.covered_us().sum())

    def changes(self, name: str) -> VolumeChanges:
        """What changed in it."""
        united = [(first, BitMap.deserialize(self.bits[first])) for first in sorted(self.bits)]
        changes = Changes(
            volumes=1,
            changed_tracks_sum=self.cut_tracks_sum if self.is_cut else self.tracks_sum,
            changed_tracks_or=sum(len(bits) for _, bits in united),
            changed_bytes_sum=self.cut_bytes_sum if self.is_cut else self.bytes_sum,
            changed_bytes_or=sum(self._bytes_of(bits, first) for first, bits in united),
            writes=self.writes,
            written_bytes=self.written_bytes,
        )
        return VolumeChanges(name, self.covered_us, changes)

    def _bytes_of(self, bits: BitMap, first: int) -> int:
        return bytes_of(bits, first, self.track_bytes, self.volume_bytes)


def _cut(bits: list[BitMap], mask: BitMap) -> tuple[list[BitMap], bool]:
    """What of the bitmaps lies in the mask, and whether that is less."""
    cut = [each & mask for each in bits]
    return cut, any(len(left) < len(whole) for left, whole in zip(cut, bits, strict=True))


def _mask(extents: Sequence[tuple[int, int]], track_bytes: int, first: int) -> BitMap:
    """The tracks of a chunk that the extents touch."""
    mask = BitMap()
    for offset, length in extents:
        low = max(offset // track_bytes - first, 0)
        high = min((offset + length - 1) // track_bytes - first, PART_TRACKS - 1)
        if low <= high:
            mask.add_range(low, high + 1)
    return mask


def _plus(known: int | None, counts: Numbers, *, is_cut: bool) -> int | None:
    return None if known is None or is_cut or (counts < 0).any() else known + int(counts.sum())
