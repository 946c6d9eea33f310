"""Marking: accepted writes and folds of one message go into one interval."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.groups import Definition, Member
from streams.model.messages import Fold
from streams.model.opentable import OpenInterval, VolumeTable, slot_of
from streams.model.tracks import clip_extents, track_spans
from streams.model.writes import WriteBatch, volume_id

__all__ = ["mark_fold", "mark_writes"]

Rows = NDArray[np.int64]


def mark_writes(
    interval: OpenInterval, writes: WriteBatch, rows: Rows, array: str, definition: Definition, start_us: int
) -> tuple[int, int]:
    """Puts the chosen rows, all inside the interval and known to the definition, into the interval.

    Returns how many writes counted, discards aside, and how many rows of either kind lie outside the extents
    that the group takes of their volume.
    """
    written = outside = 0
    if writes.discard is not None:
        discards = rows[writes.discard[rows]]
        rows = rows[~writes.discard[rows]]
        for name, mine in _by_volume(writes, discards):
            member = definition.by_id[volume_id(array, name)]
            outside += len(mine) - _discard_volume(interval, writes, mine, member, definition)
    for name, mine in _by_volume(writes, rows):
        member = definition.by_id[volume_id(array, name)]
        count = _mark_volume(interval, writes, mine, member, definition, start_us)
        written += count
        outside += len(mine) - count
    return written, outside


def mark_fold(
    interval: OpenInterval, fold: Fold, member: Member, definition: Definition, start_us: int
) -> None:
    """ORs a fold that lies inside the interval into its volume's table and adds its counts."""
    geometry = definition.geometry
    factor = geometry.track_bytes // fold.track_bytes
    tracks = fold.tracks if factor == 1 else fold.tracks.coarsen(factor)
    writes, written_bytes = fold.writes, fold.written_bytes
    if member.extents is not None:
        inside = tracks.restrict(
            (offset // geometry.track_bytes, -(-(offset + length) // geometry.track_bytes))
            for offset, length in member.extents
        )
        if len(inside) < len(tracks):
            tracks, writes, written_bytes = inside, None, None
    interval.volume(member.id).merge(VolumeTable(tracks, writes, written_bytes))
    _count_slot(interval, fold, written_bytes, start_us, geometry.slot_seconds)


def _count_slot(
    interval: OpenInterval, fold: Fold, written_bytes: int | None, start_us: int, slot_seconds: int
) -> None:
    first, last = slot_of(np.array([fold.start_us, fold.end_us - 1]), start_us, slot_seconds).tolist()
    if interval.slots is None or written_bytes == 0:
        return
    if written_bytes is None or first != last:
        interval.slots = None
    else:
        interval.slots[first] += written_bytes


def _discard_volume(
    interval: OpenInterval, writes: WriteBatch, rows: Rows, member: Member, definition: Definition
) -> int:
    """Counts the discards of one volume; how many lie inside its extents."""
    offset, length, _, count = _taken(writes, rows, member)
    interval.discards += count
    if definition.geometry.discards_mark:
        interval.volume(member.id).tracks.mark(*track_spans(offset, length, definition.geometry.track_bytes))
    return count


def _mark_volume(
    interval: OpenInterval,
    writes: WriteBatch,
    rows: Rows,
    member: Member,
    definition: Definition,
    start_us: int,
) -> int:
    """Marks and counts the writes of one volume; how many lie inside its extents."""
    geometry = definition.geometry
    offset, length, taken_bytes, count = _taken(writes, rows, member)
    table = interval.volume(member.id)
    table.tracks.mark(*track_spans(offset, length, geometry.track_bytes))
    table.count(count, int(taken_bytes.sum()))
    if interval.slots is not None:
        slots = slot_of(writes.time_us[rows], start_us, geometry.slot_seconds)
        np.add.at(interval.slots, slots, taken_bytes.astype(np.int64))
    return count


def _taken(
    writes: WriteBatch, rows: Rows, member: Member
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], int]:
    """What the group takes of the rows: extents that cover it, bytes of each row, and of how many rows."""
    offset, length = writes.offset_bytes[rows], writes.length_bytes[rows].astype(np.uint64)
    if member.extents is None:
        return offset, length, length, len(rows)
    clipped = clip_extents(offset, length, member.extents)
    count = int(np.count_nonzero(clipped.inside))
    return clipped.offset_bytes, clipped.length_bytes, clipped.inside_bytes, count


def _by_volume(writes: WriteBatch, rows: Rows) -> list[tuple[str, Rows]]:
    """The rows of each volume that occurs; a pass over volumes, never over writes."""
    if not len(rows):
        return []
    codes = writes.volume_codes[rows]
    if len(writes.volumes) == 1:
        return [(writes.volumes[0], rows)]
    order = np.argsort(codes, kind="stable")
    rows, codes = rows[order], codes[order]
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(rows)]
    return [(writes.volumes[int(codes[start])], rows[start:end]) for start, end in pairwise(edges)]
