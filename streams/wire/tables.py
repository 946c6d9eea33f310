"""The tables of a closed interval as messages: Arrow record batches of rows, `part` of `parts`.

No message is above the limit of a topic. What belongs to the interval and not to a volume is JSON in the
schema's metadata: its identity on every part, the bytes by slot on part 0, and the spans that agents vouch
for from part 0 on, as far as they reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import orjson
import pyarrow as pa

from streams.errors import MessageError
from streams.model.entries import Interval
from streams.wire.arrow import read_stream, write_stream
from streams.wire.fields import Fields, load_object
from streams.wire.headers import ARROW, row_headers
from streams.wire.keys import table_key
from streams.wire.record import MAX_MESSAGE_BYTES, Record
from streams.wire.table_rows import Rows, entries_of, rows_of

__all__ = [
    "FORMAT",
    "METADATA",
    "TableHead",
    "decode_tables",
    "encode_tables",
    "encode_together",
    "head_of",
    "read_head",
]

FORMAT = 1
"""Version of the rows and their metadata."""

METADATA = b"linkgauge"
"""The key in the schema's metadata that holds the interval's JSON."""

_FRAME_BYTES = 16_384  # schema, identity, framing, key and headers, group names of 255 bytes included
_AGENT_SPANS_PER_PIECE = 2_000
_AGENT_BYTES_PER_PART = 100_000

AgentSpans = tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
Slots = tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class TableHead:
    """What a part says of its interval. `slots` are on part 0 only, `agent_spans` spread over the parts."""

    group: str
    definition_version: int
    rung_seconds: int
    start_us: int
    revision: int
    partial: bool
    part: int
    parts: int
    slot_seconds: int
    discards: int
    late_writes: int
    agent_spans: AgentSpans
    slots: Slots = None

    def same_interval(self, other: TableHead) -> bool:
        """Whether both are parts of one revision of one interval."""
        return self._identity() == other._identity()

    def place(self) -> str:
        """The interval, for messages to people."""
        return (
            f"group {self.group}, rung {self.rung_seconds} s, start {self.start_us} us, "
            f"revision {self.revision}"
        )

    def _identity(self) -> tuple[object, ...]:
        return (
            *(self.group, self.definition_version, self.rung_seconds, self.start_us, self.revision),
            *(self.partial, self.parts, self.slot_seconds, self.discards, self.late_writes),
        )


def encode_tables(interval: Interval) -> list[Record]:
    """The records of an interval in the order of their parts; the same interval gives the same bytes."""
    return encode_together([interval])[0]


def encode_together(intervals: Sequence[Interval]) -> list[list[Record]]:
    """The records of each interval. Of small ones many cost a third of what they cost one by one."""
    rows = rows_of([entry for interval in intervals for entry in interval.entries])
    volumes = accumulate((len(interval.entries) for interval in intervals), initial=0)
    edges = pairwise([rows.starts[number] for number in volumes])
    return [_encode(interval, rows, *stretch) for interval, stretch in zip(intervals, edges, strict=True)]


def _encode(interval: Interval, rows: Rows, first: int, end: int) -> list[Record]:
    """The records of an interval, whose rows are these."""
    heads: list[dict[str, Any]] = [{"agent_spans": chunk} for chunk in _agent_chunks(interval)]
    heads[0]["written_bytes_by_slot"] = interval.written_bytes_by_slot
    stretches = _stretches(rows.size_bytes[first:end], heads)
    parts = max(len(heads), len(stretches))
    heads += [{"agent_spans": []}] * (parts - len(heads))
    stretches += [(0, 0)] * (parts - len(stretches))
    return [
        _record(interval, part, parts, head, rows.batch(first + start, first + stop))
        for part, (head, (start, stop)) in enumerate(zip(heads, stretches, strict=True))
    ]


def read_head(value: bytes) -> TableHead:
    """What one part says of its interval, without reading its rows.

    Raises:
        MessageError: no table message, or a field is missing; reason `bad-arrow` or `bad-row`.
    """
    return head_of(read_stream(value))


def decode_tables(values: Sequence[bytes]) -> Interval:
    """The interval whose parts, all of them and in any order, are given.

    Raises:
        MessageError: a part is missing (`missing-part`) or not of this form (`bad-arrow`, `bad-row`).
    """
    batches = [read_stream(value) for value in values]
    parts = sorted(((head_of(batch), batch) for batch in batches), key=lambda pair: pair[0].part)
    heads = [head for head, _ in parts]
    _check_complete(heads)
    first = heads[0]
    return Interval(
        group=first.group,
        definition_version=first.definition_version,
        rung_seconds=first.rung_seconds,
        start_us=first.start_us,
        revision=first.revision,
        partial=first.partial,
        entries=entries_of([batch for _, batch in parts]),
        slot_seconds=first.slot_seconds,
        written_bytes_by_slot=first.slots,
        discards=first.discards,
        late_writes=first.late_writes,
        agent_spans=_joined(heads),
    )


def _stretches(size_bytes: Sequence[int], heads: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """First row and end of what goes into each message, as full as the limit and its metadata allow."""
    starts: list[int] = []
    room = -1
    for row, size in enumerate(size_bytes):
        if size > room:
            head = heads[len(starts)] if len(starts) < len(heads) else {}
            room = MAX_MESSAGE_BYTES - _FRAME_BYTES - len(orjson.dumps(head))
            starts.append(row)
        room -= size
    return list(pairwise([*starts, len(size_bytes)]))


def _agent_chunks(interval: Interval) -> list[list[Any]]:
    """Spans of agents as lists `[agent, [[start, end], ...]]` in chunks of bounded size, one at least."""
    chunks: list[list[Any]] = [[]]
    size = 0
    for piece in _agent_pieces(interval):
        cost = len(orjson.dumps(piece))
        if chunks[-1] and size + cost > _AGENT_BYTES_PER_PART:
            chunks.append([])
            size = 0
        chunks[-1].append(piece)
        size += cost
    return chunks


def _agent_pieces(interval: Interval) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    for agent, spans in interval.agent_spans:
        for start in range(0, max(len(spans), 1), _AGENT_SPANS_PER_PIECE):
            yield agent, spans[start : start + _AGENT_SPANS_PER_PIECE]


def _record(interval: Interval, part: int, parts: int, head: dict[str, Any], rows: pa.RecordBatch) -> Record:
    metadata = {
        "format": FORMAT,
        "group": interval.group,
        "definition_version": interval.definition_version,
        "rung_seconds": interval.rung_seconds,
        "start_us": interval.start_us,
        "revision": interval.revision,
        "partial": interval.partial,
        "part": part,
        "parts": parts,
        "slot_seconds": interval.slot_seconds,
        "discards": interval.discards,
        "late_writes": interval.late_writes,
        **head,
    }
    batch = rows.replace_schema_metadata({METADATA: orjson.dumps(metadata)})
    key = table_key(interval.group, interval.rung_seconds, interval.start_us, interval.revision, part)
    record = Record(key, write_stream(batch), row_headers(ARROW))
    if record.size_bytes() > MAX_MESSAGE_BYTES:
        raise MessageError("too-large", f"tables of group {interval.group}: {record.size_bytes()} bytes")
    return record


def head_of(batch: pa.RecordBatch) -> TableHead:
    """What the part says of its interval whose batch this is.

    Raises:
        MessageError: as in `read_head`.
    """
    metadata: Mapping[bytes, bytes] = batch.schema.metadata or {}
    if METADATA not in metadata:
        raise MessageError("bad-row", "tables: no linkgauge metadata in the schema")
    fields = Fields(
        load_object(metadata[METADATA]), lambda detail: MessageError("bad-row", f"tables: {detail}")
    )
    found = fields.integer("format")
    if found != FORMAT:
        raise MessageError("bad-row", f"tables: format {found}, this release reads {FORMAT}")
    part = fields.integer("part")
    head = TableHead(
        group=fields.text("group"),
        definition_version=fields.integer("definition_version"),
        rung_seconds=fields.integer("rung_seconds", low=1),
        start_us=fields.integer("start_us"),
        revision=fields.integer("revision"),
        partial=fields.flag("partial"),
        part=part,
        parts=fields.integer("parts", low=1),
        slot_seconds=fields.integer("slot_seconds", low=1),
        discards=fields.integer("discards"),
        late_writes=fields.integer("late_writes"),
        agent_spans=tuple(_agent(fields, at, item) for at, item in fields.items("agent_spans")),
        slots=_slots(fields) if part == 0 else None,
    )
    fields.done()
    return head


def _agent(fields: Fields, path: str, value: object) -> tuple[str, tuple[tuple[int, int], ...]]:
    match value:
        case [str(agent), list(spans)]:
            return agent, tuple(fields.as_pair(span, path) for span in spans)
    raise fields.expected(path, "[agent, [[start, end], ...]]", value)


def _slots(fields: Fields) -> Slots:
    slots = fields.items_or_none("written_bytes_by_slot")
    if slots is None:
        return None
    return tuple(None if item is None else fields.as_integer(item, at) for at, item in slots)


def _check_complete(heads: list[TableHead]) -> None:
    if not heads:
        raise MessageError("missing-part", "tables: no part at all")
    first = heads[0]
    for head in heads:
        if not head.same_interval(first):
            raise MessageError("bad-row", f"tables: parts of {first.place()} and of {head.place()} are mixed")
    found = [head.part for head in heads]
    for part in range(first.parts):
        if part not in found:
            raise MessageError("missing-part", f"tables of {first.place()}: part {part} of {first.parts}")
    if len(found) != first.parts:
        raise MessageError(
            "bad-row", f"tables of {first.place()}: {len(found)} parts, expected {first.parts}"
        )


def _joined(heads: list[TableHead]) -> AgentSpans:
    joined: dict[str, tuple[tuple[int, int], ...]] = {}
    for head in heads:
        for agent, spans in head.agent_spans:
            joined[agent] = joined.get(agent, ()) + spans
    return tuple(joined.items())
