"""Arrow IPC streams of exactly one record batch, read by a strict list of columns.

Fields are found by name, in any order. A column that the list does not have is refused, so that no content
of writes can ever ride along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from streams.errors import MessageError
from streams.wire.ipc import check_stream

__all__ = [
    "Column",
    "is_dictionary_text",
    "is_timestamp",
    "is_type",
    "read_columns",
    "read_stream",
    "write_stream",
]

_UTC = ("UTC", "Etc/UTC", "+00:00")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a contract: how its type reads in an error, and which Arrow types it takes.

    `instead_of` names the column whose place this one may take: exactly one of the two is there.
    """

    name: str
    expected: str
    accepts: Callable[[pa.DataType], bool]
    nullable: bool = False
    optional: bool = False
    instead_of: str = ""


def is_type(*types: pa.DataType) -> Callable[[pa.DataType], bool]:
    """Accepts exactly these types."""
    return lambda found: found in types


def is_timestamp(found: pa.DataType) -> bool:
    """Accepts microseconds in UTC, under any of its names."""
    return bool(pa.types.is_timestamp(found) and found.unit == "us" and found.tz in _UTC)


def is_dictionary_text(found: pa.DataType) -> bool:
    """Accepts dictionary-encoded strings with an index of any integer type."""
    if not pa.types.is_dictionary(found):
        return False
    return found.value_type in (pa.string(), pa.large_string())


def write_stream(batch: pa.RecordBatch) -> bytes:
    """The batch as a stream; the same batch gives the same bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]  # pyarrow has no types


def read_stream(value: bytes, check: Callable[[pa.Schema], None] | None = None) -> pa.RecordBatch:
    """The one batch of a stream; its buffers stay in `value`.

    `check` sees the schema before the batch is read and verified, and may raise.

    Raises:
        MessageError: truncated, garbled, compressed by Arrow itself, or not one batch; reason `bad-arrow`.
    """
    check_stream(value)
    try:
        with pa.ipc.open_stream(value) as reader:
            if check is not None:
                check(reader.schema)
            batch = reader.read_next_batch()
        batch.validate(full=True)
    except StopIteration:
        raise MessageError("bad-arrow", "the stream ends before its record batch") from None
    # pyarrow raises OSError for a truncated body, ValueError for names that are not UTF-8.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MessageError("bad-arrow", str(error).partition("\n")[0][:200]) from None
    return batch


def read_columns(value: bytes, columns: Sequence[Column]) -> pa.RecordBatch:
    """The one batch of a stream, held against a contract.

    Raises:
        MessageError: a column is missing or of another type (`bad-schema`), is not in the contract
            (`extra-column`) or has nulls where it may not (`bad-value`), and the detail names it; or it is
            no such stream (`bad-arrow`).
    """
    batch = read_stream(value, partial(_check_schema, columns=columns))
    contract = {column.name: column for column in columns}
    for name, found in zip(batch.schema.names, batch.columns, strict=True):
        _check_nulls(contract[name], found)
    return batch


def _check_schema(schema: pa.Schema, columns: Sequence[Column]) -> None:
    try:
        _check_fields(schema, columns)
    except UnicodeDecodeError:  # pyarrow reads names of columns and time zones only when they are asked for
        raise MessageError("bad-arrow", "the schema has a name that is not UTF-8") from None


def _check_fields(schema: pa.Schema, columns: Sequence[Column]) -> None:
    names = schema.names
    stand_ins = {column.instead_of: column.name for column in columns if column.instead_of}
    for column in columns:
        count = names.count(column.name)
        if count > 1:
            raise MessageError("bad-schema", f"column {column.name}: there {count} times")
        stand_in = stand_ins.get(column.name)
        if not count:
            if column.optional or stand_in in names:
                continue
            other = f" or a column {stand_in} instead" if stand_in else ""
            raise MessageError(
                "bad-schema", f"column {column.name}: missing, expected {column.expected}{other}"
            )
        if stand_in in names:
            raise MessageError(
                "bad-schema", f"columns {column.name} and {stand_in}: both are there, expected one of the two"
            )
        found = schema.field(column.name).type
        if not column.accepts(found):
            raise MessageError(
                "bad-schema", f"column {column.name}: expected {column.expected}, found {found}"
            )
    known = {column.name for column in columns}
    for name in names:
        if name not in known:
            raise MessageError("extra-column", f"column {name[:100]}: not in the contract; remove it")


def _check_nulls(column: Column, found: pa.Array) -> None:
    nulls = found.null_count
    if pa.types.is_dictionary(found.type):
        nulls += found.dictionary.null_count
    if nulls and not column.nullable:
        raise MessageError("bad-value", f"column {column.name}: {nulls} nulls, expected none")
