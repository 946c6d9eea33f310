"""What changed in each volume over a range, and rolled up: by controller, by any set of volumes, by data set.

Tracks of different volumes are different, so a controller is the sum of its volumes, in SUM and in OR alike
(claims 15, 16, 22 to 25 of US 6,662,197). Only over time, and over agents that see the same volume, are
tables joined. A volume of which several groups hold parts adds up too, for groups of one report share no
extent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from streams.model.bittable import BitTable
from streams.model.counts import add_known
from streams.model.entries import Entry, Interval
from streams.model.intervals import total_us

__all__ = ["Changes", "VolumeChanges", "by_controller", "by_volume", "total", "within_extents"]

Extents = Mapping[str, Sequence[tuple[int, int]]]
"""`(offset_bytes, length_bytes)` by volume: what a data set consists of."""


@dataclass(frozen=True, slots=True)
class Changes:
    """SUM and OR side by side; writes and written bytes are None where a source could not count them."""

    volumes: int = 0
    changed_tracks_sum: int = 0
    changed_tracks_or: int = 0
    changed_bytes_sum: int = 0
    changed_bytes_or: int = 0
    writes: int | None = 0
    written_bytes: int | None = 0


@dataclass(frozen=True, slots=True)
class VolumeChanges:
    """What changed in one volume; agents vouch for `vouched_us` of the range."""

    volume: str
    vouched_us: int
    changes: Changes


def by_volume(intervals: Iterable[Interval]) -> list[VolumeChanges]:
    """The volumes of one group's base intervals, each interval at one revision; sorted by name.

    Intervals are taken one at a time: memory holds the union of each volume.
    """
    volumes: dict[str, _Volume] = {}
    for interval in intervals:
        for entry in interval.entries:
            volume = volumes.get(entry.volume)
            if volume is None:
                volume = volumes[entry.volume] = _Volume()
            volume.add(entry)
    return [volumes[name].done(name) for name in sorted(volumes)]


def by_controller(volumes: Iterable[VolumeChanges]) -> dict[str, Changes]:
    """The sum over the volumes of each array, sorted by its name; volumes may come from several groups."""
    arrays: dict[str, list[VolumeChanges]] = {}
    for volume in volumes:
        arrays.setdefault(volume.volume.partition("/")[0], []).append(volume)
    return {array: total(arrays[array]) for array in sorted(arrays)}


def total(volumes: Sequence[VolumeChanges]) -> Changes:
    """The sum over volumes; one that several groups hold parts of counts once as a volume."""
    whole = Changes()
    for volume in volumes:
        part = volume.changes
        whole = Changes(
            volumes=0,
            changed_tracks_sum=whole.changed_tracks_sum + part.changed_tracks_sum,
            changed_tracks_or=whole.changed_tracks_or + part.changed_tracks_or,
            changed_bytes_sum=whole.changed_bytes_sum + part.changed_bytes_sum,
            changed_bytes_or=whole.changed_bytes_or + part.changed_bytes_or,
            writes=add_known(whole.writes, part.writes),
            written_bytes=add_known(whole.written_bytes, part.written_bytes),
        )
    return replace(whole, volumes=len({volume.volume for volume in volumes}))


def within_extents(intervals: Iterable[Interval], extents: Extents) -> Iterator[Interval]:
    """The intervals of a data set: of its volumes, the tracks that its extents touch, and nothing else.

    What was written to a part of a volume was not counted apart, so writes and bytes are unknown where an
    extent does not take all that the entry has. An interval without any of the volumes is left out: for the
    data set it is a gap.
    """
    for interval in intervals:
        kept = tuple(
            _within(entry, extents[entry.volume]) for entry in interval.entries if entry.volume in extents
        )
        if kept:
            yield replace(interval, entries=kept, written_bytes_by_slot=None)


def _within(entry: Entry, extents: Sequence[tuple[int, int]]) -> Entry:
    size = entry.track_bytes
    inside = entry.tracks.restrict(
        (offset // size, -(-(offset + length) // size)) for offset, length in extents if length
    )
    if len(inside) == len(entry.tracks):
        return entry
    return replace(entry, tracks=inside, writes=None, written_bytes=None)


class _Volume:
    """The union of a volume's tables and its counters, while intervals come."""

    __slots__ = ("_bytes", "_newest", "_tracks", "_union", "_vouched_us", "_writes", "_written")

    def __init__(self) -> None:
        self._union = BitTable()
        self._tracks = self._bytes = self._vouched_us = 0
        self._writes: int | None = 0
        self._written: int | None = 0
        self._newest: Entry | None = None

    def add(self, entry: Entry) -> None:
        self._newest = entry
        self._vouched_us += total_us(entry.covered)
        self._writes = add_known(self._writes, entry.writes)
        self._written = add_known(self._written, entry.written_bytes)
        if changed := entry.changed_tracks:
            self._union.update(entry.tracks)
            self._tracks += changed
            self._bytes += entry.changed_bytes

    def done(self, name: str) -> VolumeChanges:
        newest = self._newest
        size = 0 if newest is None else self._union.changed_bytes(newest.track_bytes, newest.volume_bytes)
        changes = Changes(
            volumes=1,
            changed_tracks_sum=self._tracks,
            changed_tracks_or=len(self._union),
            changed_bytes_sum=self._bytes,
            changed_bytes_or=size,
            writes=self._writes,
            written_bytes=self._written,
        )
        return VolumeChanges(name, self._vouched_us, changes)
