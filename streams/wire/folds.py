"""Pre-folded tracks as an Arrow record batch: which tracks of a volume were written in a span of time.

A volume whose tracks do not fit one bitmap takes several rows of the same span. Bitmaps of such rows are
united and their counts are added, so that the first row carries the counts and the others carry 0. Null
counts are unknown, and make the sum unknown: that is not the same as 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from streams.errors import MessageError
from streams.model.messages import Fold
from streams.wire.arrow import (
    Column,
    is_dictionary_text,
    is_timestamp,
    is_type,
    read_columns,
    write_stream,
)
from streams.wire.bitmaps import Stored, bitmap_parts
from streams.wire.fields import INT64_MAX
from streams.wire.writes import volume_column, volume_names

__all__ = ["COLUMNS", "TRACK_BYTES", "decode_folds", "encode_folds"]

TRACK_BYTES = "track_bytes"
"""The key in the schema's metadata that holds the length of a track, as a decimal."""

COLUMNS = (
    Column("start", "timestamp[us, tz=UTC]", is_timestamp),
    Column("end", "timestamp[us, tz=UTC]", is_timestamp),
    Column("volume", "dictionary<string>", is_dictionary_text),
    Column("first_track", "uint64", is_type(pa.uint64())),
    Column("tracks", "binary", is_type(pa.binary(), pa.large_binary())),
    Column("writes", "uint64", is_type(pa.uint64()), nullable=True),
    Column("written_bytes", "uint64", is_type(pa.uint64()), nullable=True),
)

_Span = tuple[int, int, int]  # code of the volume, start, end
_Row = tuple[int, bytes, int | None, int | None]  # first track, bitmap, writes, written bytes


def encode_folds(folds: Sequence[Fold]) -> bytes:
    """The folds as an Arrow stream.

    Raises:
        ValueError: no folds, or folds of several track lengths: they need a message each.
    """
    sizes = {fold.track_bytes for fold in folds}
    if len(sizes) != 1:
        raise ValueError(f"a tracks message holds folds of one track_bytes, not of {sorted(sizes)}")
    names = tuple(dict.fromkeys(fold.volume for fold in folds))
    codes = {name: code for code, name in enumerate(names)}
    rows = [
        (fold.start_us, fold.end_us, codes[fold.volume], *row) for fold in folds for row in _fold_rows(fold)
    ]
    starts, ends, volumes, firsts, bitmaps, writes, sizes_written = zip(*rows, strict=True)
    batch = pa.record_batch(
        {
            "start": pa.array(starts, pa.timestamp("us", "UTC")),
            "end": pa.array(ends, pa.timestamp("us", "UTC")),
            "volume": volume_column(np.array(volumes, np.int32), names),
            "first_track": pa.array(firsts, pa.uint64()),
            "tracks": pa.array(bitmaps, pa.binary()),
            "writes": pa.array(writes, pa.uint64()),
            "written_bytes": pa.array(sizes_written, pa.uint64()),
        }
    )
    return write_stream(batch.replace_schema_metadata({TRACK_BYTES: str(sizes.pop())}))


def decode_folds(value: bytes) -> tuple[Fold, ...]:
    """The folds in an Arrow stream, in the order in which they first appear.

    Raises:
        MessageError: `bad-arrow`, `bad-schema`, `extra-column`, `bad-value` or `bad-bitmap`.
    """
    batch = read_columns(value, COLUMNS)
    track_bytes = _track_bytes(batch.schema.metadata or {})
    volume = batch.column("volume")
    names = volume_names(volume)
    stored = Stored.of(batch.column("first_track"), batch.column("tracks"))
    writes, written_bytes = (batch.column(name).to_pylist() for name in ("writes", "written_bytes"))
    spans: dict[_Span, list[int]] = {}
    keys = zip(volume.indices.to_pylist(), _times(batch, "start"), _times(batch, "end"), strict=True)
    for row, key in enumerate(keys):
        spans.setdefault(key, []).append(row)
    folds = []
    for (code, start_us, end_us), rows in spans.items():
        try:
            tracks = stored.table(rows)
            counts = _count(writes, rows), _count(written_bytes, rows)
        except MessageError as error:
            raise MessageError(error.reason, f"volume {names[code][:100]}: {error.detail}") from None
        folds.append(Fold(names[code], start_us, end_us, track_bytes, tracks, *counts))
    return tuple(folds)


def _fold_rows(fold: Fold) -> Iterator[_Row]:
    counts = fold.writes, fold.written_bytes
    for first_track, bitmap in bitmap_parts(fold.tracks):
        yield first_track, bitmap, *counts
        counts = tuple(None if count is None else 0 for count in counts)  # type: ignore[assignment]


def _count(column: Sequence[int | None], rows: Sequence[int]) -> int | None:
    total = 0
    for row in rows:
        count = column[row]
        if count is None:
            return None
        total += count
    if total > INT64_MAX:
        raise MessageError("bad-value", f"counts add up to {total}, beyond {INT64_MAX}")
    return total


def _times(batch: pa.RecordBatch, name: str) -> list[int]:
    return batch.column(name).view(pa.int64()).to_pylist()  # type: ignore[no-any-return]  # int64 without nulls


def _track_bytes(metadata: dict[bytes, bytes]) -> int:
    text: Any = metadata.get(TRACK_BYTES.encode())
    if text is None:
        raise MessageError("bad-schema", f"schema metadata {TRACK_BYTES}: missing, expected a decimal")
    if not text.isdigit() or not 1 <= int(text[:19]) <= INT64_MAX or len(text) > 19:
        raise MessageError("bad-schema", f"schema metadata {TRACK_BYTES}: {text[:100]!r} is no size in bytes")
    return int(text)
