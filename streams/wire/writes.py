"""Batches of writes as an Arrow record batch: 9 bytes for an ordinary write, 29 at most.

Time, offset and length stand in plain columns, which are read without copying, or in narrow ones
(`streams.wire.narrow`), which are read with one pass over each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from streams.wire.narrow import COLUMNS as NARROW_COLUMNS
from streams.wire.narrow import (
    TIME_BASE,
    bytes_of,
    in_order_of_time,
    sectors_of,
    time_base_us,
    time_gaps_us,
    times_us,
)

__all__ = [
    "COLUMNS",
    "ROWS_PER_UNUSED_NAME",
    "compact_volumes",
    "decode_writes",
    "encode_writes",
    "volume_column",
    "volume_names",
    "writes_of",
]

COLUMNS = (
    Column("time", "timestamp[us, tz=UTC]", is_timestamp),
    Column("volume", "dictionary<string>", is_dictionary_text),
    Column("offset", "uint64", is_type(pa.uint64())),
    Column("length", "uint32 or uint64", is_type(pa.uint32(), pa.uint64())),
    Column("discard", "bool", is_type(pa.bool_()), optional=True),
)
"""The contract; `streams.wire.writes_json` has the same columns."""

ROWS_PER_UNUSED_NAME = 32
"""Names that no write of a batch uses travel if there are at least so many writes for each name."""

_ARROW_COLUMNS = (*COLUMNS, *NARROW_COLUMNS)


def encode_writes(batch: WriteBatch, *, narrow: bool = True) -> bytes:
    """The batch as an Arrow stream, every column as narrow as its rows allow.

    Rows come in order of time, which has no meaning inside a batch; names that no write uses are left out.
    Without `narrow` the columns are plain and the rows stay where they are: for readers that know no others.
    """
    if narrow:
        batch = in_order_of_time(batch)
    codes, volumes = compact_volumes(batch)
    gaps = time_gaps_us(batch.time_us) if narrow else None
    offsets = sectors_of(batch.offset_bytes, np.uint32) if narrow else None
    lengths = sectors_of(batch.length_bytes, np.uint16) if narrow else None
    columns: dict[str, pa.Array] = {}
    if gaps is not None:
        columns["time_gap_us"] = pa.array(gaps)
    else:
        columns["time"] = pa.array(batch.time_us, pa.timestamp("us", "UTC"))
    columns["volume"] = volume_column(codes, volumes)
    if offsets is not None:
        columns["offset_sectors"] = pa.array(offsets)
    else:
        columns["offset"] = pa.array(batch.offset_bytes, pa.uint64())
    if lengths is not None:
        columns["length_sectors"] = pa.array(lengths)
    else:
        short = not len(batch) or batch.length_bytes.max() < 1 << 32
        columns["length"] = pa.array(batch.length_bytes.astype(np.uint32 if short else np.uint64, copy=False))
    if batch.discard is not None and batch.discard.any():
        columns["discard"] = pa.array(batch.discard, pa.bool_())
    metadata = None if gaps is None else {TIME_BASE: str(batch.time_us[0])}
    return write_stream(pa.record_batch(columns, metadata=metadata))


def decode_writes(value: bytes) -> WriteBatch:
    """The batch in an Arrow stream, of plain and narrow columns in any mix.

    Raises:
        MessageError: `bad-arrow`, `bad-schema`, `extra-column` or `bad-value`.
    """
    batch = read_columns(value, _ARROW_COLUMNS)
    found = dict(zip(batch.schema.names, batch.columns, strict=True))
    volume, discard = found.pop("volume"), found.pop("discard", None)
    if "time" in found:
        found["time"] = found["time"].view(pa.int64())
    columns = {name: column.to_numpy() for name, column in found.items()}
    columns["volume"] = volume.indices.to_numpy()
    base_us = time_base_us(batch.schema.metadata or {}) if "time_gap_us" in columns else None
    discards = None if discard is None else discard.to_numpy(zero_copy_only=False)
    return writes_of(columns, volume_names(volume), base_us, discards)


def writes_of(
    columns: Mapping[str, NDArray[Any]],
    volumes: tuple[str, ...],
    base_us: int | None,
    discard: NDArray[np.bool_] | None = None,
) -> WriteBatch:
    """The batch of columns as they stand in a message, plain and narrow ones in any mix.

    `volume` has indices into `volumes`; gaps of time count from `base_us`.

    Raises:
        MessageError: times go beyond 2^63; reason `bad-value`.
    """
    time_us = columns["time"] if base_us is None else times_us(columns["time_gap_us"], base_us)
    return WriteBatch(
        time_us=time_us,
        volume_codes=columns["volume"].astype(np.int32, copy=False),
        volumes=volumes,
        offset_bytes=_extents("offset", columns),
        length_bytes=_extents("length", columns),
        discard=discard if discard is not None and discard.any() else None,
    )


def _extents(name: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.uint64]:
    if name in columns:
        return columns[name].astype(np.uint64, copy=False)
    return bytes_of(columns[f"{name}_sectors"])


def compact_volumes(batch: WriteBatch) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Codes and names without the names that no write uses, in the same order.

    Few names for many writes all stay: they cost little, and messages of one sender then look alike.
    """
    if len(batch.volumes) * ROWS_PER_UNUSED_NAME <= len(batch):
        return batch.volume_codes, batch.volumes
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
