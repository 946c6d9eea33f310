"""Rows of a table message: one and more for every volume, and back to entries.

A volume whose tracks or covered spans are too many for one row goes on in the next: counts and the first
covered spans stand on its first row, later rows carry 0 (null where unknown) and what is left of the spans.
So counts add up over rows, bitmaps are united, spans are joined. An idle volume has one row with an empty
bitmap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS
from streams.model.counts import sum_known
from streams.model.entries import Entry
from streams.model.intervals import Span
from streams.model.parts import parts_of
from streams.model.runs import spread
from streams.wire.bitmaps import EMPTY_BITMAP, read_bitmaps

__all__ = ["SCHEMA", "Rows", "entries_of", "require_rows", "rows_of"]

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
_PLAIN, _COVERED = list(SCHEMA)[:-1], SCHEMA.field("covered")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of some volumes, in order.

    `columns` are those of the schema but the last; row i is covered by the `spans` from `span_edges[i]` up to
    the next edge. `size_bytes` is what each row takes in a message, rounded up. `starts` says where the rows
    of each volume begin, and behind the last where they end.
    """

    columns: Mapping[str, Sequence[object] | NDArray[np.uint64]]
    spans: NDArray[np.int64]
    span_edges: NDArray[np.int64]
    size_bytes: list[int]
    starts: list[int]

    def batch(self, first: int, end: int) -> pa.RecordBatch:
        """The rows from `first` up to `end`; the same rows give the same bytes, whatever is around them."""
        plain = [pa.array(self.columns[field.name][first:end], field.type) for field in _PLAIN]
        edges = self.span_edges[first : end + 1]
        sides = self.spans[edges[0] : edges[-1]].T.copy()
        covered = pa.ListArray.from_arrays(
            pa.array(edges - edges[0], pa.int32()),
            pa.StructArray.from_arrays([pa.array(side).view(_TIME) for side in sides], fields=list(_SPAN)),
            type=_COVERED.type,
        )
        return pa.record_batch([*plain, covered], schema=SCHEMA)


def rows_of(entries: Sequence[Entry]) -> Rows:
    """The rows of volumes in turn, of each the one with the counts first."""
    parts = parts_of(entry.tracks for entry in entries)
    parts_each = np.bincount(parts.table, minlength=len(entries))
    spans_each = np.array([len(entry.covered) for entry in entries], np.int64)
    rows_each = np.maximum(np.maximum(parts_each, -(-spans_each // _SPANS_PER_ROW)), 1)
    volume, within = spread(rows_each)
    filled = np.flatnonzero(within < parts_each[volume])
    first_track, changed_tracks = np.zeros(len(volume), np.uint64), np.zeros(len(volume), np.uint64)
    first_track[filled], changed_tracks[filled] = parts.first_track, parts.tracks
    bitmaps = [EMPTY_BITMAP] * len(volume)
    for row, bitmap in zip(filled.tolist(), parts.bitmaps, strict=True):
        bitmaps[row] = bitmap
    span_edges = _edges(np.clip(spans_each[volume] - within * _SPANS_PER_ROW, 0, _SPANS_PER_ROW))
    mine, is_later = [entries[number] for number in volume.tolist()], (within > 0).tolist()
    columns: dict[str, Sequence[object] | NDArray[np.uint64]] = {
        "volume": [entry.volume for entry in mine],
        "volume_bytes": [entry.volume_bytes for entry in mine],
        "track_bytes": [entry.track_bytes for entry in mine],
        "first_track": first_track,
        "tracks": bitmaps,
        "changed_tracks": changed_tracks,
        "changed_bytes": _changed_bytes(entries, volume, first_track, changed_tracks),
        "writes": _on_first_rows((entry.writes for entry in mine), is_later),
        "written_bytes": _on_first_rows((entry.written_bytes for entry in mine), is_later),
    }
    return Rows(
        columns,
        np.array([span for entry in entries for span in entry.covered], np.int64).reshape(-1, 2),
        span_edges,
        _size_bytes(entries, volume, bitmaps, np.diff(span_edges)),
        _edges(rows_each).tolist(),
    )


def _size_bytes(
    entries: Sequence[Entry], volume: NDArray[np.int64], bitmaps: list[bytes], spans: NDArray[np.int64]
) -> list[int]:
    names = np.array([len(entry.volume.encode()) for entry in entries], np.int64)
    sizes = names[volume] + np.array(list(map(len, bitmaps)), np.int64) + _SPAN_BYTES * spans + _ROW_BYTES
    return sizes.tolist()  # type: ignore[no-any-return]  # numpy does not say that it is one list


def _edges(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)])


def _on_first_rows(counts: Iterable[int | None], is_later: Iterable[bool]) -> list[int | None]:
    """Counts that add up: later rows of a volume have 0, or null where it is unknown."""
    return [
        0 if later and count is not None else count for count, later in zip(counts, is_later, strict=True)
    ]


def _changed_bytes(
    entries: Sequence[Entry],
    volume: NDArray[np.int64],
    first_track: NDArray[np.uint64],
    changed_tracks: NDArray[np.uint64],
) -> NDArray[np.uint64]:
    """The bytes of the tracks of each row; only the last track of a volume may be short."""
    track_bytes = np.array([entry.track_bytes for entry in entries], np.uint64)
    last = np.array([(entry.volume_bytes or 0) // entry.track_bytes for entry in entries], np.uint64)
    short = [entry.changed_tracks * entry.track_bytes - entry.changed_bytes for entry in entries]
    # Of a part behind the last track the difference is negative, which in these numbers is far too large.
    has_last = (changed_tracks > 0) & (last[volume] - first_track < PART_TRACKS)
    whole = changed_tracks * track_bytes[volume]
    return whole - np.where(has_last, np.array(short, np.uint64)[volume], np.uint64(0))


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
