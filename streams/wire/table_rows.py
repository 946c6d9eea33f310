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
from streams.model.counts import sum_known
from streams.model.entries import Entry
from streams.model.intervals import Span
from streams.wire.bitmaps import EMPTY_BITMAP, bitmap_parts, read_bitmaps

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


def rows_of(entry: Entry) -> Iterator[Row]:
    """The rows of one volume, the one with the counts first."""
    parts = bitmap_parts(entry.tracks)
    spans = entry.covered
    chunks = [spans[start : start + _SPANS_PER_ROW] for start in range(0, len(spans), _SPANS_PER_ROW)]
    writes, written_bytes = entry.writes, entry.written_bytes
    for part, covered in zip_longest(parts, chunks):
        first_track, tracks = part or (0, EMPTY_BITMAP)
        changed_tracks, changed_bytes = _changed(entry, first_track, parts=len(parts)) if part else (0, 0)
        yield Row(
            volume=entry.volume,
            volume_bytes=entry.volume_bytes,
            track_bytes=entry.track_bytes,
            first_track=first_track,
            tracks=tracks,
            changed_tracks=changed_tracks,
            changed_bytes=changed_bytes,
            writes=writes,
            written_bytes=written_bytes,
            covered=covered or (),
        )
        writes, written_bytes = (None if count is None else 0 for count in (writes, written_bytes))


def _changed(entry: Entry, first_track: int, *, parts: int) -> tuple[int, int]:
    """Tracks and bytes of one of the parts of a volume's table."""
    if parts == 1:
        return entry.changed_tracks, entry.changed_bytes
    return entry.tracks.changed_in_part(first_track, entry.track_bytes, entry.volume_bytes)


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
