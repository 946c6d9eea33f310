"""The state of a group's collector as JSON: private, versioned, and bound to the topic that it belongs to.

The same state gives the same bytes, whoever writes it: mappings are sorted, offsets are portable Roaring
bitmaps, revisions are runs. What differs from writer to writer, the lowest offset of tables that a reader
needs, is a header.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from streams.errors import LinkgaugeError, MessageError, StateError
from streams.model.bittable import BitTable
from streams.model.entries import Totals
from streams.model.groups import MAX_INTERVALS
from streams.model.intervals import US
from streams.model.silence import Attendance, attendance
from streams.model.state import AgentState, State, Window
from streams.wire.bitmaps import read_bitmaps
from streams.wire.definitions import read_version, version_to_json
from streams.wire.fields import INT64_MIN, Fields, join, load_object
from streams.wire.headers import JSON, row_headers
from streams.wire.keys import state_key
from streams.wire.record import MAX_MESSAGE_BYTES, Header, Record
from streams.wire.summaries import read_totals

__all__ = [
    "FORMAT",
    "MAX_REDO",
    "MAX_REVISIONS",
    "TABLES_FROM",
    "Home",
    "Shown",
    "decode_shown",
    "decode_state",
    "encode_state",
    "tables_from",
]

FORMAT = 1
"""Version of the state row."""

MAX_REVISIONS = 2 * MAX_INTERVALS
"""Intervals that have one: those of the late window, and of the longest rung that it begins in."""

MAX_REDO = 1 << 23
"""Offsets to be applied again: messages of one group that a worker holds. It would lack memory for more."""

TABLES_FROM = "tables_from"
"""The header that names the lowest offset of tables which the state needs."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a state belongs: the partition of the writes topic whose offsets it speaks of."""

    cluster_id: str
    topic_id: str
    partition: int


def encode_state(state: State, home: Home, tables_from: int) -> Record:
    """The state row of a group.

    Raises:
        StateError: larger than a topic takes, or with more offsets to be applied again than are read back.
    """
    if len(state.redo) > MAX_REDO:
        raise StateError(
            f"group {state.group}: {len(state.redo)} messages wait for their intervals to close, of at most "
            f"{MAX_REDO}; choose a shorter interval or silent_after_seconds, or divide its volumes among "
            "several groups"
        )
    value = {
        "format": FORMAT,
        "cluster": home.cluster_id,
        "topic": home.topic_id,
        "partition": home.partition,
        "group": state.group,
        "offset": state.offset,
        "closed": state.closed,
        "born": state.born,
        "redo": _parts(BitTable.of(state.redo)),
        "ticks": state.ticks,
        "tick_us": state.tick_us,
        "last_us": state.last_us,
        "revisions": _runs(state.revisions),
        "totals": state.totals,
        "versions": [version_to_json(version) for version in state.versions],
        "agents": {name: state.agents[name] for name in sorted(state.agents)},
        "redriven": {name: _parts(state.redriven[name]) for name in sorted(state.redriven)},
        "windows": state.windows,
        "deleted": state.deleted,
    }
    headers = (*row_headers(JSON), (TABLES_FROM, str(tables_from).encode()))
    record = Record(state_key(state.group, state.offset), orjson.dumps(value), headers)
    if record.size_bytes() > MAX_MESSAGE_BYTES:
        raise StateError(
            f"group {state.group}: its state of {record.size_bytes()} bytes is above the limit of "
            f"{MAX_MESSAGE_BYTES}, with {len(state.versions)} definitions and {len(state.agents)} agents; "
            "divide its volumes among several groups, or give its agents short names that stay"
        )
    return record


def decode_state(value: bytes, home: Home) -> State:
    """The state in a row that was found for `home`.

    Raises:
        StateError: of another cluster, topic, partition or version, or damaged; says what to do.
    """
    try:
        fields = Fields(load_object(value), StateError)
        _check_home(fields, home)
        return _state(fields)
    except StateError:
        raise
    except LinkgaugeError as error:
        raise StateError(f"a state row of partition {home.partition} is damaged: {error}") from None


@dataclass(frozen=True, slots=True)
class Shown:
    """What readers show of a mark at `offset`: the counters, up to when it closed, and who is silent."""

    group: str
    offset: int
    totals: Totals
    closed_us: int | None
    attendance: Attendance


def decode_shown(value: bytes) -> Shown:
    """What is shown of a state row, wherever it belongs: to show it decides nothing.

    Members of definitions, the large part of a row, are passed over.

    Raises:
        MessageError: of another version, or damaged; reason `bad-json` or `bad-row`.
    """
    fields = Fields(load_object(value), lambda detail: MessageError("bad-row", detail))
    found = fields.integer("format")
    if found != FORMAT:
        raise MessageError("bad-row", f"a state row has format {found}, this release reads {FORMAT}")
    path, versions = fields.value("versions")
    match versions:
        case [*_, {"ticks": int(defined_at), "definition": {**definition}}]:
            newest = fields.at(definition, path)
        case _:
            raise fields.expected(path, "definitions, the newest one last", versions)
    closed = fields.integer_or_none("closed", low=INT64_MIN)
    interval_us = newest.integer("interval_seconds", low=1) * US
    return Shown(
        group=fields.text("group"),
        offset=fields.integer("offset", low=-1),
        totals=read_totals(fields.below("totals")),
        closed_us=None if closed is None else (closed + 1) * interval_us,
        attendance=_attendance(fields, newest, defined_at),
    )


def _attendance(fields: Fields, newest: Fields, defined_at: int) -> Attendance:
    tick_seconds = newest.integer("tick_seconds", low=1)
    return attendance(
        {name: _agent(agent) for name, agent in fields.entries("agents")},
        ticks=fields.integer("ticks"),
        defined_at=defined_at,
        silent_ticks=-(-newest.integer("silent_after_seconds") // tick_seconds),
        expected=newest.integer("expected_agents"),
        names=[newest.as_text(item, at) for at, item in newest.items("agent_names")],
    )


def tables_from(headers: Iterable[Header]) -> int:
    """The lowest offset of tables that the intervals in a state row need.

    Raises:
        StateError: the header is missing or garbled.
    """
    for name, text in headers:
        if name == TABLES_FROM and text is not None and text.isdigit() and len(text) <= 19:
            return int(text)
    raise StateError(f"a state row has no header {TABLES_FROM} with an offset; was it written by linkgauge?")


def _check_home(fields: Fields, home: Home) -> None:
    found = fields.integer("format")
    if found != FORMAT:
        raise StateError(
            f"a state row has format {found}, this release reads {FORMAT}: start the release that wrote it, "
            "drain the groups and migrate the topics (docs/operations.md)"
        )
    cluster, topic, partition = fields.text("cluster"), fields.text("topic"), fields.integer("partition")
    for what, is_, should in (
        ("cluster", cluster, home.cluster_id),
        ("writes topic", topic, home.topic_id),
        ("partition", partition, home.partition),
    ):
        if is_ != should:
            raise StateError(
                f"a state row belongs to {what} {is_}, this worker reads {what} {should}: point the worker "
                "to the right cluster; if the writes topic was made anew, drain and recreate the state, "
                "tables and intervals topics with it (docs/operations.md)"
            )


def _state(fields: Fields) -> State:
    state = State(
        group=fields.text("group"),
        offset=fields.integer("offset", low=-1),
        versions=[read_version(fields.at(item, at)) for at, item in fields.items("versions")],
        closed=fields.integer_or_none("closed", low=INT64_MIN),
        born=fields.integer_or_none("born", low=INT64_MIN),
        redo=_redo(fields),
        ticks=fields.integer("ticks"),
        tick_us=fields.integer_or_none("tick_us"),
        last_us=fields.integer_or_none("last_us"),
        revisions=_revisions(fields),
        totals=read_totals(fields.below("totals")),
        agents={name: _agent(agent) for name, agent in fields.entries("agents")},
        redriven=_redriven(fields),
        windows=[_window(fields, at, item) for at, item in fields.items("windows")],
        deleted=fields.flag("deleted"),
    )
    fields.done()
    return state


def _agent(fields: Fields) -> AgentState:
    agent = AgentState(
        epoch=fields.integer("epoch"),
        high=fields.integer("high", low=-1),
        holes=[fields.as_integer(item, at) for at, item in fields.items("holes")],
        floor=fields.integer("floor", low=-1),
        watermark_us=fields.integer_or_none("watermark_us"),
        heard=fields.integer("heard"),
        left_at=fields.integer_or_none("left_at"),
    )
    fields.done()
    return agent


def _parts(offsets: BitTable) -> list[tuple[int, str]]:
    """`[first, bitmap in base64]` for each stretch of offsets."""
    return [(first, base64.b64encode(bitmap).decode()) for first, bitmap in offsets.parts()]


def _redriven(fields: Fields) -> dict[str, BitTable]:
    path, value = fields.value("redriven")
    if not isinstance(value, dict):
        raise fields.expected(path, "an object", value)
    return {name: _offsets(fields, fields.as_items(parts, join(path, name))) for name, parts in value.items()}


def _redo(fields: Fields) -> tuple[int, ...]:
    offsets = _offsets(fields, fields.items("redo"))
    if len(offsets) > MAX_REDO:
        raise StateError(f"redo: expected at most {MAX_REDO} offsets, found {len(offsets)}")
    return tuple(offsets.tracks().tolist())


def _offsets(fields: Fields, items: Iterable[tuple[str, object]]) -> BitTable:
    parts = []
    for path, item in items:
        match item:
            case [int(first), str(text)]:
                parts.append((first, _unpacked(path, text)))
            case _:
                raise fields.expected(path, "[first, bitmap in base64]", item)
    return read_bitmaps(parts)


def _unpacked(path: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError("bad-row", f"{path}: {error}") from None


def _runs(revisions: dict[int, int]) -> list[list[int]]:
    """`[first interval, count, revision]` for each run of neighbours with one revision."""
    runs: list[list[int]] = []
    for interval in sorted(revisions):
        revision = revisions[interval]
        if runs and runs[-1][0] + runs[-1][1] == interval and runs[-1][2] == revision:
            runs[-1][1] += 1
        else:
            runs.append([interval, 1, revision])
    return runs


def _revisions(fields: Fields) -> dict[int, int]:
    revisions: dict[int, int] = {}
    left = MAX_REVISIONS
    for path, item in fields.items("revisions"):
        match item:
            case [int(first), int(count), int(revision)]:
                if not 0 < count <= left:
                    raise fields.expected(path, f"1 to {MAX_REVISIONS} intervals in all", item)
                left -= count
                revisions.update(dict.fromkeys(range(first, first + count), revision))
            case _:
                raise fields.expected(path, "[first interval, count, revision]", item)
    return revisions


def _window(fields: Fields, path: str, value: object) -> Window:
    match value:
        case [int() | None as start, int() | None as end]:
            return start, end
    raise fields.expected(path, "[start or null, end or null]", value)
