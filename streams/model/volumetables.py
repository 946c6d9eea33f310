"""The bit tables of a group's volumes over one interval, while they fill.

Tracks of writes wait where a kernel has put them, and come into the tables together; who asks for a table
gets all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import BitTable
from streams.model.counts import add_known
from streams.model.groups import Definition, Geometry
from streams.model.intervals import US
from streams.model.kernel import Kernel, Scan, fastest
from streams.model.pending import LONGEST_WAITING, MAX_TRACK, MAX_VOLUMES, VOLUME_BITS
from streams.model.portable import heads
from streams.model.stored import StoredTable
from streams.model.tracks import track_spans
from streams.model.writes import WriteBatch, volume_id

__all__ = ["VolumeTable", "VolumeTables"]

_FEW_NAMES = 64
_FEW_ROWS = 4  # a copy of 8,192 writes costs as much as to begin five passes
_MOST_PLACES = 16  # agents of one group; each names about one set of volumes
_KEYS_AT_ONCE = 4_096  # they stay in the first-level cache
_VOLUME = np.uint64(VOLUME_BITS)
_WORDS_OF_VOLUME = VOLUME_BITS - 32  # bits of a key that say which 2^32 tracks of a volume

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


@dataclass(frozen=True, slots=True)
class _Places:
    """Of each code of a batch the number of its volume, and where that ends: 0 if it is not for one pass."""

    definition: Definition
    numbers: NDArray[np.int64]
    ends_bytes: NDArray[np.uint64]


class _Tallies:
    """Writes and bytes by volume number that are not in the tables yet."""

    __slots__ = ("_writes", "_written_bytes")

    def __init__(self) -> None:
        self._writes = np.zeros(0, np.int64)
        self._written_bytes = np.zeros(0, np.uint64)

    def room(self, volumes: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """The counts, with room for so many volumes; who adds to them stops at `MAX_COUNT`."""
        more = volumes - len(self._writes)
        if more > 0:
            self._writes = np.pad(self._writes, (0, more))
            self._written_bytes = np.pad(self._written_bytes, (0, more))
        return self._writes, self._written_bytes

    def take(self) -> Iterator[tuple[int, int, int]]:
        """Number, writes and bytes of each volume that was written; nothing is left."""
        for number in np.flatnonzero(self._writes).tolist():
            yield number, int(self._writes[number]), int(self._written_bytes[number])
        self._writes[:] = 0
        self._written_bytes[:] = 0


class VolumeTables:
    """Tables by volume. Each volume has a number here, so that the writes of many are handled together."""

    __slots__ = ("_held_tracks", "_kernel", "_marks", "_numbers", "_places", "_tables", "_tallies")

    def __init__(self, kernel: Kernel | None = None) -> None:
        self._kernel = kernel or fastest()
        self._numbers: dict[str, int] = {}
        self._tables: list[VolumeTable] = []
        self._tallies = _Tallies()
        self._places: dict[tuple[str, tuple[str, ...]], _Places] = {}
        self._marks = self._kernel.marks()
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

    def put(self, volume: str, table: VolumeTable) -> None:
        """ORs tracks into a volume's table, adds counts to its own."""
        number = self.number(volume)
        mine = self._tables[number]
        if self._unite(number, table.tracks):
            mine.count(table.writes, table.written_bytes)
            return
        self._held_tracks -= len(mine.tracks)
        mine.merge(table)
        self._held_tracks += len(mine.tracks)

    def _unite(self, number: int, tracks: BitTable) -> bool:
        """Marks what is still stored as it came; False where it is not, or the kernel cannot."""
        stored = tracks.stored if isinstance(tracks, StoredTable) else None
        if stored is None or number >= MAX_VOLUMES or not self._marks.unite(number << VOLUME_BITS, stored):
            return False
        self._settle_if_due()
        return True

    def merge(self, other: VolumeTables) -> None:
        """ORs the tracks of all tables, adds their counts."""
        for volume, table in other.by_volume().items():
            self.put(volume, table)

    def count(self, volume: str, writes: int, written_bytes: int) -> None:
        """Counts writes of a volume."""
        self._tables[self.number(volume)].count(writes, written_bytes)

    def mark(self, numbers: Numbers, first: Tracks, last: Tracks) -> None:
        """Marks the tracks `first[i]..last[i]`, both inclusive, of the volume `numbers[i]` for every row."""
        if not len(numbers):
            return
        extra = last - first
        if extra.max() > LONGEST_WAITING or last.max() > MAX_TRACK or len(self._tables) > MAX_VOLUMES:
            now = (extra > LONGEST_WAITING) | (last > MAX_TRACK) | (numbers >= MAX_VOLUMES)
            self._mark_now(numbers[now], first[now], last[now])
            numbers, first, extra = numbers[~now], first[~now], extra[~now]
        self._wait(numbers, first, extra)

    def mark_in_one_pass(
        self,
        writes: WriteBatch,
        array: str,
        definition: Definition,
        start_us: int,
        slots: NDArray[np.uint64],
    ) -> NDArray[np.intp]:
        """Marks and counts writes of an array's volumes, and adds their bytes to `slots`, in one pass.

        All lie in the interval that starts at `start_us`. Returns which rows are left, with nothing done to
        them: discards, and writes beyond their volume or to one that the definition lacks or takes in part
        only. All are where the kernel has no such pass.
        """
        # Names must not cost more than writes.
        if self._kernel.scan is None or len(writes.volumes) > max(len(writes), _FEW_NAMES):
            return np.arange(len(writes))
        places = self._places_of(writes.volumes, array, definition)
        odd = self._odd(writes, places.ends_bytes)
        left = np.empty(0, np.intp) if odd is None else np.flatnonzero(odd)
        for ordinary in _without(left, writes):
            self._scan(self._kernel.scan, ordinary, places.numbers, definition.geometry, start_us, slots)
        return left

    def _odd(self, writes: WriteBatch, ends_bytes: NDArray[np.uint64]) -> NDArray[np.bool_] | None:
        """Which writes are not for one pass, None where all are; see `_Places` for `ends_bytes`."""
        codes, offset, length = writes.volume_codes, writes.offset_bytes, writes.length_bytes
        fits = self._kernel.fits
        if fits is not None and fits(codes, offset, length, ends_bytes):
            return writes.discard
        ends = ends_bytes.take(codes)
        odd: NDArray[np.bool_] = offset + length > ends
        if not ends_bytes.all():
            odd |= ends == 0
        return odd if writes.discard is None else odd | writes.discard

    def _scan(
        self,
        scan: Scan,
        writes: WriteBatch,
        numbers: NDArray[np.int64],
        geometry: Geometry,
        start_us: int,
        slots: NDArray[np.uint64],
    ) -> None:
        columns = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
        counts = (*self._tallies.room(len(self._tables)), slots)
        grid = (start_us, geometry.slot_seconds * US, geometry.track_bytes)
        row, long_rows = 0, np.empty(len(writes), np.int64)
        keys = np.empty(_KEYS_AT_ONCE + LONGEST_WAITING + 1, np.uint64)
        while row < len(writes):
            row, count, longs = scan(row, columns, numbers, grid, counts, (keys, long_rows))
            self._add(keys[:count])
            if longs:
                self._mark_long(writes.take(long_rows[:longs]), numbers, geometry.track_bytes)

    def _mark_long(self, writes: WriteBatch, numbers: NDArray[np.int64], track_bytes: int) -> None:
        first, last = track_spans(writes.offset_bytes, writes.length_bytes, track_bytes)
        self._mark_now(numbers[writes.volume_codes].astype(np.uint64), first, last)

    def _places_of(self, volumes: tuple[str, ...], array: str, definition: Definition) -> _Places:
        """Where the volumes of a batch go; the same agents name the same volumes again and again."""
        places = self._places.get((array, volumes))
        if places is not None and places.definition is definition:
            return places
        places = self._look_up(volumes, array, definition)
        if places.ends_bytes.all():  # others may name what they like; it is not kept
            if len(self._places) >= _MOST_PLACES:
                del self._places[next(iter(self._places))]
            self._places[array, volumes] = places
        return places

    def _look_up(self, volumes: tuple[str, ...], array: str, definition: Definition) -> _Places:
        numbers, ends_bytes = np.zeros(len(volumes), np.int64), np.zeros(len(volumes), np.uint64)
        for code, volume in enumerate(volumes):
            member = definition.by_id.get(volume_id(array, volume))
            if member is not None and member.extents is None and len(self._tables) < MAX_VOLUMES:
                numbers[code] = self.number(member.id)
                ends_bytes[code] = member.volume_bytes or 1 << 63
        return _Places(definition, numbers, ends_bytes)

    def _wait(self, numbers: Numbers, first: Tracks, extra: Tracks) -> None:
        """Lets the tracks `first[i]` to `first[i] + extra[i]` wait, for every row."""
        keys = numbers << _VOLUME | first
        rows, step = np.flatnonzero(extra != 0), 1  # few writes touch a second track, fewer a third
        while len(rows):
            self._add(keys[rows] + np.uint64(step))
            step += 1
            rows = rows[extra[rows] >= step]
        self._add(keys)  # the last, for they are gone then

    def _add(self, keys: NDArray[np.uint64]) -> None:
        self._marks.add(keys)
        self._settle_if_due()

    def _settle_if_due(self) -> None:
        if self._marks.due(self._held_tracks):
            self._settle()

    def _settle(self) -> None:
        for number, writes, written_bytes in self._tallies.take():
            self._tables[number].count(writes, written_bytes)
        for word, bits in self._marks.take():
            number, high = divmod(word, 1 << _WORDS_OF_VOLUME)
            self._held_tracks += self._tables[number].tracks.add_bits(high, bits)

    def _mark_now(self, numbers: Numbers, first: Tracks, last: Tracks) -> None:
        order = np.argsort(numbers, kind="stable")
        numbers, first, last = numbers[order], first[order], last[order]
        for start, end in pairwise([*heads(numbers).tolist(), len(numbers)]):
            table = self._tables[int(numbers[start])].tracks
            self._held_tracks -= len(table)
            table.mark(first[start:end], last[start:end])
            self._held_tracks += len(table)


def _without(rows: NDArray[np.intp], writes: WriteBatch) -> Iterator[WriteBatch]:
    """The writes but for some rows, which ascend: views between a few of them, or else a copy."""
    if len(rows) > _FEW_ROWS:
        kept = np.ones(len(writes), np.bool_)
        kept[rows] = False
        yield writes.take(kept)
        return
    for start, end in pairwise([-1, *rows.tolist(), len(writes)]):
        if start + 1 < end:
            yield writes.take(slice(start + 1, end))
