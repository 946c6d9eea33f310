"""The rows of one table message as columns, without an object for each row: for reports over many of them."""

from __future__ import annotations

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
    and counts are -1. `span_row` names the row of each covered span `span_start..span_end`. `volume` is the
    place of each row's volume in `names`, an Arrow array of each name once, in the order of the rows: equal
    ones are told without making their names. `data` is a view of the message. `tracks_sum` and `bytes_sum`
    are SUM of the intervals that a longer one was made of, where that is known.
    """

    head: TableHead
    names: pa.StringArray
    volume: Numbers
    volume_bytes: Numbers
    track_bytes: Numbers
    first_track: Numbers
    data: memoryview
    edges: Numbers
    writes: Numbers
    written_bytes: Numbers
    span_row: Numbers
    span_start: Numbers
    span_end: Numbers
    tracks_sum: Numbers | None = None
    bytes_sum: Numbers | None = None


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
    volumes = rows["volume"].dictionary_encode()
    lengths, spans = rows["covered"].value_lengths(), rows["covered"].flatten()
    return TableColumns(
        head=head,
        names=volumes.dictionary,
        volume=volumes.indices.to_numpy(zero_copy_only=False).astype(np.int64),
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


def _known(column: pa.UInt64Array) -> Numbers:
    """Counts below 2^63, -1 where they are unknown."""
    _, data = column.buffers()
    place = slice(column.offset, column.offset + len(column))
    counts = np.frombuffer(data or b"", np.int64)[place]
    if column.null_count:
        counts = np.where(column.is_valid().to_numpy(zero_copy_only=False), counts, -1)
    if len(counts) and int(counts.min()) < -bool(column.null_count):
        raise MessageError(
            "bad-row", f"tables: count {int(counts.min()) + (1 << 64)}: expected one below 2^63"
        )
    return counts


def _times(spans: pa.StructArray, side: int) -> Numbers:
    return np.asarray(spans.field(side).view(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _binary(column: pa.BinaryArray) -> tuple[memoryview, Numbers]:
    """All bytes of a binary column, and where each value ends."""
    _, offsets, data = column.buffers()
    if not len(column):
        return memoryview(b""), np.zeros(1, np.int64)
    edges = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    start = int(edges[0])
    view = memoryview(b"" if data is None else data)
    return view[start : int(edges[-1])], edges.astype(np.int64) - start
