"""Narrower columns of a batch of writes: time as gaps between rows, extents in sectors.

Each of time, offset and length travels either plain or narrow, as the batch allows: an ordinary write then
takes 9 bytes instead of 21. What a narrow column cannot hold exactly stays plain, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire.arrow import Column, is_type
from streams.wire.fields import INT64_MAX

__all__ = [
    "COLUMNS",
    "SECTOR_BYTES",
    "TIME_BASE",
    "bytes_of",
    "in_order_of_time",
    "sectors_of",
    "time_base_us",
    "time_gaps_us",
    "times_us",
]

TIME_BASE = "time_base_us"
"""The key in the schema's metadata that holds the time from which the first gap counts: microseconds since
1970, as a decimal."""

SECTOR_BYTES = 512

COLUMNS = (
    Column(
        "time_gap_us",
        "uint16 or uint32",
        is_type(pa.uint16(), pa.uint32()),
        optional=True,
        instead_of="time",
    ),
    Column("offset_sectors", "uint32", is_type(pa.uint32()), optional=True, instead_of="offset"),
    Column("length_sectors", "uint16", is_type(pa.uint16()), optional=True, instead_of="length"),
)
"""What Arrow may have instead of columns of `streams.wire.writes.COLUMNS`; JSON does not."""

_SECTOR_BITS = np.uint64(SECTOR_BYTES.bit_length() - 1)


def in_order_of_time(batch: WriteBatch) -> WriteBatch:
    """The rows by time, those of one time in their order.

    Times before 1970, or too far from each other for gaps, leave the batch as it is.
    """
    times = batch.time_us
    if not len(times) or bool((times[1:] >= times[:-1]).all()):
        return batch
    first_us, row_bits = int(times.min()), (len(times) - 1).bit_length()
    if first_us < 0 or (int(times.max()) - first_us).bit_length() + row_bits > 63:
        return batch
    # Plain numbers with the row below the time sort ten times as fast as an argsort that is stable.
    keys = times - first_us
    keys <<= row_bits
    keys |= np.arange(len(keys))
    keys.sort()
    keys &= (1 << row_bits) - 1
    return batch.take(keys)


def time_gaps_us(times: NDArray[np.int64]) -> NDArray[np.uint16 | np.uint32] | None:
    """Microseconds since the row before, 0 for the first; None where the rows do not fit such a column."""
    if not len(times) or times.min() < 0:
        return None
    gaps = np.zeros(len(times), np.int64)
    np.subtract(times[1:], times[:-1], out=gaps[1:])
    widest = int(gaps.view(np.uint64).max())  # a step back shows as a huge one
    if widest >= 1 << 32:
        return None
    return gaps.astype(np.uint16 if widest < 1 << 16 else np.uint32)


def times_us(gaps: NDArray[Any], base_us: int) -> NDArray[np.int64]:
    """The times that gaps stand for.

    Raises:
        MessageError: they go beyond 2^63; reason `bad-value`.
    """
    times = gaps.astype(np.int64)
    times[:1] += base_us
    np.cumsum(times, out=times)
    # Fewer than 2^31 gaps below 2^32 and a base below 2^63 wrap at most once, and then the last is negative.
    if len(times) and times[-1] < 0:
        raise MessageError("bad-value", f"column time_gap_us: times go beyond {INT64_MAX}")
    return times


def time_base_us(metadata: Mapping[bytes, bytes]) -> int:
    """The time from which the first gap counts, of a schema's metadata.

    Raises:
        MessageError: it is missing (`bad-schema`), or no time (`bad-value`).
    """
    text = metadata.get(TIME_BASE.encode())
    if text is None:
        raise MessageError(
            "bad-schema", f"schema metadata {TIME_BASE}: missing, expected a decimal with time_gap_us"
        )
    if not text.isdigit() or len(text) > 19 or int(text) > INT64_MAX:
        raise MessageError(
            "bad-value",
            f"schema metadata {TIME_BASE}: {text[:100]!r}, expected a decimal from 0 to {INT64_MAX}",
        )
    return int(text)


def sectors_of(
    extents_bytes: NDArray[np.uint64], dtype: type[np.unsignedinteger[Any]]
) -> NDArray[Any] | None:
    """Offsets or lengths in sectors; None where one is no whole number of them or too large for `dtype`."""
    bits = int(np.bitwise_or.reduce(extents_bytes))  # as long as the largest, and ragged if any of them is
    if bits % SECTOR_BYTES or bits // SECTOR_BYTES > np.iinfo(dtype).max:
        return None
    return (extents_bytes >> _SECTOR_BITS).astype(dtype)


def bytes_of(sectors: NDArray[Any]) -> NDArray[np.uint64]:
    """Sectors as bytes; 41 bits at most."""
    found = sectors.astype(np.uint64)
    found <<= _SECTOR_BITS
    return found
