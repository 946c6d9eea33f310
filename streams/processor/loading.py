"""Reading a partition's past back from its topics: committed position, then state, then tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.errors import BrokerError, StateError
from streams.model.collector import resume
from streams.model.entries import Interval
from streams.model.partition import Partition
from streams.model.state import State
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.wire.keys import TableKey, parse_state_key, parse_table_key
from streams.wire.record import Received
from streams.wire.states import Home, decode_state, tables_from
from streams.wire.tables import decode_tables

__all__ = ["first_offset", "load"]

_log = structlog.get_logger()

_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.1


@dataclass(slots=True)
class _Table:
    """The parts of one table as they are found, and the lowest offset among them."""

    parts: dict[int, bytes]
    offset: int


def load(options: WorkerOptions, number: int) -> Place:
    """The partition as its topics describe it. Blocks: run it in a thread.

    The committed position is read before the state: a mark that is written in between only makes the state
    newer than the position, which the rule allows; the other way round messages would be missed.

    Raises:
        StateError: a state row belongs elsewhere, or a table that it names is gone.
        BrokerError: Kafka did not answer in time.
    """
    consumer = _consumer(options)
    try:
        start = _start(consumer, options, number)
        states, marks = _states(consumer, options, number)
        tables = _tables(consumer, options, number, states)
    except KafkaException as error:
        raise BrokerError(f"partition {number} could not be loaded: {error}") from error
    finally:
        consumer.close()
    return _place(number, start, states, marks, tables)


def first_offset(options: WorkerOptions, number: int, start: int) -> int | None:
    """The offset of the first message of the writes partition from `start` on; None where there is none."""
    consumer = _consumer(options)
    try:
        return next(
            (message.offset for message in _read(consumer, options.topic("writes"), number, start)), None
        )
    finally:
        consumer.close()


def _consumer(options: WorkerOptions) -> Consumer:
    return Consumer(
        {
            **options.client,
            "bootstrap.servers": options.bootstrap,
            "group.id": options.application,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,
            "log_level": 2,
        }
    )


def _start(consumer: Consumer, options: WorkerOptions, number: int) -> int:
    """The first offset to read: what was committed, the log's start where nothing was."""
    writes = TopicPartition(options.topic("writes"), number)
    committed = consumer.committed([writes], timeout=_TIMEOUT_SECONDS)[0].offset
    low, _ = consumer.get_watermark_offsets(writes, timeout=_TIMEOUT_SECONDS)
    if 0 <= committed < low:
        options.vitals.expired_messages += low - committed
        _log.warning(
            "messages_expired",
            partition=number,
            first=committed,
            lost=low - committed,
            remedy="what they vouched for is missing coverage now; keep writes for longer than workers may be"
            " away and intervals may be open",
        )
    return max(committed, low)


def _states(
    consumer: Consumer, options: WorkerOptions, number: int
) -> tuple[dict[str, tuple[State, int]], dict[str, list[int]]]:
    """Each group's newest mark with its `tables_from`, and the offsets of all its marks on the topic."""
    newest: dict[tuple[str, int], Received] = {}
    for message in _read(consumer, options.topic("state"), number, None):
        key = parse_state_key(message.key)
        if message.value is None:
            newest.pop((key.group, key.offset), None)
        else:
            newest[key.group, key.offset] = message
    marks: dict[str, list[int]] = {}
    for group, offset in sorted(newest):
        marks.setdefault(group, []).append(offset)
    home = options.home(number)
    states = {group: _state(newest[group, offsets[-1]], home) for group, offsets in marks.items()}
    return states, marks


def _state(row: Received, home: Home) -> tuple[State, int]:
    """The mark in a row and its `tables_from`; an error names the row."""
    try:
        return decode_state(row.value or b"", home), tables_from(row.headers)
    except StateError as error:
        key = (row.key or b"").decode(errors="replace")
        place = f"{row.topic}, partition {row.partition}, offset {row.offset}, key {key}"
        raise StateError(f"{place}: {error}") from None


def _tables(
    consumer: Consumer,
    options: WorkerOptions,
    number: int,
    states: Mapping[str, tuple[State, int]],
) -> dict[tuple[str, int], tuple[Interval, int]]:
    """The base intervals at exactly the revisions that the states name, with their offsets."""
    wanted = {
        (group, state.versions[-1].definition.geometry.interval_us * interval, revision): interval
        for group, (state, _) in states.items()
        for interval, revision in state.revisions.items()
    }
    starts = [start for state, start in states.values() if state.revisions]
    if not wanted or not starts:
        return _require_all(wanted, {})
    found: dict[tuple[str, int, int], _Table] = {}
    for message in _read(consumer, options.topic("tables"), number, min(starts)):
        key = parse_table_key(message.key)
        place = (key.group, key.start_us, key.revision)
        if message.value is not None and place in wanted and _is_base(key, states):
            table = found.setdefault(place, _Table({}, message.offset))
            table.parts.setdefault(key.part, message.value)
    complete = {
        (place[0], wanted[place]): (decode_tables(_ordered(table.parts)), table.offset)
        for place, table in found.items()
    }
    return _require_all(wanted, complete)


def _is_base(key: TableKey, states: Mapping[str, tuple[State, int]]) -> bool:
    geometry = states[key.group][0].versions[-1].definition.geometry
    return key.rung_seconds == geometry.interval_seconds


def _ordered(parts: Mapping[int, bytes]) -> list[bytes]:
    return [parts[part] for part in sorted(parts)]


def _require_all(
    wanted: Mapping[tuple[str, int, int], int],
    found: dict[tuple[str, int], tuple[Interval, int]],
) -> dict[tuple[str, int], tuple[Interval, int]]:
    for (group, start_us, revision), interval in wanted.items():
        if (group, interval) not in found:
            raise StateError(
                f"group {group!r}: the table that starts at {start_us // 1_000_000} s, revision {revision},"
                " is no longer on the tables topic, though late writes may still revise it: raise the topic's"
                " retention above the late window, then delete the group and define it again"
            )
    return found


def _place(
    number: int,
    start: int,
    states: Mapping[str, tuple[State, int]],
    marks: dict[str, list[int]],
    tables: Mapping[tuple[str, int], tuple[Interval, int]],
) -> Place:
    place = Place(number, Partition(start), marks=marks)
    rows: dict[str, dict[int, Interval]] = {}
    for (group, interval), (row, offset) in tables.items():
        rows.setdefault(group, {})[interval] = row
        place.tables.setdefault(group, {})[interval] = offset
    for group, (state, _) in states.items():
        place.partition.groups[group] = resume(state, rows.get(group, {}))
    return place


def _read(consumer: Consumer, topic: str, number: int, start: int | None) -> Iterator[Received]:
    """All messages of a partition from `start` (None: its beginning) to its present end."""
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_TIMEOUT_SECONDS)
    position = low if start is None else max(low, start)
    if position >= high:
        return
    consumer.assign([TopicPartition(topic, number, position)])
    try:
        yield from _poll_to(consumer, high)
    finally:
        consumer.unassign()


def _poll_to(consumer: Consumer, high: int) -> Iterator[Received]:
    """Messages up to the offset `high`; compaction may have taken the last ones, so the position decides."""
    silent_seconds = 0.0
    while consumer.position(consumer.assignment())[0].offset < high:
        messages = consumer.consume(1000, _POLL_SECONDS)
        silent_seconds = 0.0 if messages else silent_seconds + _POLL_SECONDS
        if silent_seconds > _TIMEOUT_SECONDS:
            raise BrokerError("Kafka stopped answering while a partition was loaded")
        yield from map(_received, messages)


def _received(message: Any) -> Received:
    if message.error() is not None:
        raise KafkaException(message.error())
    return Received(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1] * 1000,
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )
