"""Batches of writes as an Arrow record batch: 21 to 29 bytes a write, read without copying."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire.arrow import (
    Column,
    is_dictionary_text,
    is_timestamp,
    is_type,
    read_columns,
    write_stream,
)

__all__ = ["COLUMNS", "compact_volumes", "decode_writes", "encode_writes", "volume_column", "volume_names"]

COLUMNS = (
    Column("time", "timestamp[us, tz=UTC]", is_timestamp),
    Column("volume", "dictionary<string>", is_dictionary_text),
    Column("offset", "uint64", is_type(pa.uint64())),
    Column("length", "uint32 or uint64", is_type(pa.uint32(), pa.uint64())),
    Column("discard", "bool", is_type(pa.bool_()), optional=True),
)
"""The contract; `streams.wire.writes_json` has the same columns."""


def encode_writes(batch: WriteBatch) -> bytes:
    """The batch as an Arrow stream; names that no write uses are left out."""
    codes, volumes = compact_volumes(batch)
    short = not len(batch) or batch.length_bytes.max() < 1 << 32
    columns = {
        "time": pa.array(batch.time_us, pa.timestamp("us", "UTC")),
        "volume": volume_column(codes, volumes),
        "offset": pa.array(batch.offset_bytes, pa.uint64()),
        "length": pa.array(batch.length_bytes.astype(np.uint32 if short else np.uint64, copy=False)),
    }
    if batch.discard is not None and batch.discard.any():
        columns["discard"] = pa.array(batch.discard, pa.bool_())
    return write_stream(pa.record_batch(columns))


def decode_writes(value: bytes) -> WriteBatch:
    """The batch in an Arrow stream.

    Raises:
        MessageError: `bad-arrow`, `bad-schema`, `extra-column` or `bad-value`.
    """
    batch = read_columns(value, COLUMNS)
    volume = batch.column("volume")
    discard = None
    if "discard" in batch.schema.names:
        discard = batch.column("discard").to_numpy(zero_copy_only=False)
    return WriteBatch(
        time_us=batch.column("time").view(pa.int64()).to_numpy(),
        volume_codes=volume.indices.to_numpy().astype(np.int32, copy=False),
        volumes=volume_names(volume),
        offset_bytes=batch.column("offset").to_numpy(),
        length_bytes=batch.column("length").to_numpy().astype(np.uint64, copy=False),
        discard=discard if discard is not None and discard.any() else None,
    )


def compact_volumes(batch: WriteBatch) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Codes and names without the names that no write uses, in the same order."""
    used = np.bincount(batch.volume_codes, minlength=len(batch.volumes)) > 0
    if used.all():
        return batch.volume_codes, batch.volumes
    new_codes = (np.cumsum(used) - 1).astype(np.int32)
    names = tuple(name for name, is_used in zip(batch.volumes, used, strict=True) if is_used)
    return new_codes[batch.volume_codes], names


def volume_column(codes: NDArray[np.int32], volumes: tuple[str, ...]) -> pa.DictionaryArray:
    """Names as a dictionary whose index is the smallest signed integer that fits."""
    index = np.int8 if len(volumes) <= 1 << 7 else np.int16 if len(volumes) <= 1 << 15 else np.int32
    names = pa.array(volumes, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(index, copy=False)), names)


def volume_names(column: pa.DictionaryArray) -> tuple[str, ...]:
    """The names of a dictionary column.

    Raises:
        MessageError: a name is empty or there twice; reason `bad-value`.
    """
    names: tuple[str, ...] = tuple(column.dictionary.to_pylist())
    if "" in names:
        raise MessageError("bad-value", "column volume: an empty name")
    if len(set(names)) != len(names):
        raise MessageError("bad-value", "column volume: a name is twice in the dictionary")
    return names
