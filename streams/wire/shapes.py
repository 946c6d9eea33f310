"""Batches of writes that are shaped like an earlier one, read without asking Arrow again.

An agent sends the same columns and volumes over and over. What then differs from message to message, in front
of the columns themselves, are a few numbers: how many rows, where each column lies, the time from which gaps
count. So the bytes of a message that Arrow has read and verified are kept as a template, two for each sender,
whose messages have a column more where there are discards. A message that equals one everywhere else is cut
into columns at once. Anything else goes to Arrow. What is accepted here Arrow accepts with the same result,
so that it does not matter which of them reads a message.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.model.writes import WriteBatch
from streams.wire.arrow import write_stream
from streams.wire.fields import INT64_MAX
from streams.wire.ipc import BatchPlaces, batch_places
from streams.wire.narrow import TIME_BASE
from streams.wire.writes import decode_writes, volume_names, writes_of

__all__ = ["Shapes"]

_MOST_SENDERS = 1_024
_SHAPES_OF_SENDER = 2
_MOST_BYTES = 64 << 20  # of all shapes together, names included
_MOST_HEAD_BYTES = 16 << 10  # a shape of 16 volumes has 1 KiB, and takes 5 KiB in all
_SHAPE_BYTES = 2 << 10  # of a shape beside its bytes and names
_NAME_BYTES = 8 + 16  # of a name beside its text: the reference to it, and what the allocator rounds up
_ALIGNMENT = 8  # of columns, as Arrow asks for
_COLUMNS = frozenset(
    {"time", "time_gap_us", "volume", "offset", "offset_sectors", "length", "length_sectors", "discard"}
)


Sender = tuple[str, str]
"""Group and `array/agent`."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A template: bytes in front of the columns, where they may differ, and what the columns are."""

    head: NDArray[np.uint8]
    fixed: NDArray[np.bool_]
    tail: bytes
    places: BatchPlaces
    columns: tuple[tuple[str, np.dtype[Any]], ...]
    volumes: tuple[str, ...]

    @property
    def held_bytes(self) -> int:
        """What it takes of memory, at most."""
        names_bytes = sum(map(sys.getsizeof, self.volumes)) + _NAME_BYTES * len(self.volumes)
        return _SHAPE_BYTES + self.head.nbytes + self.fixed.nbytes + len(self.tail) + names_bytes


@dataclass(slots=True)
class _Known:
    """What is known of a sender: the shapes that came last, and how many messages since were of others."""

    shapes: list[_Shape] = field(default_factory=list)
    misses: int = 0
    held_bytes: int = 0

    def read(self, value: bytes) -> WriteBatch | None:
        """The batch of a message of one of its shapes, else None."""
        for place, shape in enumerate(self.shapes):
            batch = _read(shape, value)
            if batch is not None:
                self.shapes.insert(0, self.shapes.pop(place))
                self.misses = 0
                return batch
        self.misses += 1
        return None

    def learn(self, value: bytes) -> None:
        """Takes over the shape of a message that was read, ever more rarely while none comes again."""
        if self.misses & (self.misses - 1):  # to learn costs about as much as to read
            return
        shape = _learn(value)
        if shape is not None:
            self.shapes = [shape, *self.shapes[: _SHAPES_OF_SENDER - 1]]
            self.held_bytes = sum(shape.held_bytes for shape in self.shapes)


class Shapes:
    """The shapes of the senders, agents of a group, that were heard last, in 64 MiB at most."""

    def __init__(self) -> None:
        self._known: OrderedDict[Sender, _Known] = OrderedDict()
        self._held_bytes = 0

    def decode(self, sender: Sender, value: bytes) -> WriteBatch:
        """As `decode_writes`, of a message of this sender.

        Raises:
            MessageError: as `decode_writes`.
        """
        known = self._known.setdefault(sender, _Known())
        self._known.move_to_end(sender)
        batch = known.read(value)
        if batch is None:
            self._forget()
            batch = decode_writes(value)
            before_bytes = known.held_bytes
            known.learn(value)
            self._held_bytes += known.held_bytes - before_bytes
            self._forget()
        return batch

    def _forget(self) -> None:
        """Forgets who was heard longest ago, while too much is known."""
        while len(self._known) > _MOST_SENDERS or self._held_bytes > _MOST_BYTES:
            _, known = self._known.popitem(last=False)
            self._held_bytes -= known.held_bytes


def _learn(value: bytes) -> _Shape | None:
    """The shape of a message that Arrow has read; None where it is not laid out as ours are.

    Another layout, valid as well, might have what differs share its bytes with what must not.
    """
    with pa.ipc.open_stream(value) as reader:
        schema, batch = reader.schema, reader.read_next_batch()
    names = tuple(schema.names)
    if not _COLUMNS.issuperset(names) or write_stream(batch) != value:
        return None
    places = batch_places(value, TIME_BASE)
    if places is None or places.columns != len(names):
        return None
    body_at = places.body_at
    if body_at > _MOST_HEAD_BYTES or any(places.null_counts(value)):
        return None
    fixed = np.ones(body_at, np.bool_)
    for start, end in places.varying:
        fixed[start:end] = False
    return _Shape(
        head=np.frombuffer(value[:body_at], np.uint8),  # of its own, not a view of the message
        fixed=fixed,
        tail=value[body_at + places.body_bytes(value) :],
        places=places,
        columns=tuple((name, _dtype(field.type)) for name, field in zip(names, schema, strict=True)),
        volumes=volume_names(batch.column(names.index("volume"))),
    )


def _dtype(found: pa.DataType) -> np.dtype[Any]:
    """How the values of a column lie in memory; those of a dictionary are its indices."""
    if pa.types.is_dictionary(found):
        found = found.index_type
    return np.dtype(np.int64 if pa.types.is_timestamp(found) else found.to_pandas_dtype())


def _read(shape: _Shape, value: bytes) -> WriteBatch | None:
    """The batch of a message of this shape; None where it is of another one, or not sound."""
    body_at = shape.places.body_at
    if len(value) < body_at:
        return None
    differs = np.frombuffer(value, np.uint8, body_at) != shape.head
    if (differs & shape.fixed).any():
        return None
    found = _columns(shape, value)
    if found is None or found["volume"].min() < 0 or found["volume"].max() >= len(shape.volumes):
        return None
    discard = found.pop("discard", None)
    if "time_gap_us" not in found:
        return writes_of(found, shape.volumes, None, discard)
    start, end = shape.places.text_at or (0, 0)
    digits = value[start:end]
    if not digits.isdigit() or int(digits) > INT64_MAX:
        return None
    return writes_of(found, shape.volumes, int(digits), discard)


def _columns(shape: _Shape, value: bytes) -> dict[str, NDArray[Any]] | None:
    """The columns, most as views of the message; None where its numbers are not those of a sound batch."""
    places, body_at = shape.places, shape.places.body_at
    rows, body_bytes = places.rows(value), places.body_bytes(value)
    if rows < 1 or body_bytes < 0 or body_bytes % _ALIGNMENT:
        return None
    if body_at + body_bytes + len(shape.tail) != len(value) or not value.endswith(shape.tail):
        return None
    if any(length != rows for length in places.column_rows(value)):
        return None
    taken_bytes = 0
    found: dict[str, NDArray[Any]] = {}
    buffers = places.buffers(value)
    for number, (name, dtype) in enumerate(shape.columns):
        nulls_at, nulls_bytes, offset, size = buffers[4 * number : 4 * number + 4]
        if nulls_bytes or not _inside(nulls_at, 0, body_bytes) or not _inside(offset, size, body_bytes):
            return None
        bits = dtype == np.bool_
        if size < (-(-rows // 8) if bits else rows * dtype.itemsize):
            return None
        taken_bytes += size
        at = body_at + offset
        found[name] = _bits(value, rows, at) if bits else np.frombuffer(value, dtype, rows, at)
    return found if taken_bytes <= body_bytes else None


def _bits(value: bytes, rows: int, at: int) -> NDArray[np.bool_]:
    """Truth values as Arrow packs them, the first in the lowest bit; those behind the last mean nothing."""
    packed = np.frombuffer(value, np.uint8, -(-rows // 8), at)
    return np.unpackbits(packed, count=rows, bitorder="little").view(np.bool_)


def _inside(offset: int, size: int, body_bytes: int) -> bool:
    return offset >= 0 and not offset % _ALIGNMENT and size >= 0 and offset + size <= body_bytes
