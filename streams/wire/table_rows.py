"""Rows of a table message: one and more for every volume, and back to entries.

A volume whose tracks or covered spans are too many for one row goes on in the next: counts and the first
covered spans stand on its first row, later rows carry 0 (null where unknown) and what is left of the spans.
So counts add up over rows, bitmaps are united, spans are joined. An idle volume has one row with an empty
bitmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS
from streams.model.counts import sum_known
from streams.model.entries import Entry
from streams.model.intervals import Span
from streams.model.parts import Part, parts_of
from streams.wire.bitmaps import EMPTY_BITMAP, read_bitmaps

__all__ = ["SCHEMA", "Row", "batch_of", "entries_of", "require_rows", "rows_of"]

_TIME = pa.timestamp("us", "UTC")
_SPAN = pa.struct([pa.field("start", _TIME, nullable=False), pa.field("end", _TIME, nullable=False)])
SCHEMA = pa.schema(
    [
        pa.field("volume", pa.string(), nullable=False),
        pa.field("volume_bytes", pa.uint64()),
        pa.field("track_bytes", pa.uint64(), nullable=False),
        pa.field("first_track", pa.uint64(), nullable=False),
        pa.field("tracks", pa.binary(), nullable=False),
        pa.field("changed_tracks", pa.uint64(), nullable=False),
        pa.field("changed_bytes", pa.uint64(), nullable=False),
        pa.field("writes", pa.uint64()),
        pa.field("written_bytes", pa.uint64()),
        pa.field("covered", pa.list_(pa.field("item", _SPAN, nullable=False)), nullable=False),
    ]
)
"""The contract of the rows, in order; other columns are refused."""

_ROW_BYTES = 128  # fixed columns, offsets and validity of a row, and its share of padding, generously
_SPAN_BYTES = 16
_SPANS_PER_ROW = 4_096
_NO_PART = Part(0, 0, EMPTY_BITMAP)


class Row(NamedTuple):
    """One row: a stretch of tracks of a volume, and its counts or its share of the covered spans."""

    volume: str
    volume_bytes: int | None
    track_bytes: int
    first_track: int
    tracks: bytes
    changed_tracks: int
    changed_bytes: int
    writes: int | None
    written_bytes: int | None
    covered: Sequence[Span]

    def size_bytes(self) -> int:
        """What the row takes in a message, rounded up."""
        return _ROW_BYTES + len(self.volume.encode()) + len(self.tracks) + _SPAN_BYTES * len(self.covered)


def rows_of(entries: Sequence[Entry]) -> Iterator[Row]:
    """The rows of volumes in turn, of each the one with the counts first."""
    for entry, parts in zip(entries, parts_of(entry.tracks for entry in entries), strict=True):
        spans = entry.covered
        if len(parts) == 1 and len(spans) <= _SPANS_PER_ROW:
            yield _row(entry, parts[0], entry.changed_bytes, spans, first=True)
            continue
        chunks = [spans[start : start + _SPANS_PER_ROW] for start in range(0, len(spans), _SPANS_PER_ROW)]
        rows = zip_longest(parts or [_NO_PART], chunks)
        for number, (part, covered) in enumerate(rows):
            mine = part or _NO_PART
            yield _row(entry, mine, _changed_bytes(entry, mine), covered or (), first=number == 0)


def _row(entry: Entry, part: Part, changed_bytes: int, covered: Sequence[Span], *, first: bool) -> Row:
    return Row(
        entry.volume,
        entry.volume_bytes,
        entry.track_bytes,
        part.first_track,
        part.bitmap,
        part.tracks,
        changed_bytes,
        entry.writes if first or entry.writes is None else 0,
        entry.written_bytes if first or entry.written_bytes is None else 0,
        covered,
    )


def _changed_bytes(entry: Entry, part: Part) -> int:
    """The bytes of the tracks of a part; only the last track of a volume may be short."""
    whole = part.tracks * entry.track_bytes
    last = (entry.volume_bytes or 0) // entry.track_bytes
    if not (part.tracks and part.first_track <= last < part.first_track + PART_TRACKS):
        return whole
    return whole - (entry.changed_tracks * entry.track_bytes - entry.changed_bytes)


def batch_of(rows: Sequence[Row]) -> pa.RecordBatch:
    """The rows as a record batch."""
    offsets = list(accumulate((len(row.covered) for row in rows), initial=0))
    edges = [pa.array([span[side] for row in rows for span in row.covered], _TIME) for side in (0, 1)]
    covered = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        pa.StructArray.from_arrays(edges, fields=list(_SPAN)),
        type=SCHEMA.field("covered").type,
    )
    *columns, _ = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)  # the last is `covered`
    plain = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=False)]
    return pa.record_batch([*plain, covered], schema=SCHEMA)


def entries_of(batches: Sequence[pa.RecordBatch]) -> tuple[Entry, ...]:
    """The entries in the batches of all parts, in order.

    Raises:
        MessageError: other columns, nulls, or a bitmap that is none; reason `bad-row`.
    """
    rows = [row for batch in batches for row in _read(batch)]
    return tuple(_entry(list(group)) for _, group in groupby(rows, key=itemgetter("volume")))


def require_rows(batch: pa.RecordBatch) -> None:
    """Refuses a batch that does not keep the contract of the rows.

    Raises:
        MessageError: other columns, or nulls where none may be; reason `bad-row`.
    """
    found = batch.schema.remove_metadata()
    if found != SCHEMA:
        raise MessageError("bad-row", f"columns: expected {_names(SCHEMA)}, found {_names(found)}")
    for field, column in zip(SCHEMA, batch.columns, strict=True):
        if not field.nullable and column.null_count:
            raise MessageError("bad-row", f"column {field.name}: {column.null_count} nulls, expected none")


def _read(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    require_rows(batch)
    columns: dict[str, list[Any]] = {
        field.name: column.to_pylist()
        for field, column in zip(SCHEMA, batch.columns, strict=True)
        if field.name != "covered"
    }
    columns["covered"] = _spans(batch.column("covered"))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _spans(column: pa.ListArray) -> list[list[Span]]:
    spans = column.values
    starts, ends = (spans.field(side).view(pa.int64()).to_pylist() for side in ("start", "end"))
    pairs = list(zip(starts, ends, strict=True))
    offsets = column.offsets.to_pylist()
    return [pairs[start:end] for start, end in pairwise(offsets)]


def _entry(rows: list[dict[str, Any]]) -> Entry:
    first = rows[0]
    try:
        tracks = read_bitmaps((row["first_track"], row["tracks"]) for row in rows)
    except MessageError as error:
        raise MessageError("bad-row", f"volume {first['volume']}: {error.detail}") from None
    return Entry(
        volume=first["volume"],
        volume_bytes=first["volume_bytes"],
        track_bytes=first["track_bytes"],
        tracks=tracks,
        writes=sum_known(row["writes"] for row in rows),
        written_bytes=sum_known(row["written_bytes"] for row in rows),
        covered=[span for row in rows for span in row["covered"]],
    )


def _names(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}{'' if field.nullable else ' not null'}" for field in schema)
