"""Definitions and collection commands: when they take effect and what they leave behind."""

from __future__ import annotations

from streams.model.feeding import refuse
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.messages import Command, Message
from streams.model.opengroup import OpenGroup
from streams.model.screening import REASONS
from streams.model.state import State, Version, Window

__all__ = ["MAX_VERSIONS_BYTES", "command", "define", "first_state"]

MAX_VERSIONS_BYTES = 750_000
"""What all definitions that late writes may still meet may take in a state row of at most 1 MB."""


def first_state(offset: int, definition: Definition) -> State:
    """The state that the first definition of a group brings, as of just before its message."""
    return State(
        group=definition.group, offset=offset - 1, versions=[Version(1, None, ticks=0, definition=definition)]
    )


def define(group: OpenGroup, message: Message, definition: Definition) -> tuple[Version, ...]:
    """Takes a definition: a new version from the first free interval on, none where it changes nothing."""
    newest = group.state.versions[-1]
    if group.state.deleted:
        return (_revive(group, definition),)
    if definition == newest.definition:
        return ()
    if definition.geometry != newest.definition.geometry:
        refuse(group, message, "geometry-changed", REASONS["geometry-changed"])
        return ()
    kept_bytes = sum(version.definition.stored_bytes for version in group.state.versions)
    if kept_bytes + definition.stored_bytes > MAX_VERSIONS_BYTES:
        refuse(group, message, "too-many-definitions", REASONS["too-many-definitions"])
        return ()
    first = group.first_free()
    version = Version(newest.number + 1, first, group.state.ticks, definition)
    group.state.versions = [version] if first is None else [*group.state.versions, version]
    return (version,)


def command(group: OpenGroup, message: Message, body: Command) -> None:
    """Starts, stops or deletes.

    The first two take effect at the first free interval or at a later `at_us`, always on a whole second: what
    they cut off may begin a gap, and rows are keyed by seconds.
    """
    if group.state.deleted:
        refuse(group, message, "group-deleted", REASONS["group-deleted"])
    elif body.action == "delete":
        group.state.deleted = True
    elif body.action == "start":
        group.state.windows = _started(group, message, body)
    else:
        group.state.windows = _cut(group.state.windows, _effective_us(group, body.at_us))


def _effective_us(group: OpenGroup, at_us: int | None) -> int | None:
    """When a command takes effect; None: at once, for nothing was collected yet."""
    free = group.first_free()
    at_us = None if at_us is None else at_us // US * US
    if free is None:
        return at_us
    start_us = group.span_of(free)[0]
    return start_us if at_us is None else max(at_us, start_us)


def _started(group: OpenGroup, message: Message, body: Command) -> list[Window]:
    """The windows with a new one; a start while collection is on replaces what was to come.

    A number of intervals counts from the start, and from the command's append time where nothing tells one.
    """
    start_us, end_us = _effective_us(group, body.at_us), None
    if body.intervals is not None:
        start_us = message.append_us // US * US if start_us is None else start_us
        length_us = group.geometry.interval_us
        end_us = (start_us // length_us + body.intervals) * length_us
    return _joined([*_cut(group.state.windows, start_us), (start_us, end_us)])


def _cut(windows: list[Window], end_us: int | None) -> list[Window]:
    """The windows up to a moment; None: nothing of them remains."""
    if end_us is None:
        return []
    return [
        (start, end_us if end is None else min(end, end_us))
        for start, end in windows
        if start is None or start < end_us
    ]


def _joined(windows: list[Window]) -> list[Window]:
    """Windows that touch, as one."""
    joined: list[Window] = []
    for start, end in windows:
        if joined and start is not None and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _revive(group: OpenGroup, definition: Definition) -> Version:
    """Begins a deleted group anew, with any geometry, behind all that was closed in its earlier life."""
    state, old = group.state, group.geometry
    if state.closed is not None:
        length_us = definition.geometry.interval_us
        state.born = -(-(state.closed + 1) * old.interval_us // length_us)
        state.closed = state.born - 1
    version = Version(state.versions[-1].number + 1, None, state.ticks, definition)
    state.versions = [version]
    state.revisions, state.agents, state.windows, state.deleted = {}, {}, [(None, None)], False
    state.redriven = {}
    group.rows, group.late, group.open = {}, {}, {}
    return version
