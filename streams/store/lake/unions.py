"""SUM and OR of the volumes of a range, added up while the days of the lake pass.

Of each volume its union is kept, and numbers; so memory grows with the tracks that were written and not with
the range, and a day is forgotten before the next one is read. What needs the order in which tracks were
written again, such as fold curves and cycles, needs the tables themselves: `lake_parts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.bittable import PART_TRACKS
from streams.model.intervals import US
from streams.model.sizing.rollups import Changes, VolumeChanges
from streams.store.lake.choosing import Ask, Chosen, RowGroup, chosen_rows, row_groups
from streams.store.lake.files import table_files
from streams.store.lake.known import Heads, lake_groups, require_measured
from streams.store.lake.parts import (
    asked_of,
    batches,
    checked_rows,
    day_parts,
    days_of,
    heads_of,
    needs_joining,
    opened,
)
from streams.store.lake.place import LakeSource
from streams.store.stored import StoredInterval, StoredRange
from streams.wire.lake_tables import TRACKS

__all__ = ["Only", "UnitedRange", "lake_unions"]

_AT_ONCE_BYTES: Final = 8 << 20
_VOLUMES_AT_ONCE: Final = 4096

Numbers = NDArray[np.int64]
Extents = Mapping[str, Sequence[tuple[int, int]]]
Asked = Callable[[Numbers, Numbers], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitedRange:
    """One group over a range: its intervals without tables or slots, and what changed in its volumes."""

    stored: StoredRange
    volumes: Sequence[VolumeChanges]
    track_bytes: int


@dataclass(frozen=True, slots=True)
class Only:
    """What of the groups is asked for; None asks for all.

    `volumes` by name; `extents` of each volume, `(offset_bytes, length_bytes)`; and `asked` says of
    intervals, by start and seconds, which of them.
    """

    volumes: frozenset[str] | None = None
    extents: Extents | None = None
    asked: Asked | None = None

    @property
    def names(self) -> frozenset[str] | None:
        """The volumes that are read."""
        return self.volumes if self.extents is None else frozenset(self.extents)


def lake_unions(
    source: LakeSource,
    groups: Sequence[str],
    times: tuple[int | None, int | None],
    progress: Any,
    only: Only = Only(),
) -> dict[str, UnitedRange]:
    """What changed in the intervals of the groups that start in the range, in their newest revision.

    SUM is that of the intervals that were captured, also where they have become hours or days; what was cut
    or had to be joined counts in its longer intervals.

    Args:
        source: the lake.
        groups: their names.
        times: start of the range, and its end, exclusive, in microseconds; None is unbounded.
        progress: called with a stage, how many days are done, and how many there are.
        only: what of them.

    Raises:
        MissingData: there is no such group, or one defined afterwards has a volume never measured.
        LakeError: the tables cannot be read.
        ValueError: the track size of a volume changes in the range.
    """
    files = table_files(source.lake, TRACKS)
    days = days_of(files, *times)
    asks = list(_asks(source, groups, times, only))
    found: dict[str, _Group] = {}
    for number, ask in enumerate(asks):
        for done, day in enumerate(days, number * len(days)):
            progress("reading", done, len(days) * len(asks))
            with ExitStack() as stack:
                open_files = opened(source, files, day, stack)
                parts = [part for file in open_files for part in row_groups(file, ask, source.seen)]
                chosen = chosen_rows(parts, ask)
                if only.asked is not None and len(chosen):
                    chosen = chosen.some(only.asked(chosen.start_us, chosen.seconds))
                _note_intervals(found, chosen)
                for rows in _counted(source, parts, chosen):
                    _take(found, rows, only.extents)
    progress("reading", 1, 1)
    if source.defined is not None and found:
        require_measured(source.defined, found[source.defined.group].volumes)
    return {name: group.done(name, of_all=only.names is not None) for name, group in found.items()}


def _asks(
    source: LakeSource, groups: Sequence[str], times: tuple[int | None, int | None], only: Only
) -> Iterator[Ask]:
    """The groups in portions, so that what is known of the rows of a day has room, however many there are.

    Rows are sorted by array and volume, so a portion of neighbours reads little that others read too.
    """
    if source.defined is not None:
        yield asked_of(source, groups, *times, only.names)
        return
    known = lake_groups(source.lake)
    some: list[str] = []
    volumes = 0
    for group in groups:
        some.append(group)
        volumes += len(known[group][-1].definition.members) if group in known else 0
        if volumes >= _VOLUMES_AT_ONCE:
            yield asked_of(source, some, *times, only.names, known)
            some, volumes = [], 0
    if some:
        yield asked_of(source, some, *times, only.names, known)


class _Rows(NamedTuple):
    """Rows of one group by volume and first track; `data` has their bitmaps, which were checked."""

    group: str
    names: Sequence[str]
    volume: Numbers
    first_track: Numbers
    start_us: Numbers
    seconds: Numbers
    volume_bytes: Numbers
    track_bytes: Numbers
    data: memoryview
    edges: Numbers
    writes: Numbers
    written_bytes: Numbers
    tracks_sum: Numbers
    bytes_sum: Numbers
    covered_us: Numbers


@dataclass(slots=True)
class _Volume:
    """One volume so far.

    Its bitmaps are kept as bytes, each in one piece: the many small pieces of a union, among the large ones
    that it frees, leave holes that are several times what they hold.
    """

    track_bytes: int
    volume_bytes: int = -1
    newest_us: int = -(1 << 62)
    bits: dict[int, bytes] = field(default_factory=dict)
    tracks_sum: int = 0
    bytes_sum: int = 0
    writes: int | None = 0
    written_bytes: int | None = 0
    covered_us: int = 0

    def done(self, name: str) -> VolumeChanges:
        united = [(first, BitMap.deserialize(self.bits[first])) for first in sorted(self.bits)]
        changes = Changes(
            volumes=1,
            changed_tracks_sum=self.tracks_sum,
            changed_tracks_or=sum(len(bits) for _, bits in united),
            changed_bytes_sum=self.bytes_sum,
            changed_bytes_or=sum(self.bytes_of(bits, first) for first, bits in united),
            writes=self.writes,
            written_bytes=self.written_bytes,
        )
        return VolumeChanges(name, self.covered_us, changes)

    def bytes_of(self, bits: BitMap, first: int) -> int:
        """What these tracks hold; the last of the volume may be short."""
        size = self.track_bytes
        short = -self.volume_bytes % size if self.volume_bytes > 0 else 0
        place = (self.volume_bytes - 1) // size - first
        return len(bits) * size - (short if short and 0 <= place < PART_TRACKS and place in bits else 0)


@dataclass(slots=True)
class _Group:
    """One group so far: by start and seconds of an interval how many volumes it has, and what is covered."""

    volumes: dict[str, _Volume] = field(default_factory=dict)
    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    covered_us: dict[tuple[int, int], int] = field(default_factory=dict)

    def done(self, name: str, *, of_all: bool) -> UnitedRange:
        intervals = []
        for (start_us, seconds), count in sorted(self.counts.items()):
            whole = (len(self.volumes) if of_all else count) * seconds * US
            share = min(self.covered_us.get((start_us, seconds), 0) / whole, 1.0)
            intervals.append(StoredInterval(start_us, seconds, seconds, None, np.array([share])))
        volumes = [volume.done(each) for each, volume in sorted(self.volumes.items())]
        largest = max((volume.track_bytes for volume in self.volumes.values()), default=0)
        return UnitedRange(StoredRange(name, tuple(intervals)), volumes, largest)


def _note_intervals(found: dict[str, _Group], chosen: Chosen) -> None:
    """How many volumes each interval has."""
    order = np.lexsort((chosen.volume, chosen.seconds, chosen.start_us, chosen.group))
    columns = [each[order] for each in (chosen.group, chosen.start_us, chosen.seconds, chosen.volume)]
    single = heads_of(*columns)
    interval = [each[single] for each in columns[:3]]
    heads = np.flatnonzero(heads_of(*interval))
    counts = np.diff(heads, append=len(interval[0]))
    rows = zip(*(each[heads].tolist() for each in interval), counts.tolist(), strict=True)
    for group, start_us, seconds, count in rows:
        known = found.setdefault(chosen.groups[group], _Group()).counts
        known[start_us, seconds] = known.get((start_us, seconds), 0) + count


def _counted(source: LakeSource, parts: Sequence[RowGroup], chosen: Chosen) -> Iterator[_Rows]:
    if not len(chosen):
        return
    joined = needs_joining(chosen)
    if joined.any():
        yield from _joined(source, parts, chosen.some(joined))
        chosen = chosen.some(~joined)
    chosen = chosen.some(np.lexsort((chosen.first_track, chosen.volume, chosen.group)))
    batch = batches(parts, chosen, _AT_ONCE_BYTES)
    for number in np.unique(batch).tolist():
        some = chosen.some(np.flatnonzero(batch == number))
        rows = checked_rows(source, parts, some)
        covered = np.zeros(len(some), np.int64)
        np.add.at(covered, rows.span_row, rows.span_end - rows.span_start)
        heads = np.flatnonzero(heads_of(some.group)).tolist()
        for low, high in pairwise([*heads, len(some)]):
            yield _Rows(
                group=some.groups[int(some.group[low])],
                names=some.names,
                volume=some.volume[low:high],
                first_track=some.first_track[low:high],
                start_us=some.start_us[low:high],
                seconds=some.seconds[low:high],
                volume_bytes=rows.volume_bytes[low:high],
                track_bytes=some.track_bytes[low:high],
                data=rows.data,
                edges=rows.edges[low : high + 1],
                writes=rows.writes[low:high],
                written_bytes=rows.written_bytes[low:high],
                tracks_sum=rows.tracks_sum[low:high],
                bytes_sum=rows.bytes_sum[low:high],
                covered_us=covered[low:high],
            )


def _joined(source: LakeSource, parts: Sequence[RowGroup], chosen: Chosen) -> Iterator[_Rows]:
    """The same of a day on which rows of one volume and interval are first made one."""
    for part in day_parts(source, parts, chosen, Heads.none()):
        count = len(part.volume)
        unknown = np.full(count, -1)
        covered = np.zeros(count, np.int64)
        np.add.at(covered, part.span_row, part.span_end - part.span_start)
        yield _Rows(
            group=part.head.group,
            names=part.names.to_pylist(),
            volume=part.volume,
            first_track=part.first_track.astype(np.int64),
            start_us=np.full(count, part.head.start_us),
            seconds=np.full(count, part.head.rung_seconds),
            volume_bytes=part.volume_bytes,
            track_bytes=part.track_bytes,
            data=memoryview(part.data),
            edges=part.edges,
            writes=part.writes,
            written_bytes=part.written_bytes,
            tracks_sum=unknown,
            bytes_sum=unknown,
            covered_us=covered,
        )


def _take(found: dict[str, _Group], rows: _Rows, extents: Extents | None) -> None:
    group = found[rows.group]
    _note_covered(group, rows)
    heads = np.flatnonzero(heads_of(rows.volume, rows.first_track)).tolist()
    for low, high in pairwise([*heads, len(rows.volume)]):
        name = rows.names[int(rows.volume[low])]
        size = int(rows.track_bytes[low])
        volume = group.volumes.setdefault(name, _Volume(size))
        others = rows.track_bytes[low:high][rows.track_bytes[low:high] != volume.track_bytes]
        if len(others):
            raise ValueError(
                f"track_bytes of {name} changes from {volume.track_bytes} to {int(others[0])} in this range; "
                "report the ranges before and after the change apart"
            )
        _add(volume, rows, low, high, None if extents is None else extents[name])


def _note_covered(group: _Group, rows: _Rows) -> None:
    order = np.lexsort((rows.seconds, rows.start_us))
    start_us, seconds, covered_us = rows.start_us[order], rows.seconds[order], rows.covered_us[order]
    heads = np.flatnonzero(heads_of(start_us, seconds))
    sums = np.add.reduceat(covered_us, heads).tolist()
    for start, length, more in zip(start_us[heads].tolist(), seconds[heads].tolist(), sums, strict=True):
        group.covered_us[start, length] = group.covered_us.get((start, length), 0) + more


def _add(
    volume: _Volume, rows: _Rows, low: int, high: int, extents: Sequence[tuple[int, int]] | None
) -> None:
    """Adds the rows of one chunk of a volume."""
    first = int(rows.first_track[low])
    bits = [
        BitMap.deserialize(bytes(rows.data[start:end]))
        for start, end in pairwise(rows.edges[low : high + 1].tolist())
    ]
    is_cut = False
    if extents is not None:
        bits, is_cut = _cut(bits, _mask(extents, volume.track_bytes, first))
    at = low + int(np.argmax(rows.start_us[low:high]))
    if (start_us := int(rows.start_us[at])) >= volume.newest_us:
        volume.newest_us, volume.volume_bytes = start_us, int(rows.volume_bytes[at])
    if is_cut or (rows.tracks_sum[low:high] < 0).any():
        volume.tracks_sum += sum(map(len, bits))
        volume.bytes_sum += sum(volume.bytes_of(each, first) for each in bits)
    else:
        volume.tracks_sum += int(rows.tracks_sum[low:high].sum())
        volume.bytes_sum += int(rows.bytes_sum[low:high].sum())
    known = [BitMap.deserialize(volume.bits[first])] if first in volume.bits else []
    volume.bits[first] = BitMap.union(*known, *bits).serialize()
    volume.writes = _plus(volume.writes, rows.writes[low:high], is_cut=is_cut)
    volume.written_bytes = _plus(volume.written_bytes, rows.written_bytes[low:high], is_cut=is_cut)
    volume.covered_us += int(rows.covered_us[low:high].sum())


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
