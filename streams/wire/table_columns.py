"""The rows of one table message as columns, without an object for each row: for reports over many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import MessageError
from streams.wire.arrow import read_stream
from streams.wire.table_rows import SCHEMA, require_rows
from streams.wire.tables import TableHead, head_of

__all__ = ["TableColumns", "read_table_columns"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TableColumns:
    """One part of an interval's tables; all columns but `data` and the spans have a value for each row.

    The bitmap of row i, of tracks from `first_track[i]` on, is `data[edges[i]:edges[i + 1]]`. Unknown sizes
    and counts are -1. `span_row` names the row of each covered span `span_start..span_end`.
    """

    head: TableHead
    volume: list[str]
    volume_bytes: Numbers
    track_bytes: Numbers
    first_track: Numbers
    data: bytes
    edges: Numbers
    writes: Numbers
    written_bytes: Numbers
    span_row: Numbers
    span_start: Numbers
    span_end: Numbers


def read_table_columns(value: bytes) -> TableColumns:
    """The columns of one table message.

    Raises:
        MessageError: no table message, other columns, or nulls; reason `bad-arrow` or `bad-row`.
    """
    batch = read_stream(value)
    head = head_of(batch)
    require_rows(batch)
    rows = dict(zip(SCHEMA.names, batch.columns, strict=True))
    data, edges = _binary(rows["tracks"])
    lengths, spans = rows["covered"].value_lengths(), rows["covered"].flatten()
    return TableColumns(
        head=head,
        volume=rows["volume"].to_pylist(),
        volume_bytes=_known(rows["volume_bytes"]),
        track_bytes=_known(rows["track_bytes"]),
        first_track=_known(rows["first_track"]),
        data=data,
        edges=edges,
        writes=_known(rows["writes"]),
        written_bytes=_known(rows["written_bytes"]),
        span_row=np.repeat(np.arange(batch.num_rows), lengths.to_numpy(zero_copy_only=False)),
        span_start=_times(spans, 0),
        span_end=_times(spans, 1),
    )


def _known(column: pa.Array) -> Numbers:
    """Counts below 2^63, -1 where they are unknown."""
    try:
        filled = column.cast(pa.int64()).fill_null(-1)
    except pa.ArrowInvalid as error:
        raise MessageError("bad-row", f"tables: {error}") from None
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.int64)


def _times(spans: pa.StructArray, side: int) -> Numbers:
    return np.asarray(spans.field(side).view(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _binary(column: pa.Array) -> tuple[bytes, Numbers]:
    """All bytes of a binary column, and where each value ends."""
    sizes: Sequence[bytes] = column.to_pylist()
    edges = np.concatenate([[0], np.cumsum([len(each) for each in sizes], dtype=np.int64)])
    return b"".join(sizes), edges.astype(np.int64)
