"""Marking: accepted writes and folds of one message go into one interval.

The writes of all volumes go through together: nothing here loops over writes, and what loops over volumes is
short.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.batchmembers import BatchMembers
from streams.model.counts import sum_by_group
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.messages import Fold
from streams.model.opentable import OpenInterval, slot_of
from streams.model.tracks import Extents, clip_extents, track_spans
from streams.model.volumetables import VolumeTable
from streams.model.writes import Codes, WriteBatch

__all__ = ["mark_fold", "mark_in_one_pass", "mark_writes"]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a group takes of some writes: extents that cover it, with the codes of their volumes.

    `inside` says of every write whether anything of it is taken (None: of all), `inside_bytes` how much.
    """

    codes: Codes
    offset_bytes: Extents
    length_bytes: Extents
    inside: NDArray[np.bool_] | None
    inside_bytes: Extents

    @property
    def writes(self) -> int:
        """How many writes are taken."""
        return len(self.inside_bytes) if self.inside is None else int(np.count_nonzero(self.inside))


def mark_writes(
    interval: OpenInterval, writes: WriteBatch, members: BatchMembers, geometry: Geometry, start_us: int
) -> tuple[int, int]:
    """Puts writes, all inside the interval that starts at `start_us`, into it.

    `members` are those of the writes; the definition has all of them. Returns how many writes counted,
    discards aside, and how many rows of either kind lie outside the extents that the group takes of their
    volume.
    """
    if not len(writes):
        return 0, 0
    outside = 0
    if writes.discard is not None:
        discards = writes.take(writes.discard)
        outside += len(discards) - _discard(interval, discards, members, geometry)
        writes = writes.take(~writes.discard)
    taken = _take(writes, members)
    _mark_tracks(interval, taken, members, geometry)
    _count_volumes(interval, writes, taken, members)
    _count_slots(interval, writes, taken, start_us, geometry.slot_seconds)
    return taken.writes, outside + len(writes) - taken.writes


def mark_in_one_pass(
    interval: OpenInterval, writes: WriteBatch, array: str, definition: Definition, start_us: int
) -> NDArray[np.intp]:
    """As `mark_writes`, in one pass, as far as the writes and the kernel allow it; the rows that are left.

    The writes, of an array's volumes, passed the stateless checks and are collected: each is inside the
    interval that starts at `start_us`. With what is left nothing was done.
    """
    return interval.volumes.mark_in_one_pass(writes, array, definition, start_us, interval.slots.room())


def mark_fold(
    interval: OpenInterval, fold: Fold, member: Member, definition: Definition, start_us: int
) -> None:
    """ORs a fold that lies inside the interval into its volume's table and adds its counts."""
    geometry = definition.geometry
    factor = geometry.track_bytes // fold.track_bytes
    tracks = fold.tracks if factor == 1 else fold.tracks.coarsen(factor)
    writes, written_bytes = fold.writes, fold.written_bytes
    if member.extents is not None:
        inside = tracks.inside_runs(*definition.tracks_taken[member.id])
        if len(inside) < len(tracks):
            tracks, writes, written_bytes = inside, None, None
    interval.volumes.put(member.id, VolumeTable(tracks, writes, written_bytes))
    _count_slot(interval, fold, written_bytes, start_us, geometry.slot_seconds)


def _count_slot(
    interval: OpenInterval, fold: Fold, written_bytes: int | None, start_us: int, slot_seconds: int
) -> None:
    first, last = (
        (time_us - start_us) // (slot_seconds * US) for time_us in (fold.start_us, fold.end_us - 1)
    )
    if written_bytes == 0:
        return
    if written_bytes is None or first != last:
        interval.slots.forget()
    else:
        interval.slots.add(first, written_bytes)


def _discard(interval: OpenInterval, discards: WriteBatch, members: BatchMembers, geometry: Geometry) -> int:
    """Counts discards; how many lie inside the extents."""
    taken = _take(discards, members)
    interval.discards += taken.writes
    if geometry.discards_mark:
        _mark_tracks(interval, taken, members, geometry)
    return taken.writes


def _mark_tracks(interval: OpenInterval, taken: _Taken, members: BatchMembers, geometry: Geometry) -> None:
    if not len(taken.length_bytes):
        return
    codes = taken.codes if taken.length_bytes.min() else taken.codes[taken.length_bytes > 0]
    numbers = np.array([interval.volumes.number(volume) for volume in members.ids], np.uint64)
    spans = track_spans(taken.offset_bytes, taken.length_bytes, geometry.track_bytes)
    interval.volumes.mark(members.by_code(numbers).take(codes), *spans)


def _count_volumes(interval: OpenInterval, writes: WriteBatch, taken: _Taken, members: BatchMembers) -> None:
    codes, size = writes.volume_codes, int(members.codes[-1]) + 1
    counts = members.writes
    if taken.inside is not None or len(writes) < members.rows:
        inside = codes if taken.inside is None else codes[taken.inside]
        counts = np.bincount(inside, minlength=size)[members.codes]
    sizes_bytes = sum_by_group(codes, taken.inside_bytes, size)[members.codes]
    for volume, count, size_bytes in zip(members.ids, counts.tolist(), sizes_bytes.tolist(), strict=True):
        interval.volumes.count(volume, count, size_bytes)


def _count_slots(
    interval: OpenInterval, writes: WriteBatch, taken: _Taken, start_us: int, slot_seconds: int
) -> None:
    if not len(writes):
        return
    edges_us = np.array([writes.time_us.min(), writes.time_us.max()])
    first, last = slot_of(edges_us, start_us, slot_seconds).tolist()
    if first == last:  # as in most messages of a busy agent
        interval.slots.add(first, int(taken.inside_bytes.sum(dtype=np.uint64)))
        return
    slots = slot_of(writes.time_us, start_us, slot_seconds)
    interval.slots.add_rows(slots, taken.inside_bytes)


def _take(writes: WriteBatch, members: BatchMembers) -> _Taken:
    """The writes as far as the group takes them; of most volumes it takes all."""
    codes, offset, length = writes.volume_codes, writes.offset_bytes, writes.length_bytes
    found = zip(members.codes.tolist(), members.members, strict=True)
    limits = {code: member.extents for code, member in found if member and member.extents is not None}
    if not limits:
        return _Taken(codes, offset, length, None, length)
    limited = np.isin(codes, list(limits))
    inside, inside_bytes = ~limited, np.where(limited, 0, length).astype(np.uint64)
    pieces = [(codes[inside], offset[inside], length[inside].astype(np.uint64))]
    for code, rows in _by_volume(codes, np.flatnonzero(limited)):
        clipped = clip_extents(offset[rows], length[rows].astype(np.uint64), limits[code])
        inside[rows], inside_bytes[rows] = clipped.inside, clipped.inside_bytes
        same = np.full(len(clipped.offset_bytes), code, codes.dtype)
        pieces.append((same, clipped.offset_bytes, clipped.length_bytes))
    code_column, offset_column, length_column = map(np.concatenate, zip(*pieces, strict=True))
    return _Taken(code_column, offset_column, length_column, inside, inside_bytes)


def _by_volume(codes: Codes, rows: NDArray[np.intp]) -> list[tuple[int, NDArray[np.intp]]]:
    """The rows of each volume that occurs, by its code."""
    order = np.argsort(codes[rows], kind="stable")
    rows = rows[order]
    edges = np.flatnonzero(np.diff(codes[rows], prepend=-1))
    return [(int(codes[rows[start]]), rows[start:end]) for start, end in pairwise([*edges, len(rows)])]
