"""What one data group holds open: messages in, closed intervals and the group's own state out.

The rule, in full. `T` is the offset of the group's last message that wrote a mark.

1. A message at or below `T` comes again after a crash. It is applied only if the state lists it in `redo`,
   and only its parts in intervals after `closed` that pass the stateless checks again.
2. A message behind `T` is a duplicate, stale, refused or applied. Its parts in open intervals go into their
   tables, those inside the late window wait for the next mark, older writes are refused.
3. All intervals that one message completes are closed together: late parts become revisions, then come the
   intervals, the rungs, and one state row, the mark. A counted tick and a command write a mark too.
4. A message is held until a mark at or behind it is acknowledged and every interval that it feeds is closed.

Nothing here asks a clock: the same log gives the same rows, whoever computes them how often.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from streams.model.closing import close, count_tick, lacks_agents
from streams.model.entries import Interval
from streams.model.feeding import again, feed, refuse
from streams.model.lifecycle import command, define, first_state
from streams.model.messages import AgentMessage, Command, Define, Message, Refused, Tick
from streams.model.opengroup import OpenGroup
from streams.model.state import Mark, Outcome, State, Version

__all__ = ["acknowledged", "begin", "needs_ticks", "resume", "take"]


def begin(message: Message, body: Define) -> tuple[OpenGroup, Outcome]:
    """The group that its first definition brings into being."""
    group = OpenGroup(first_state(message.offset, body.definition))
    group.holds[message.offset] = None
    mark = close(group, message, forced=True)
    return group, Outcome(versions=tuple(group.state.versions), mark=mark)


def resume(state: State, rows: Mapping[int, Interval]) -> OpenGroup:
    """The group as its newest mark describes it; `rows` has the intervals at `state.revisions`."""
    return OpenGroup(state.copy(), dict(rows), frozenset(state.redo))


def take(group: OpenGroup, message: Message) -> Outcome:
    """Takes the next message of the group's log and says what must become durable because of it."""
    if message.offset <= group.state.offset:
        again(group, message)
        return Outcome()
    group.holds[message.offset] = None
    versions, forced = _dispatch(group, message)
    dead, group.dead = tuple(group.dead), []
    return Outcome(dead, versions, close(group, message, forced=forced))


def acknowledged(group: OpenGroup, mark: Mark) -> None:
    """The mark is on the broker: releases every message that nothing needs any more."""
    closed_us, offset = mark.state.closed_us, mark.state.offset
    done = [
        held
        for held, fed_us in group.holds.items()
        if held <= offset and (fed_us is None or (closed_us is not None and fed_us <= closed_us))
    ]
    for held in done:
        del group.holds[held]


def needs_ticks(group: OpenGroup, recent: Container[str]) -> bool:
    """Whether the passing of append time could close, release or wake anything here.

    `recent` are the agents that just spoke: while all do, their watermarks close what is open.
    """
    state = group.state
    if state.deleted:
        return bool(group.holds)
    live = [name for name, agent in state.agents.items() if agent.left_at is None]
    if lacks_agents(state, state.versions[-1]) or any(name not in recent for name in live):
        return True
    return not live and bool(group.holds)


def _dispatch(group: OpenGroup, message: Message) -> tuple[tuple[Version, ...], bool]:
    """Applies a new message; the definition versions that it made, and whether it must write a mark."""
    body = message.body
    match body:
        case Tick():
            return (), count_tick(group.state, message.append_us)
        case Define():
            return define(group, message, body.definition), True
        case Command():
            command(group, message, body)
            return (), True
        case Refused():
            refuse(group, message, body.reason, body.detail)
        case AgentMessage():
            feed(group, message, body)
    return (), group.state.deleted
