"""Rows of the lake from what the topics hold: summaries, gaps, definitions, and tables of an interval.

Bit tables stay columns all the way: a message of a thousand volumes becomes a thousand rows without an
object for each. Every bitmap is read once; what is no bitmap, or holds another number of tracks than its row
says, gives a row that names itself and the reason, and no count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple
from zlib import crc32

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS
from streams.model.entries import Gap, Interval, Summary
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.arrow import read_stream
from streams.wire.definitions import version_to_json
from streams.wire.lake_tables import ARRAYS_PER_BUCKET, SUMMARY, TRACKS, VERSION, LakeTable
from streams.wire.table_rows import require_rows, rows_of
from streams.wire.tables import TableHead, head_of

__all__ = [
    "Origin",
    "StoredTables",
    "TablePart",
    "bucket_count",
    "definition_row",
    "gap_row",
    "interval_rows",
    "read_part",
    "removed_row",
    "rows_table",
    "summary_row",
    "table_rows",
]

_DAY_US: Final = 86_400 * US
_TIME: Final = pa.timestamp("us", "UTC")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Numbers = NDArray[np.int64]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from, and when it was taken in. A trace has no partition and no offset."""

    topic: str
    partition: int | None
    offset: int | None
    ingested_us: int

    def columns(self) -> Row:
        """The columns that every table ends with."""
        return {
            "source_topic": self.topic,
            "source_partition": self.partition,
            "source_offset": self.offset,
            "ingested_at": _moment(self.ingested_us),
            "schema_version": VERSION,
        }


def rows_table(table: LakeTable, rows: Sequence[Row]) -> pa.Table:
    """Rows as a table in its schema; a column that a row leaves out is null."""
    return pa.Table.from_pylist(list(rows), schema=table.schema)


def summary_row(summary: Summary, origin: Origin) -> Row:
    """The row of a summary."""
    same = {
        name: getattr(summary, name)
        for name in SUMMARY.schema.names
        if name in Summary.__dataclass_fields__ and name != "totals"
    }
    return {
        **same,
        **_interval_columns(summary.start_us, summary.end_us),
        "data_group": summary.group,
        "interval_seconds": summary.rung_seconds,
        "is_gap": False,
        "watermark": None if summary.watermark_us is None else _moment(summary.watermark_us),
        "totals": asdict(summary.totals),
        **origin.columns(),
    }


def gap_row(gap: Gap, origin: Origin) -> Row:
    """The row of a run of intervals that nothing fed: its coverage is 0 and its counts are unknown."""
    return {
        **_interval_columns(gap.start_us, gap.end_us),
        "data_group": gap.group,
        "interval_seconds": (gap.end_us - gap.start_us) // US,
        "revision": 0,
        "definition_version": gap.definition_version,
        "is_gap": True,
        "partial": True,
        "coverage": 0.0,
        **origin.columns(),
    }


def definition_row(version: Version, origin: Origin) -> Row:
    """The row of a definition, whole in `definition` and its members as columns."""
    definition, geometry = version.definition, version.definition.geometry
    start_us = None if version.first is None else version.first * geometry.interval_us
    return {
        "data_group": definition.group,
        "version": version.number,
        "deleted": False,
        "effective_from": None if start_us is None else _moment(start_us),
        "interval_seconds": geometry.interval_seconds,
        "track_bytes": geometry.track_bytes,
        "members": [
            {
                "array": member.array,
                "volume": member.volume,
                "volume_bytes": member.volume_bytes,
                "extents": None
                if member.extents is None
                else [{"offset_bytes": at, "length_bytes": size} for at, size in member.extents],
            }
            for member in definition.members
        ],
        "definition": orjson.dumps(version_to_json(version)).decode(),
        **origin.columns(),
    }


def removed_row(group: str, version: int, origin: Origin) -> Row:
    """The row that says that a version of a definition was removed, its group being deleted."""
    return {"data_group": group, "version": version, "deleted": True, **origin.columns()}


def bucket_count(arrays: int) -> int:
    """How many buckets a day has for so many arrays: 1 up to 50, then the next power of two."""
    buckets = 1
    while buckets < ceil(arrays / ARRAYS_PER_BUCKET):
        buckets *= 2
    return buckets


def interval_rows(interval: Interval, origin: Origin, buckets: int = 1) -> pa.Table:
    """The rows of a closed interval that is there as a value: what a trace was measured to."""
    head = TableHead(
        group=interval.group,
        definition_version=interval.definition_version,
        rung_seconds=interval.rung_seconds,
        start_us=interval.start_us,
        revision=interval.revision,
        partial=interval.partial,
        part=0,
        parts=1,
        slot_seconds=interval.slot_seconds,
        discards=interval.discards,
        late_writes=interval.late_writes,
        agent_spans=(),
    )
    rows = rows_of(interval.entries)
    part = TablePart(head, rows.batch(0, len(rows.size_bytes)))
    return table_rows([StoredTables([part], origin)], buckets)


class TablePart(NamedTuple):
    """One table message: what it says of its interval, and its rows as they came."""

    head: TableHead
    rows: pa.RecordBatch


def read_part(value: bytes) -> TablePart:
    """A table message.

    Raises:
        MessageError: no table message, or other columns; reason `bad-arrow` or `bad-row`.
    """
    batch = read_stream(value)
    require_rows(batch)
    return TablePart(head_of(batch), batch.replace_schema_metadata(None))


class StoredTables(NamedTuple):
    """One revision of an interval: all of its table messages by part, and where the first one stood."""

    parts: Sequence[TablePart]
    origin: Origin


def table_rows(found: Sequence[StoredTables], buckets: int = 1) -> pa.Table:
    """The rows of some intervals. All of them at once: a message of few volumes costs as much as one of many.

    Args:
        found: the intervals.
        buckets: how many array buckets a day has.

    Raises:
        MessageError: a count is too large for a row; reason `bad-row`.
    """
    if not found:
        return TRACKS.schema.empty_table()
    batches = [part.rows for each in found for part in each.parts]
    sizes = [sum(part.rows.num_rows for part in each.parts) for each in found]
    heads = [_head_columns(each.parts[0].head, each.origin) for each in found]
    return _rows(heads, np.repeat(np.arange(len(found)), sizes), pa.Table.from_batches(batches), buckets)


def _head_columns(head: TableHead, origin: Origin) -> Row:
    """What all rows of an interval say alike."""
    return {
        **_interval_columns(head.start_us, head.start_us + head.rung_seconds * US),
        "interval_seconds": head.rung_seconds,
        "revision": head.revision,
        "data_groups": [head.group],
        **origin.columns(),
    }


def _rows(heads: Sequence[Row], of: Numbers, found: pa.Table, buckets: int) -> pa.Table:
    """Rows as they came, with those columns of `heads[of[i]]`."""
    found = found.combine_chunks()
    columns = {name: _plain(found.column(name)) for name in found.column_names}
    arrays, volumes, codes = _split_names(columns["volume"])
    chunk, chunks = _chunks(codes, of)
    first = _integers(columns["first_track"])
    reasons = _reasons(columns["tracks"], _integers(columns["changed_tracks"]), first)
    good = pa.array([reason is None for reason in reasons], pa.bool_())
    counts = {name: pc.if_else(good, _integers(columns[name]), None) for name in _COUNTS}
    made = {
        "array": pa.array(arrays, pa.string()).take(codes),
        "volume": pa.array(volumes, pa.string()).take(codes),
        "array_bucket": pa.array([crc32(name.encode()) % buckets for name in arrays], pa.int32()).take(codes),
        "volume_bytes": _integers(columns["volume_bytes"]),
        "track_bytes": _integers(columns["track_bytes"]),
        "chunk": chunk,
        "chunks": chunks,
        "first_track": first,
        "tracks": pc.if_else(good, columns["tracks"], None),
        **counts,
        "changed_tracks_sum": counts["changed_tracks"],
        "changed_bytes_sum": counts["changed_bytes"],
        "covered": _where(good, columns["covered"].cast(TRACKS.schema.field("covered").type)),
        "quarantine_reason": pa.array(reasons, pa.string()),
        "quarantined_tracks": pc.if_else(good, None, columns["tracks"]),
    }
    made["covered_seconds"] = _covered_seconds(made["covered"])
    place = pa.array(of)
    whole = [
        made[field.name]
        if field.name in made
        else pa.array([head[field.name] for head in heads], field.type).take(place)
        for field in TRACKS.schema
    ]
    return pa.Table.from_arrays(whole, schema=TRACKS.schema)


_COUNTS: Final = ("changed_tracks", "changed_bytes", "writes", "written_bytes")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _integers(column: pa.Array) -> pa.Array:
    """Sizes and counts, all of them below 2^63."""
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise MessageError("bad-row", f"tables: {error}") from None


def _split_names(column: pa.Array) -> tuple[list[str], list[str], pa.Array]:
    """The distinct volumes as names of array and volume, and for every row which of them it is of."""
    coded = column.dictionary_encode()
    pairs = [name.partition("/") for name in coded.dictionary.to_pylist()]
    return [array for array, _, _ in pairs], [volume for _, _, volume in pairs], coded.indices


def _chunks(codes: pa.Array, of: Numbers) -> tuple[pa.Array, pa.Array]:
    """Of each row its place among those of its volume and interval, and how many these neighbours are."""
    numbers = codes.to_numpy(zero_copy_only=False)
    changes = (numbers[1:] != numbers[:-1]) | (of[1:] != of[:-1])
    heads = np.flatnonzero(np.concatenate([[True], changes])[: len(numbers)])
    sizes = np.diff(heads, append=len(numbers))
    place = np.arange(len(numbers)) - np.repeat(heads, sizes)
    return pa.array(place, pa.int32()), pa.array(np.repeat(sizes, sizes), pa.int32())


def _reasons(tracks: pa.Array, changed: pa.Array, first: pa.Array) -> list[str | None]:
    """Why a row's bitmap cannot be what the row says, None for all that can."""
    rows = zip(tracks.to_pylist(), changed.to_pylist(), first.to_pylist(), strict=True)
    return [_reason(*row) for row in rows]


def _reason(data: bytes, changed: int, first: int) -> str | None:
    try:
        bits = BitMap.deserialize(data)
    except ValueError:
        return "no portable Roaring bitmap"
    if len(bits) != changed:
        return f"{len(bits)} tracks in the bitmap, {changed} in the row"
    if first % PART_TRACKS or (bits and bits.max() >= PART_TRACKS):
        return f"tracks beyond the {PART_TRACKS} of a chunk"
    return None


def _where(good: pa.Array, spans: pa.Array) -> pa.Array:
    """The lists, empty where the row is not good: nobody vouches for what cannot be read."""
    if good.false_count == 0:
        return spans
    flags = good.to_pylist()
    return pa.array(
        [item if flag else [] for item, flag in zip(spans.to_pylist(), flags, strict=True)], spans.type
    )


def _covered_seconds(covered: pa.Array) -> pa.Array:
    lengths = pc.list_value_length(covered).to_numpy(zero_copy_only=False)
    spans = covered.flatten()
    start, end = (
        spans.field(side).cast(pa.int64()).to_numpy(zero_copy_only=False) for side in ("start", "end")
    )
    total = np.zeros(len(covered), np.int64)
    np.add.at(total, np.repeat(np.arange(len(covered)), lengths), end - start)
    return pa.array(total / US, pa.float64())


def _interval_columns(start_us: int, end_us: int) -> Row:
    return {
        "day": _EPOCH.date() + timedelta(days=start_us // _DAY_US),
        "interval_start": _moment(start_us),
        "interval_end": _moment(end_us),
    }


def _moment(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)
