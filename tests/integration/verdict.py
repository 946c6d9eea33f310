"""What workers left on the topics of a real Kafka, held against the oracle's reading of the same log.

Every version of every row that is still there is compared, whoever wrote it: rows that no reading of the log
leads to, rows with two values, and rows that are missing all fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

from streams.model.messages import AgentMessage
from streams.store import Source
from streams.store.reading import read_topic
from streams.wire.agent import read_message
from streams.wire.deadletters import decode_dead_letter
from streams.wire.definitions import decode_version
from streams.wire.keys import (
    GapKey,
    parse_dead_letter_key,
    parse_group_key,
    parse_interval_key,
    parse_state_key,
    parse_table_key,
)
from streams.wire.record import Received
from streams.wire.states import Home, decode_state
from streams.wire.summaries import decode_interval_row
from streams.wire.tables import decode_tables
from tests.model.crash.logs import Limits, Record, Said
from tests.model.crash.oracle import Expected, expect
from tests.model.crash.plain import (
    plain_gap,
    plain_interval,
    plain_letter,
    plain_state,
    plain_summary,
    plain_version,
)

__all__ = ["Verdict", "judge", "keys_found", "read_log", "required_keys"]

LIMITS = Limits(64, 64)
"""What the product remembers; the model tests use smaller ones."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was compared; `versions` counts every copy of every row."""

    messages: int
    rows: int
    versions: int
    marks: int


def judge(source: Source, homes: dict[int, Home]) -> Verdict:
    """Compares everything on the topics with what the whole log leads to.

    Raises:
        AssertionError: a row is not what the oracle says.
    """
    logs = read_log(source)
    expected = {partition: expect(log, LIMITS) for partition, log in logs.items()}
    wanted = {key: value for partition, one in expected.items() for key, value in _keyed(partition, one)}
    versions, found = 0, set()
    for key, value in rows_found(source):
        assert key in wanted, ("unexpected", key)
        assert value == wanted[key], ("differs", key, value, wanted[key])
        versions += 1
        found.add(key)
    marks = _judge_states(source, homes, expected)
    return Verdict(sum(map(len, logs.values())), len(found), versions, marks)


def required_keys(source: Source) -> set[tuple]:
    """Keys of the rows that the log, as it is now, leads to."""
    return {
        key
        for partition, log in read_log(source).items()
        for key, _ in _keyed(partition, expect(log, LIMITS))
    }


def keys_found(source: Source) -> set[tuple]:
    """Keys of the rows that are on the topics now."""
    found: set[tuple] = set()
    for row in read_topic(source, "intervals"):
        key = parse_interval_key(row.key)
        if isinstance(key, GapKey):
            found.add(("gap", key.group, key.start_us))
        else:
            found.add(("summary", key.group, key.rung_seconds, key.start_us, key.revision))
    for row in read_topic(source, "tables"):
        key = parse_table_key(row.key)
        found.add(("table", key.group, key.rung_seconds, key.start_us, key.revision))
    for row in read_topic(source, "groups"):
        key = parse_group_key(row.key)
        found.add(("version", key.group, key.version))
    for row in read_topic(source, "dead-letters"):
        key = parse_dead_letter_key(row.key)
        found.add(("letter", key.partition, key.offset, key.reason))
    return found


def read_log(source: Source) -> dict[int, list[Record]]:
    """The log of each partition, in the oracle's plain words."""
    logs: dict[int, list[Record]] = defaultdict(list)
    for row in read_topic(source, "writes"):
        message = read_message(row.key, row.value, row.headers, row.offset, row.append_us)
        body = message.body
        if isinstance(body, AgentMessage):
            body = Said(body.kind, body.origin, *plain_letter(body))
        assert row.offset == len(logs[row.partition])
        logs[row.partition].append(Record(row.offset, row.append_us, (row.key or b"").decode(), body))
    return logs


def rows_found(source: Source) -> Iterator[tuple[tuple, object]]:
    """Key and plain value of every copy of every row on the topics, states apart."""
    for row in read_topic(source, "intervals"):
        key, value = parse_interval_key(row.key), decode_interval_row(row.value)
        if isinstance(key, GapKey):
            yield ("gap", key.group, key.start_us), plain_gap(value)
        else:
            place = (key.group, key.rung_seconds, key.start_us, key.revision)
            yield ("summary", *place), plain_summary(value)
    yield from _tables(source)
    for row in read_topic(source, "groups"):
        if row.value is None:
            continue  # of a deleted group
        key = parse_group_key(row.key)
        yield ("version", key.group, key.version), plain_version(decode_version(row.value))
    for row in read_topic(source, "dead-letters"):
        yield _letter(row)


def _tables(source: Source) -> Iterator[tuple[tuple, object]]:
    parts: dict[tuple, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for row in read_topic(source, "tables"):
        key = parse_table_key(row.key)
        parts[key.group, key.rung_seconds, key.start_us, key.revision][key.part].add(row.value)
    for place, found in parts.items():
        assert all(len(values) == 1 for values in found.values()), ("two values", place)
        yield ("table", *place), plain_interval(decode_tables([value for (value,) in found.values()]))


def _letter(row: Received) -> tuple[tuple, object]:
    key, letter = parse_dead_letter_key(row.key), decode_dead_letter(row.value, row.headers)
    assert (letter.message.partition, letter.message.offset) == (key.partition, key.offset)
    place = ("letter", key.partition, key.offset, key.reason)
    if letter.whole:
        return place, ((), ())
    message = letter.message
    body = read_message(message.key, message.value, message.headers, message.offset, message.append_us).body
    assert isinstance(body, AgentMessage), body
    return place, _in_one_order(plain_letter(body))


def _keyed(partition: int, expected: Expected) -> Iterator[tuple[tuple, object]]:
    """The expected rows by the keys of the topics: letters by partition, rungs only as summaries."""
    for key, value in expected.rows.items():
        if key[0] == "letter":
            yield ("letter", partition, *key[1:]), _in_one_order(value)
        elif key[0] != "rung":
            yield key, value


def _judge_states(source: Source, homes: dict[int, Home], expected: dict[int, Expected]) -> int:
    marks: dict[tuple, bytes] = {}
    for row in read_topic(source, "state"):
        if row.value is None:
            continue
        key = parse_state_key(row.key)
        assert marks.setdefault((key.group, key.offset), row.value) == row.value, ("two values", key)
        wanted = expected[row.partition].marks[key.group, key.offset]
        found = plain_state(decode_state(row.value, homes[row.partition]))
        for field in fields(wanted):
            if field.name in found:
                assert found[field.name] == getattr(wanted, field.name), ("state", key, field.name)
    return len(marks)


def _in_one_order(letter: object) -> object:
    """The order of writes in a message means nothing, and encoding may change it. Whole letters have none."""
    match letter:
        case (tuple(writes), tuple(folds)):
            return tuple(sorted(writes, key=astuple)), folds
    return letter
