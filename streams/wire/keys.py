"""Keys of all topics: the plain group name for writes, compact JSON arrays elsewhere.

A JSON array keeps hostile names harmless, and a key says all that makes its row unique. A row with a given
key has exactly one possible value, whoever writes it how often.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from streams.errors import DefinitionError, MessageError
from streams.model.intervals import US

__all__ = [
    "DeadLetterKey",
    "GapKey",
    "GroupKey",
    "StateKey",
    "SummaryKey",
    "TableKey",
    "dead_letter_key",
    "gap_key",
    "group_key",
    "group_name",
    "parse_dead_letter_key",
    "parse_group_key",
    "parse_interval_key",
    "parse_state_key",
    "parse_table_key",
    "state_key",
    "summary_key",
    "table_key",
    "writes_key",
]


@dataclass(frozen=True, slots=True)
class SummaryKey:
    """`[group, rung_seconds, start_seconds, revision]` on the intervals topic."""

    group: str
    rung_seconds: int
    start_us: int
    revision: int


@dataclass(frozen=True, slots=True)
class GapKey:
    """`[group, "gap", start_seconds, 0]` on the intervals topic."""

    group: str
    start_us: int


@dataclass(frozen=True, slots=True)
class TableKey:
    """`[group, rung_seconds, start_seconds, revision, part]` on the tables topic."""

    group: str
    rung_seconds: int
    start_us: int
    revision: int
    part: int


@dataclass(frozen=True, slots=True)
class StateKey:
    """`[group, offset]` on the state topic: the mark's place in the group's log."""

    group: str
    offset: int


@dataclass(frozen=True, slots=True)
class GroupKey:
    """`[group, version]` on the groups topic."""

    group: str
    version: int


@dataclass(frozen=True, slots=True)
class DeadLetterKey:
    """`[partition, offset, reason]` on the dead-letters topic: the place of the refused message."""

    partition: int
    offset: int
    reason: str


def writes_key(group: str) -> bytes:
    """The key of everything on the writes topic.

    Raises:
        DefinitionError: the name is empty or no text that UTF-8 can hold.
    """
    try:
        key = group.encode()
    except UnicodeEncodeError:
        raise DefinitionError(f"group name {group!r}: not valid UTF-8; use another name") from None
    if not key:
        raise DefinitionError("group: a name is needed")
    return key


def group_name(key: bytes | None) -> str:
    """The group of a message on the writes topic.

    Raises:
        MessageError: no key, or not UTF-8; reason `bad-key`.
    """
    if not key:
        raise MessageError("bad-key", "no key: expected the name of the group")
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise MessageError("bad-key", f"{_shown(key)}: expected the name of the group in UTF-8") from None


def summary_key(group: str, rung_seconds: int, start_us: int, revision: int) -> bytes:
    """Key of a summary."""
    return orjson.dumps([group, rung_seconds, _seconds(start_us), revision])


def gap_key(group: str, start_us: int) -> bytes:
    """Key of a gap row."""
    return orjson.dumps([group, "gap", _seconds(start_us), 0])


def table_key(group: str, rung_seconds: int, start_us: int, revision: int, part: int) -> bytes:
    """Key of one part of an interval's tables."""
    return orjson.dumps([group, rung_seconds, _seconds(start_us), revision, part])


def state_key(group: str, offset: int) -> bytes:
    """Key of a state row."""
    return orjson.dumps([group, offset])


def group_key(group: str, version: int) -> bytes:
    """Key of a definition on the groups topic."""
    return orjson.dumps([group, version])


def dead_letter_key(partition: int, offset: int, reason: str) -> bytes:
    """Key of a dead letter."""
    return orjson.dumps([partition, offset, reason])


def parse_interval_key(key: bytes | None) -> SummaryKey | GapKey:
    """What a row on the intervals topic is about.

    Raises:
        MessageError: not of this form; reason `bad-key`. So do the other parsers.
    """
    match _array(key):
        case [str(group), "gap", int(start), 0]:
            return GapKey(group, start * US)
        case [str(group), int(rung), int(start), int(revision)]:
            return SummaryKey(group, rung, start * US, revision)
    raise _bad(key, '[group, rung_seconds, start_seconds, revision] or [group, "gap", start_seconds, 0]')


def parse_table_key(key: bytes | None) -> TableKey:
    """Which part of which interval's tables a row is."""
    match _array(key):
        case [str(group), int(rung), int(start), int(revision), int(part)]:
            return TableKey(group, rung, start * US, revision, part)
    raise _bad(key, "[group, rung_seconds, start_seconds, revision, part]")


def parse_state_key(key: bytes | None) -> StateKey:
    """Which mark of which group a state row is."""
    match _array(key):
        case [str(group), int(offset)]:
            return StateKey(group, offset)
    raise _bad(key, "[group, offset]")


def parse_group_key(key: bytes | None) -> GroupKey:
    """Which version of which group's definition a row is."""
    match _array(key):
        case [str(group), int(version)]:
            return GroupKey(group, version)
    raise _bad(key, "[group, version]")


def parse_dead_letter_key(key: bytes | None) -> DeadLetterKey:
    """Where the message stood that a dead letter is about."""
    match _array(key):
        case [int(partition), int(offset), str(reason)]:
            return DeadLetterKey(partition, offset, reason)
    raise _bad(key, "[partition, offset, reason]")


def _seconds(start_us: int) -> int:
    seconds, rest = divmod(start_us, US)
    if rest:
        raise ValueError(f"intervals start at whole seconds, not at {start_us} microseconds")
    return seconds


def _array(key: bytes | None) -> list[object] | None:
    try:
        parts = orjson.loads(key or b"")
    except orjson.JSONDecodeError:
        return None
    # True and False match int() in a pattern, but are no numbers of a key.
    return parts if isinstance(parts, list) and not any(isinstance(p, bool) for p in parts) else None


def _bad(key: bytes | None, expected: str) -> MessageError:
    return MessageError("bad-key", f"{_shown(key)}: expected the JSON array {expected}")


def _shown(key: bytes | None) -> str:
    return repr(key if key is None else key[:100])
