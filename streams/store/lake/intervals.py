"""Intervals of the lake as values, for those who want rows and not figures over a range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition
from streams.wire.table_columns import TableColumns

__all__ = ["inside_definition", "intervals_of_parts"]


def intervals_of_parts(parts: Iterable[TableColumns]) -> list[Interval]:
    """The intervals of all parts of one group, ordered by start, their entries by volume."""
    found: dict[tuple[int, int], list[TableColumns]] = {}
    for part in parts:
        found.setdefault((part.head.start_us, part.head.rung_seconds), []).append(part)
    return [_interval(found[place]) for place in sorted(found)]


def inside_definition(interval: Interval, defined: Definition) -> Interval:
    """What of the interval lies inside the extents of a group that was defined afterwards.

    What was written to a part of a volume was not counted apart: its counts are unknown.
    """
    members = defined.by_id
    entries = [
        entry if (extents := members[entry.volume].extents) is None else _inside(entry, extents)
        for entry in interval.entries
    ]
    return replace(interval, entries=tuple(entries))


def _inside(entry: Entry, extents: Sequence[tuple[int, int]]) -> Entry:
    tracks, size = entry.tracks.tracks(), entry.track_bytes
    inside = np.zeros(len(tracks), np.bool_)
    for offset, length in extents:
        inside |= (tracks >= offset // size) & (tracks <= (offset + length - 1) // size)
    if inside.all():
        return entry
    table = BitTable.of(tracks[inside].tolist())
    return replace(entry, tracks=table, writes=None, written_bytes=None)


def _interval(parts: list[TableColumns]) -> Interval:
    head = min(parts, key=lambda part: part.head.part).head
    entries = sorted((entry for part in parts for entry in _entries(part)), key=lambda entry: entry.volume)
    return Interval(
        group=head.group,
        definition_version=head.definition_version,
        rung_seconds=head.rung_seconds,
        start_us=head.start_us,
        revision=max(part.head.revision for part in parts),
        partial=head.partial,
        entries=tuple(entries),
        slot_seconds=head.slot_seconds,
        written_bytes_by_slot=head.slots,
        discards=head.discards,
        late_writes=head.late_writes,
    )


def _entries(part: TableColumns) -> Iterator[Entry]:
    names = part.names.to_pylist()
    heads = np.flatnonzero(np.concatenate([[True], part.volume[1:] != part.volume[:-1]]))
    for low, high in pairwise([*heads.tolist(), len(part.volume)]):
        edges = part.edges[low : high + 1].tolist()
        bits = [
            (int(first), bytes(part.data[start:end]))
            for first, (start, end) in zip(part.first_track[low:high], pairwise(edges), strict=True)
        ]
        inside = slice(*np.searchsorted(part.span_row, [low, high]).tolist())
        covered = zip(part.span_start[inside].tolist(), part.span_end[inside].tolist(), strict=True)
        size = int(part.volume_bytes[low])
        yield Entry(
            volume=names[int(part.volume[low])],
            volume_bytes=None if size < 0 else size,
            track_bytes=int(part.track_bytes[low]),
            tracks=BitTable.from_parts(bits),
            writes=_known(part.writes[low:high]),
            written_bytes=_known(part.written_bytes[low:high]),
            covered=list(covered),
        )


def _known(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> int | None:
    return None if (counts < 0).any() else int(counts.sum())
