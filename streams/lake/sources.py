"""What each topic holds for its table: a message becomes a piece, whole units become rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from streams.errors import DefinitionError, MessageError
from streams.lake.assembly import Piece, Unit
from streams.model.entries import Gap
from streams.wire.definitions import decode_version
from streams.wire.keys import parse_group_key, parse_table_key
from streams.wire.lake_rows import (
    Origin,
    StoredTables,
    definition_row,
    gap_row,
    read_part,
    removed_row,
    rows_table,
    summary_row,
    table_rows,
)
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS, LakeTable
from streams.wire.record import Received
from streams.wire.summaries import decode_interval_row

__all__ = ["SOURCES", "Content", "TableSource"]


@dataclass(frozen=True, slots=True)
class Content:
    """What one message holds: a row, or a part of an interval's tables; and where it stood."""

    what: Any
    origin: Origin


@dataclass(frozen=True, slots=True)
class TableSource:
    """How the messages of a topic become the rows of a table.

    `piece` gives what a message holds, None where it holds nothing to keep; it raises `MessageError` for what
    is no message of the topic. `rows` makes a table of whole units, for a number of array buckets.
    """

    table: LakeTable
    piece: Callable[[Received], Piece[Content] | None]
    rows: Callable[[Sequence[Unit[Content]], int], pa.Table]


def _origin(message: Received) -> Origin:
    return Origin(message.topic, message.partition, message.offset, time.time_ns() // 1000)


def _row(message: Received, row: dict[str, Any]) -> Piece[Content]:
    """A piece that is a unit of its own."""
    size_bytes = len(message.value or b"")
    return Piece((message.key, message.offset), 0, 1, Content(row, _origin(message)), size_bytes)


def _interval_piece(message: Received) -> Piece[Content] | None:
    if message.value is None:
        return None
    found, origin = decode_interval_row(message.value), _origin(message)
    return _row(message, gap_row(found, origin) if isinstance(found, Gap) else summary_row(found, origin))


def _definition_piece(message: Received) -> Piece[Content]:
    key, origin = parse_group_key(message.key), _origin(message)
    if message.value is None:
        return _row(message, removed_row(key.group, key.version, origin))
    try:
        return _row(message, definition_row(decode_version(message.value), origin))
    except DefinitionError as error:
        raise MessageError("bad-definition", str(error)) from None


def _table_piece(message: Received) -> Piece[Content] | None:
    if message.value is None:
        return None
    key, part = parse_table_key(message.key), read_part(message.value)
    unit = (key.group, key.rung_seconds, key.start_us, key.revision)
    head = part.head
    if unit != (head.group, head.rung_seconds, head.start_us, head.revision) or key.part != head.part:
        raise MessageError("bad-row", f"tables: the key {message.key!r} is not of {head.place()}")
    content = Content(part, _origin(message))
    return Piece(unit, key.part, head.parts, content, part.rows.nbytes)


def _plain_rows(table: LakeTable) -> Callable[[Sequence[Unit[Content]], int], pa.Table]:
    return lambda units, _: rows_table(table, [unit.contents()[0].what for unit in units])


def _track_rows(units: Sequence[Unit[Content]], buckets: int) -> pa.Table:
    contents = (unit.contents() for unit in units)
    found = [StoredTables([each.what for each in own], own[0].origin) for own in contents]
    return table_rows(found, buckets)


SOURCES: Final = (
    TableSource(DEFINITIONS, _definition_piece, _plain_rows(DEFINITIONS)),
    TableSource(TRACKS, _table_piece, _track_rows),
    TableSource(SUMMARY, _interval_piece, _plain_rows(SUMMARY)),
)
"""All tables, in the order in which they are committed: bit tables are there before the summary is."""
