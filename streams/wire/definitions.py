"""Data-group definitions as JSON: on the writes topic, on the groups topic, and in files.

Fields are named as in `model.groups`, those of the geometry at the top level. What is left out gets the
default around the base interval; what is unknown is refused with its path.
"""

from __future__ import annotations

from dataclasses import fields as fields_of
from typing import Any

import orjson

from streams.errors import DefinitionError, MessageError
from streams.model.groups import Definition, Geometry, Member, default_rungs, default_slot
from streams.model.state import Version
from streams.wire.fields import INT64_MIN, Fields, load_object
from streams.wire.headers import JSON, MAX_NAME_BYTES, row_headers
from streams.wire.keys import group_key
from streams.wire.record import Record

__all__ = [
    "check_names",
    "decode_version",
    "definition_from_json",
    "definition_to_json",
    "encode_version",
    "read_version",
    "version_to_json",
]


_GEOMETRY = tuple(field.name for field in fields_of(Geometry))


def definition_to_json(definition: Definition) -> dict[str, Any]:
    """The definition in full; a member leaves out the size, extents or agents that it does not have."""
    return {
        "group": definition.group,
        **{name: getattr(definition.geometry, name) for name in _GEOMETRY},
        "rungs_seconds": list(definition.geometry.rungs_seconds),
        "expected_agents": definition.expected_agents,
        "agent_names": list(definition.agent_names),
        "members": [_member_to_json(member) for member in definition.members],
    }


def definition_from_json(value: object, path: str = "") -> Definition:
    """The definition in a parsed JSON object or TOML table found at `path`.

    Raises:
        DefinitionError: a field is unknown, missing, of another type or out of range; the message names it.
    """
    fields = Fields(value, DefinitionError, path)
    definition = Definition(
        group=fields.text("group"),
        geometry=_geometry(fields),
        expected_agents=fields.integer("expected_agents", 1),
        agent_names=_texts(fields, "agent_names"),
        members=tuple(_member(fields.at(item, at)) for at, item in fields.items("members")),
    )
    fields.done()
    check_names(definition)
    return definition


def check_names(definition: Definition) -> None:
    """Refuses names that keys, headers and rows could not hold.

    Raises:
        DefinitionError: a name is longer than 255 bytes of UTF-8, or is none.
    """
    names = [definition.group, *definition.agent_names]
    for member in definition.members:
        names += [member.array, member.volume, *member.agents]
    for name in names:
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            raise DefinitionError(f"name {name!r}: not valid UTF-8; use another name") from None
        if size > MAX_NAME_BYTES:
            raise DefinitionError(f"name {name[:50]!r}...: {size} bytes long, at most {MAX_NAME_BYTES}")


def version_to_json(version: Version) -> dict[str, Any]:
    """A numbered definition: on the groups topic and inside a state row."""
    return {
        "version": version.number,
        "first": version.first,
        "ticks": version.ticks,
        "definition": definition_to_json(version.definition),
    }


def read_version(fields: Fields) -> Version:
    """A numbered definition.

    Raises:
        DefinitionError: the definition is wrong; other fields give the error that `fields` makes.
    """
    path, definition = fields.value("definition")
    version = Version(
        number=fields.integer("version"),
        first=fields.integer_or_none("first", low=INT64_MIN),
        ticks=fields.integer("ticks"),
        definition=definition_from_json(definition, path),
    )
    fields.done()
    return version


def encode_version(version: Version) -> Record:
    """The row of a definition on the groups topic."""
    group = version.definition.group
    return Record(group_key(group, version.number), orjson.dumps(version_to_json(version)), row_headers(JSON))


def decode_version(value: bytes) -> Version:
    """The definition in a row of the groups topic.

    Raises:
        MessageError: not of this form; reason `bad-json`, `bad-row` or `bad-definition`.
    """
    try:
        return read_version(Fields(load_object(value), lambda detail: MessageError("bad-row", detail)))
    except DefinitionError as error:
        raise MessageError("bad-definition", str(error)) from None


def _geometry(fields: Fields) -> Geometry:
    standard = Geometry()
    interval = fields.integer("interval_seconds", standard.interval_seconds, low=1)
    late_window = fields.integer("late_window_seconds", standard.late_window_seconds)
    tick = fields.integer("tick_seconds", standard.tick_seconds)
    rungs = fields.items("rungs_seconds", list(default_rungs(interval)))
    return Geometry(
        track_bytes=fields.integer("track_bytes", standard.track_bytes),
        interval_seconds=interval,
        slot_seconds=fields.integer("slot_seconds", default_slot(interval)),
        rungs_seconds=tuple(fields.as_integer(rung, at) for at, rung in rungs),
        late_window_seconds=late_window,
        max_gap_seconds=fields.integer("max_gap_seconds", max(standard.max_gap_seconds, late_window)),
        max_clock_ahead_seconds=fields.integer("max_clock_ahead_seconds", standard.max_clock_ahead_seconds),
        tick_seconds=tick,
        silent_after_seconds=fields.integer("silent_after_seconds", max(standard.silent_after_seconds, tick)),
        discards_mark=fields.flag("discards_mark", standard.discards_mark),
    )


def _member(fields: Fields) -> Member:
    extents = fields.items_or_none("extents", None)
    member = Member(
        array=fields.text("array"),
        volume=fields.text("volume"),
        volume_bytes=fields.integer_or_none("volume_bytes", None),
        extents=None if extents is None else tuple(fields.as_pair(item, at) for at, item in extents),
        agents=_texts(fields, "agents"),
    )
    fields.done()
    return member


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(fields.as_text(item, at) for at, item in fields.items(name, []))


def _member_to_json(member: Member) -> dict[str, Any]:
    value: dict[str, Any] = {"array": member.array, "volume": member.volume}
    if member.volume_bytes is not None:
        value["volume_bytes"] = member.volume_bytes
    if member.extents is not None:
        value["extents"] = [list(extent) for extent in member.extents]
    if member.agents:
        value["agents"] = list(member.agents)
    return value
