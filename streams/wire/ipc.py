"""What an Arrow IPC stream asks for, found out before Arrow reads it.

Arrow does what a stream says: it unpacks compressed buffers, copies texts and makes fields as often as they
are referred to. So a few bytes can ask for any amount of memory. Here the frames and their flatbuffers are
walked first, without unpacking or copying anything. A stream that asks for more than it brings is refused.

Only what decides the cost is looked at. Arrow verifies the rest: a stream that is read differently here and
there is not valid, and Arrow refuses it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streams.errors import MessageError

__all__ = ["BatchPlaces", "batch_places", "check_stream"]

MAX_MESSAGES = 64
"""A stream of one batch has a schema, a dictionary for each column that needs one, and the batch."""

MAX_FIELDS = 32
"""Columns and what is nested in them."""

_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3  # kinds of a message
_HEADER_TYPE, _HEADER, _BODY_BYTES, _MESSAGE_METADATA = 1, 2, 3, 4  # slots of a message
_SCHEMA_FIELDS, _SCHEMA_METADATA = 1, 2
_FIELD_NAME, _FIELD_CHILDREN, _FIELD_METADATA = 0, 5, 6
_DICTIONARY_DATA = 1
_ROWS, _NODES, _BUFFERS, _COMPRESSION = 0, 1, 2, 3  # slots of a record batch
_NODE = 16  # bytes of what is said of a column: rows and nulls, 64 bits each
_BUFFER = 16  # bytes of a buffer's place: offset and length, 64 bits each

_U8 = struct.Struct("<B").unpack_from
_U16 = struct.Struct("<H").unpack_from
_I32 = struct.Struct("<i").unpack_from
_U32 = struct.Struct("<I").unpack_from
_I64 = struct.Struct("<q").unpack_from


def check_stream(value: bytes) -> None:
    """Refuses a stream that would take more memory than its own size to read, or is not of one batch.

    Raises:
        MessageError: reason `bad-arrow`.
    """
    try:
        _check(value)
    except struct.error:
        raise MessageError("bad-arrow", "the stream ends within a message or points outside of it") from None


def _check(value: bytes) -> None:
    batches = 0
    schema = _SchemaCost(value)
    for number, message in enumerate(_messages(value)):
        if number == MAX_MESSAGES:
            raise MessageError("bad-arrow", f"more than {MAX_MESSAGES} messages in a stream of one batch")
        schema.add_metadata(message, _MESSAGE_METADATA)
        kind = _scalar(value, message, _HEADER_TYPE, _U8)
        header = _target(value, message, _HEADER)
        if kind == _SCHEMA and header:
            schema.add_metadata(header, _SCHEMA_METADATA)
            schema.add_fields(header, _SCHEMA_FIELDS)
        elif kind in (_DICTIONARY, _BATCH) and header:
            batches += kind == _BATCH
            data = header if kind == _BATCH else _target(value, header, _DICTIONARY_DATA)
            _check_buffers(value, data, _scalar(value, message, _BODY_BYTES, _I64))
    if batches != 1:
        raise MessageError("bad-arrow", f"one record batch expected, found {'more' if batches else 'none'}")


@dataclass(frozen=True, slots=True)
class BatchPlaces:
    """Where a stream that Arrow has read says what differs from batch to batch.

    Each of the `columns` has one buffer of values and one, empty here, that says which of them are null. The
    values begin at `body_at`. `text_at` is where a text in the schema's metadata stands.
    """

    columns: int
    body_at: int
    text_at: tuple[int, int] | None
    _body_bytes_at: int
    _rows_at: int
    _nodes_at: int
    _buffers_at: int

    @property
    def varying(self) -> Iterator[tuple[int, int]]:
        """First byte and end of what may differ; how many nulls a column has is none of it."""
        if self.text_at is not None:
            yield self.text_at
        yield self._body_bytes_at, self._body_bytes_at + 8
        yield self._rows_at, self._rows_at + 8
        for column in range(self.columns):
            yield self._nodes_at + _NODE * column, self._nodes_at + _NODE * column + 8
        yield self._buffers_at, self._buffers_at + 2 * _BUFFER * self.columns

    def body_bytes(self, value: bytes) -> int:
        """How long the body is."""
        return int(_I64(value, self._body_bytes_at)[0])

    def rows(self, value: bytes) -> int:
        """How many rows the batch has."""
        return int(_I64(value, self._rows_at)[0])

    def column_rows(self, value: bytes) -> tuple[int, ...]:
        """How many rows each column has."""
        return struct.unpack_from(f"<{2 * self.columns}q", value, self._nodes_at)[::2]

    def null_counts(self, value: bytes) -> tuple[int, ...]:
        """How many of them are null."""
        return struct.unpack_from(f"<{2 * self.columns}q", value, self._nodes_at)[1::2]

    def buffers(self, value: bytes) -> tuple[int, ...]:
        """Of each column in turn: place and length of the buffer of nulls, place and length of its values."""
        return struct.unpack_from(f"<{4 * self.columns}q", value, self._buffers_at)


def batch_places(value: bytes, metadata_key: str) -> BatchPlaces | None:
    """The places in a stream that Arrow has read; None where columns have other buffers than these two.

    `metadata_key` names the text in the schema's metadata.
    """
    text_at: tuple[int, int] | None = None
    for message, body_at in _frames(value):
        header = _target(value, message, _HEADER)
        kind = _scalar(value, message, _HEADER_TYPE, _U8)
        if kind == _SCHEMA:
            text_at = _text_at(value, header, metadata_key.encode())
        if kind == _BATCH:
            columns, nodes_at = _vector(value, header, _NODES)
            buffers, buffers_at = _vector(value, header, _BUFFERS)
            body_bytes_at, rows_at = _slot(value, message, _BODY_BYTES), _slot(value, header, _ROWS)
            if buffers != 2 * columns or not (body_bytes_at and rows_at):
                return None
            return BatchPlaces(columns, body_at, text_at, body_bytes_at, rows_at, nodes_at, buffers_at)
    return None


def _text_at(value: bytes, schema: int, key: bytes) -> tuple[int, int] | None:
    for pair in _tables(value, schema, _SCHEMA_METADATA):
        size, place = _vector(value, pair, 0)
        if value[place : place + size] == key:
            length, start = _vector(value, pair, 1)
            return start, start + length
    return None


def _messages(value: bytes) -> Iterator[int]:
    """Where the flatbuffer of each message has its root table."""
    for message, _ in _frames(value):
        yield message


def _frames(value: bytes) -> Iterator[tuple[int, int]]:
    """Of each message where its flatbuffer has its root table, and where its body begins."""
    place = 0
    while place + 4 <= len(value):
        (size,) = _I32(value, place)
        place += 4
        if size == -1:  # streams of Arrow before 0.15 lack this mark
            (size,) = _I32(value, place)
            place += 4
        if size == 0:
            return
        message = place + _U32(value, place)[0]
        body_bytes = _scalar(value, message, _BODY_BYTES, _I64)
        if size < 0 or body_bytes < 0:
            raise MessageError("bad-arrow", "a message has a negative size")
        yield message, place + size
        place += size + body_bytes


def _check_buffers(value: bytes, batch: int, body_bytes: int) -> None:
    """Holds the buffers of a record batch against the body that they lie in."""
    if not batch:
        return
    if _slot(value, batch, _COMPRESSION):
        raise MessageError("bad-arrow", "buffers are compressed inside Arrow; let Kafka compress instead")
    count, place = _vector(value, batch, _BUFFERS)
    if count * _BUFFER > len(value):
        raise MessageError("bad-arrow", "more buffers than the stream has bytes")
    lengths = struct.unpack_from(f"<{2 * count}q", value, place)[1::2]
    if sum(map(abs, lengths)) > body_bytes:
        raise MessageError("bad-arrow", "buffers share bytes or reach beyond their message")


class _SchemaCost:
    """Adds up what the fields and the key-value metadata of a stream come to when they are copied out."""

    __slots__ = ("_fields", "_pairs", "_text_bytes", "_value")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._fields = self._pairs = self._text_bytes = 0

    def add_fields(self, table: int, slot: int) -> None:
        """The fields in a vector, with their children."""
        for field in _tables(self._value, table, slot):
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise MessageError("bad-arrow", f"more than {MAX_FIELDS} fields")
            self._add_text(field, _FIELD_NAME)
            self.add_metadata(field, _FIELD_METADATA)
            self.add_fields(field, _FIELD_CHILDREN)

    def add_metadata(self, table: int, slot: int) -> None:
        """The pairs of key and value in a vector."""
        for pair in _tables(self._value, table, slot):
            self._pairs += 1
            if self._pairs > MAX_FIELDS:
                raise MessageError("bad-arrow", f"more than {MAX_FIELDS} keys of metadata")
            self._add_text(pair, 0)
            self._add_text(pair, 1)

    def _add_text(self, table: int, slot: int) -> None:
        self._text_bytes += _vector(self._value, table, slot)[0]
        if self._text_bytes > len(self._value):
            raise MessageError("bad-arrow", "names and metadata share bytes")


def _tables(value: bytes, table: int, slot: int) -> Iterator[int]:
    """Where each table is that a vector refers to."""
    count, place = _vector(value, table, slot)
    for entry in range(place, place + 4 * count, 4):
        yield entry + _U32(value, entry)[0]


def _slot(value: bytes, table: int, slot: int) -> int:
    """Where a slot of a flatbuffer's table has its content, 0 where it is left out."""
    slots = table - _I32(value, table)[0]
    at = 4 + 2 * slot
    if at >= _U16(value, slots)[0]:
        return 0
    (offset,) = _U16(value, slots + at)
    return table + offset if offset else 0


def _scalar(value: bytes, table: int, slot: int, read: Callable[..., tuple[Any, ...]]) -> int:
    place = _slot(value, table, slot)
    return int(read(value, place)[0]) if place else 0


def _target(value: bytes, table: int, slot: int) -> int:
    """Where the table, vector or text is that a slot refers to; 0 where it is left out."""
    place = _slot(value, table, slot)
    return place + _U32(value, place)[0] if place else 0


def _vector(value: bytes, table: int, slot: int) -> tuple[int, int]:
    """Number of entries of a vector or bytes of a text, and where they begin."""
    place = _target(value, table, slot)
    return (_U32(value, place)[0], place + 4) if place else (0, 0)
