"""Stored tables of a range volume by volume, without an object for each entry: what long reports read.

`read_intervals` gives whole intervals as values, which suits a few of them. A month of a large group is
millions of entries: here they stay the columns that they were stored as, and a volume's bitmaps become its
history only when it is that volume's turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import US, Span
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History, history_of_parts
from streams.store.definitions import group_versions
from streams.store.reading import read_topic
from streams.store.source import Source
from streams.store.summaries import in_range
from streams.wire.keys import parse_table_key
from streams.wire.table_columns import TableColumns, read_table_columns

__all__ = ["StoredInterval", "StoredRange", "StoredVolume", "read_stored"]

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The rows of one message: as in `TableColumns`, with the time that agents vouch for in each."""

    volume: list[str]
    volume_bytes: Numbers
    track_bytes: Numbers
    first_track: Numbers
    edges: Numbers
    data: bytes
    writes: Numbers
    written_bytes: Numbers
    vouched_us: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class StoredInterval:
    """One base interval without its tables. `covered_by_slot` is the share of each slot's volume-seconds."""

    start_us: int
    slot_seconds: int
    written_bytes_by_slot: tuple[int | None, ...] | None
    covered_by_slot: Shares
    parts: tuple[_Part, ...]


class _Rows(NamedTuple):
    """Rows of several messages, column by column. `low..high` is the place of a bitmap in its message."""

    part: Numbers
    start_us: Numbers
    volume_bytes: Numbers
    track_bytes: Numbers
    first_track: Numbers
    low: Numbers
    high: Numbers
    writes: Numbers
    written_bytes: Numbers
    vouched_us: Numbers

    def some(self, places: Numbers) -> _Rows:
        """The rows at these places."""
        return _Rows(*(column[places] for column in self))


@dataclass(frozen=True, slots=True, eq=False)
class StoredVolume:
    """One volume over the range: its counts, and its bitmaps as `(start_us, first_track, portable bytes)`.

    `writes` and `written_bytes` are None where a source could not count them.
    """

    volume: str
    volume_bytes: int | None
    track_bytes: int
    writes: int | None
    written_bytes: int | None
    vouched_us: int
    bitmaps: list[tuple[int, int, bytes]]

    def history(self, grid: Grid) -> History:
        """Its history on a grid that holds all of its intervals."""
        step_us = grid.interval_seconds * US
        parts = [((start - grid.start_us) // step_us, first, data) for start, first, data in self.bitmaps]
        return history_of_parts(grid, self.volume, self.volume_bytes, self.track_bytes, parts)


@dataclass(frozen=True, slots=True, eq=False)
class StoredRange:
    """The base intervals of one group that were found in a range, ordered by start."""

    group: str
    interval_seconds: int
    intervals: tuple[StoredInterval, ...]

    def within(self, spans: Sequence[Span]) -> StoredRange:
        """Only the intervals that lie inside one of the spans, which are sorted and disjoint."""
        starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
        kept = []
        for interval in self.intervals:
            place = int(np.searchsorted(starts, interval.start_us, "right")) - 1
            if place >= 0 and interval.start_us + self.interval_seconds * US <= ends[place]:
                kept.append(interval)
        return replace(self, intervals=tuple(kept))

    def volumes(self, wanted: Collection[str] | None = None) -> Iterator[StoredVolume]:
        """The volumes one at a time, by name; `wanted` chooses some of them.

        Raises:
            ValueError: the track size of a volume changes in the range.
        """
        parts = [(each.start_us, part) for each in self.intervals for part in each.parts]
        if not parts:
            return
        names, code = _codes([part for _, part in parts])
        order = np.argsort(code, kind="stable")
        edges = np.searchsorted(code[order], np.arange(len(names) + 1))
        rows, data = _joined(parts), [part.data for _, part in parts]
        for number in sorted(range(len(names)), key=names.__getitem__):
            if wanted is None or names[number] in wanted:
                own = rows.some(order[edges[number] : edges[number + 1]])
                yield _volume(names[number], own, data)


def read_stored(
    source: Source, group: str, from_us: int | None = None, to_us: int | None = None
) -> StoredRange | None:
    """The base intervals of the group that start in the range, each in its newest complete revision.

    None for a known group that nothing was measured of in the range.

    Raises:
        MissingData: there is no such group.
    """
    found: dict[int, dict[int, dict[int, dict[int, TableColumns]]]] = {}
    is_known = False
    before: TableColumns | None = None
    for record in read_topic(source, "tables", group=group):
        is_known = True
        key = parse_table_key(record.key)
        if record.value is None or not in_range(key.start_us, from_us, to_us):
            continue
        before = _sharing(read_table_columns(record.value), before)
        revisions = found.setdefault(key.rung_seconds, {}).setdefault(key.start_us, {})
        revisions.setdefault(key.revision, {})[key.part] = before
    if not is_known:
        group_versions(source, group)
    if not found:
        return None
    interval_seconds = min(found)  # tables of rungs, if anybody asked for them, are longer
    starts = found[interval_seconds]
    newest = [_newest_complete(starts.pop(start)) for start in sorted(starts)]
    intervals = tuple(_interval(parts) for parts in newest if parts)
    return StoredRange(group, interval_seconds, intervals) if intervals else None


def _sharing(columns: TableColumns, before: TableColumns | None) -> TableColumns:
    """The columns, with those of the message before in place of equal ones: most repeat every interval."""
    if before is None:
        return columns
    same = {}
    for name in ("volume", "volume_bytes", "track_bytes", "first_track"):
        old, new = getattr(before, name), getattr(columns, name)
        if len(old) == len(new) and (old == new if name == "volume" else (old == new).all()):
            same[name] = old
    return replace(columns, **same)


def _newest_complete(revisions: dict[int, dict[int, TableColumns]]) -> list[TableColumns]:
    """The parts of the newest revision that has all of them, in order; none where no revision has."""
    for revision in sorted(revisions, reverse=True):
        parts = [revisions[revision][part] for part in sorted(revisions[revision])]
        if len(parts) == parts[0].head.parts:
            return parts
    return []


def _interval(parts: list[TableColumns]) -> StoredInterval:
    head = parts[0].head
    return StoredInterval(
        start_us=head.start_us,
        slot_seconds=head.slot_seconds,
        written_bytes_by_slot=head.slots,
        covered_by_slot=_covered_by_slot(parts),
        parts=tuple(map(_kept, parts)),
    )


def _kept(columns: TableColumns) -> _Part:
    vouched = np.zeros(len(columns.volume), np.int64)
    np.add.at(vouched, columns.span_row, columns.span_end - columns.span_start)
    kept = {each.name: getattr(columns, each.name) for each in fields(_Part) if each.name != "vouched_us"}
    return _Part(**kept, vouched_us=vouched)


def _covered_by_slot(parts: list[TableColumns]) -> Shares:
    """The mean over the volumes of how much of each slot is vouched for."""
    head = parts[0].head
    slot_us = head.slot_seconds * US
    edges = head.start_us + np.arange(head.rung_seconds // head.slot_seconds + 1) * slot_us
    spans = np.stack(
        [np.concatenate([getattr(p, side) for p in parts]) for side in ("span_start", "span_end")]
    )
    volumes = len({name for part in parts for name in part.volume})
    if not volumes or not spans.size:
        return np.zeros(len(edges) - 1)
    # The volumes of an array share their agents' spans, so a few distinct ones stand for all of them.
    distinct, counts = np.unique(spans, axis=1, return_counts=True)
    until = np.clip(edges[:, None], *distinct) - distinct[0]
    shares: Shares = np.minimum(np.diff(until @ counts) / (slot_us * volumes), 1.0)
    return shares


def _codes(parts: Sequence[_Part]) -> tuple[list[str], Numbers]:
    """The names of all volumes, and for every row which of them it is of."""
    numbers: dict[str, int] = {}
    codes: list[Numbers] = []
    before: list[str] | None = None
    for part in parts:
        if part.volume is not before:
            known = [numbers.setdefault(name, len(numbers)) for name in part.volume]
        codes.append(np.array(known, np.int32) if part.volume is not before else codes[-1])
        before = part.volume
    return list(numbers), np.concatenate(codes)


def _joined(parts: Sequence[tuple[int, _Part]]) -> _Rows:
    counts = [len(part.volume) for _, part in parts]
    columns = ("volume_bytes", "track_bytes", "first_track", "writes", "written_bytes", "vouched_us")
    joined = {name: np.concatenate([getattr(part, name) for _, part in parts]) for name in columns}
    return _Rows(
        part=np.repeat(np.arange(len(parts), dtype=np.int32), counts),
        start_us=np.repeat(np.array([start_us for start_us, _ in parts], np.int64), counts),
        low=np.concatenate([part.edges[:-1] for _, part in parts]),
        high=np.concatenate([part.edges[1:] for _, part in parts]),
        **joined,
    )


def _volume(name: str, rows: _Rows, data: Sequence[bytes]) -> StoredVolume:
    track_bytes, size = int(rows.track_bytes[-1]), int(rows.volume_bytes[-1])
    if (other := rows.track_bytes[rows.track_bytes != track_bytes]).size:
        raise ValueError(
            f"track_bytes of {name} changes from {other[0]} to {track_bytes} in this range; "
            "report the ranges before and after the change apart"
        )
    places = (column.tolist() for column in (rows.start_us, rows.first_track, rows.part, rows.low, rows.high))
    return StoredVolume(
        volume=name,
        volume_bytes=None if size < 0 else size,
        track_bytes=track_bytes,
        writes=_sum_known(rows.writes),
        written_bytes=_sum_known(rows.written_bytes),
        vouched_us=int(rows.vouched_us.sum()),
        bitmaps=[
            (start_us, first, data[part][low:high])
            for start_us, first, part, low, high in zip(*places, strict=True)
        ],
    )


def _sum_known(counts: Numbers) -> int | None:
    return None if (counts < 0).any() else int(counts.sum())
