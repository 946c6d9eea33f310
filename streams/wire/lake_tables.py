"""The tables of the lake as Arrow schemas: one contract for those who write them and those who read them.

Three tables, each fed by one topic. Columns are only ever added, at the end and nullable, with `VERSION`
raised by one: an old reader passes over them, an old file shows null. docs/lake.md says the same to data
engineers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from streams.model.entries import Totals

__all__ = [
    "ARRAYS_PER_BUCKET",
    "DEFINITIONS",
    "INTERVAL_KEY",
    "SUMMARY",
    "TABLES",
    "TRACKS",
    "VERSION",
    "LakeTable",
]

VERSION: Final = 1
"""Of the columns; every row says with which it was written."""

ARRAYS_PER_BUCKET: Final = 50
"""A day has one bucket for every so many arrays, so a site with fewer has one."""

_TIME = pa.timestamp("us", "UTC")


def _one(name: str, kind: pa.DataType) -> pa.Field:
    """A column that every row has."""
    return pa.field(name, kind, nullable=False)


def _some(name: str, kind: pa.DataType) -> pa.Field:
    """A column that is null where nobody knows."""
    return pa.field(name, kind)


def _list(item: pa.DataType, *, nullable: bool = False) -> pa.DataType:
    return pa.list_(pa.field("element", item, nullable=nullable))


_SPAN = pa.struct([_one("start", _TIME), _one("end", _TIME)])
_EXTENT = pa.struct([_one("offset_bytes", pa.int64()), _one("length_bytes", pa.int64())])
_MEMBER = pa.struct(
    [
        _one("array", pa.string()),
        _one("volume", pa.string()),
        _some("volume_bytes", pa.int64()),
        _some("extents", _list(_EXTENT)),
    ]
)
_TOTALS = pa.struct([_some(name, pa.int64()) for name in Totals.__dataclass_fields__])

_LINEAGE = (
    _some("source_topic", pa.string()),
    _some("source_partition", pa.int32()),
    _some("source_offset", pa.int64()),
    _one("ingested_at", _TIME),
    _one("schema_version", pa.int32()),
)


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table: its columns, and how its files are laid out.

    `topic` is the suffix of the topic that feeds it. `partition_by` are the columns that choose the folder,
    `sort_by` orders the rows of a file. `key` tells rows apart; rows of one key differ in `revision` alone.
    """

    name: str
    topic: str
    schema: pa.Schema
    partition_by: tuple[str, ...]
    sort_by: tuple[str, ...]
    key: tuple[str, ...]


INTERVAL_KEY: Final = ("data_group", "interval_seconds", "interval_start")
"""What names an interval of a group; its newest `revision` counts."""

SUMMARY: Final = LakeTable(
    name="interval_summary",
    topic="intervals",
    schema=pa.schema(
        [
            _one("day", pa.date32()),
            _one("data_group", pa.string()),
            _one("interval_start", _TIME),
            _one("interval_end", _TIME),
            _one("interval_seconds", pa.int64()),
            _one("revision", pa.int64()),
            _one("definition_version", pa.int64()),
            _one("is_gap", pa.bool_()),
            _one("partial", pa.bool_()),
            _one("coverage", pa.float64()),
            _some("volumes", pa.int64()),
            _some("track_bytes", pa.int64()),
            _some("changed_tracks_or", pa.int64()),
            _some("changed_tracks_sum", pa.int64()),
            _some("changed_bytes_or", pa.int64()),
            _some("changed_bytes_sum", pa.int64()),
            _some("writes", pa.int64()),
            _some("written_bytes", pa.int64()),
            _some("slot_seconds", pa.int64()),
            _some("written_bytes_by_slot", _list(pa.int64(), nullable=True)),
            _some("discards", pa.int64()),
            _some("late_writes", pa.int64()),
            _some("watermark", _TIME),
            _some("totals", _TOTALS),
            *_LINEAGE,
        ]
    ),
    partition_by=("day",),
    sort_by=("data_group", "interval_start", "interval_seconds", "revision"),
    key=(*INTERVAL_KEY, "is_gap"),
)
"""One row for every interval of a group and revision: base intervals, rungs, and runs that nothing fed."""

TRACKS: Final = LakeTable(
    name="interval_tracks",
    topic="tables",
    schema=pa.schema(
        [
            _one("day", pa.date32()),
            _one("array_bucket", pa.int32()),
            _one("array", pa.string()),
            _one("volume", pa.string()),
            _one("interval_start", _TIME),
            _one("interval_end", _TIME),
            _one("interval_seconds", pa.int64()),
            _one("revision", pa.int64()),
            _one("data_groups", _list(pa.string())),
            _some("volume_bytes", pa.int64()),
            _one("track_bytes", pa.int64()),
            _one("chunk", pa.int32()),
            _one("chunks", pa.int32()),
            _one("first_track", pa.int64()),
            _some("tracks", pa.binary()),
            _some("changed_tracks", pa.int64()),
            _some("changed_bytes", pa.int64()),
            _some("changed_tracks_sum", pa.int64()),
            _some("changed_bytes_sum", pa.int64()),
            _some("writes", pa.int64()),
            _some("written_bytes", pa.int64()),
            _one("covered", _list(_SPAN)),
            _one("covered_seconds", pa.float64()),
            _some("quarantine_reason", pa.string()),
            _some("quarantined_tracks", pa.binary()),
            *_LINEAGE,
        ]
    ),
    partition_by=("day", "array_bucket"),
    sort_by=("array", "volume", "interval_start", "interval_seconds", "revision", "chunk"),
    key=("data_groups", "array", "volume", "interval_start", "interval_seconds", "chunk"),
)
"""One row and more for every volume and interval: the bit table in chunks, and the counters."""

DEFINITIONS: Final = LakeTable(
    name="group_definitions",
    topic="groups",
    schema=pa.schema(
        [
            _one("data_group", pa.string()),
            _one("version", pa.int64()),
            _one("deleted", pa.bool_()),
            _some("effective_from", _TIME),
            _some("interval_seconds", pa.int64()),
            _some("track_bytes", pa.int64()),
            _some("members", _list(_MEMBER)),
            _some("definition", pa.string()),
            *_LINEAGE,
        ]
    ),
    partition_by=(),
    sort_by=("data_group", "version", "source_offset"),
    key=("data_group", "version", "source_topic", "source_partition", "source_offset"),
)
"""Every version of every group's definition, and its removal: which volumes and extents a group had when."""

TABLES: Final[Mapping[str, LakeTable]] = {table.name: table for table in (SUMMARY, TRACKS, DEFINITIONS)}
"""All tables by name."""
