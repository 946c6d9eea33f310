"""Definitions and collection of data groups in words, for people."""

from __future__ import annotations

from collections.abc import Iterator

from streams.cli.output import Cell
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.state import State, Version, Window
from streams.wire.definitions import definition_to_json
from streams.wire.times import format_time

__all__ = ["collection_text", "facts", "member_rows", "since_text"]


def facts(definition: Definition) -> Iterator[tuple[str, str]]:
    """The fields of a definition, but for its members, as names and texts."""
    for name, value in definition_to_json(definition).items():
        if name != "members":
            yield name, _text(value)


def member_rows(definition: Definition) -> Iterator[tuple[Cell, ...]]:
    """A row for each volume: array, volume, size, extents, the agents that must vouch for it."""
    for member in definition.by_id.values():
        size = "unknown" if member.volume_bytes is None else member.volume_bytes
        yield member.array, member.volume, size, _extents(member), ", ".join(member.agents) or "any"


def collection_text(state: State | None) -> str:
    """When collection is on."""
    if state is None:
        return "not yet"
    if state.deleted:
        return "deleted"
    if not state.windows:
        return "off"
    return ", ".join(map(_window, state.windows[-2:]))


def since_text(version: Version) -> str:
    """From when on a version holds; nothing where that is from the beginning."""
    if version.first is None:
        return ""
    return f" from {format_time(version.first * version.definition.geometry.interval_seconds * US)} on"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _extents(member: Member) -> str:
    if member.extents is None:
        return "all of it"
    return ", ".join(f"{length} B at {offset}" for offset, length in member.extents)


def _window(window: Window) -> str:
    start_us, end_us = window
    words = [
        "" if start_us is None else f"from {format_time(start_us)}",
        "" if end_us is None else f"to {format_time(end_us)}",
    ]
    return " ".join(filter(None, words)) or "on"
