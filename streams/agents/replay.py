"""Replaying a recording: an agent for each array, the same messages every time, and a wait for the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, TypeGuard

from streams.agents.admission import Wish, definition_for, require_not_ahead, require_open
from streams.agents.outbox import Outbox, OutboxLimits
from streams.agents.recording import Recording
from streams.agents.script import ReplayKind, Script
from streams.errors import BrokerError, ReplayError, SettingsError
from streams.model.entries import Totals
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.messages import Define
from streams.model.state import State
from streams.store import Source, StateWatch, definition_in_force, read_group_state
from streams.store.patience import retried
from streams.store.reading import Tail
from streams.wire.agent import encode_message
from streams.wire.times import format_time

__all__ = ["Progress", "ReplayOptions", "ReplayResult", "replay"]

Progress = Callable[[str, int, int], None]
"""Told what goes on (`sending`, `closing`), how much of it is done, and how much there is."""

_LIMITS = OutboxLimits(max_messages=2000, delivery_timeout_seconds=60.0)
_FLUSH_SECONDS = 60.0
_LAST_FLUSH_SECONDS = 5.0
_WATCH_SECONDS = 0.2
_PACE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a recording is sent.

    `speed`: how many seconds of the recording go by in one second; None: as fast as possible. `wait`: return
    when the last interval is published, and give up when the group has not moved for `patience_seconds`.
    """

    kind: ReplayKind = "writes"
    speed: float | None = None
    wait: bool = True
    patience_seconds: float = 120.0

    def __post_init__(self) -> None:
        """Refuses a speed that never ends."""
        if self.speed is not None and not 0 < self.speed < float("inf"):
            raise SettingsError(f"speed {self.speed}: more than 0; leave it out for as fast as possible")


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What was sent under which definition; `was_new` tells that the replay defined the group.

    `dead_letters` with `refused_writes` are what the group refused since the replay began, as far as its last
    mark tells; 0 where nobody waited for it.
    """

    definition: Definition
    was_new: bool
    agent: str
    messages: int
    writes: int
    dead_letters: int = 0
    refused_writes: int = 0


_DEFAULT_OPTIONS = ReplayOptions()


def replay(
    source: Source,
    recording: Recording,
    wish: Wish,
    options: ReplayOptions = _DEFAULT_OPTIONS,
    progress: Progress = lambda *_: None,
) -> ReplayResult:
    """Publishes a recording: the group's definition where it is new, all writes, a bye for each array.

    The same recording with the same options is sent as the very same messages. So doing it again changes
    nothing, and doing it again after it was broken off goes on where it ended.

    Raises:
        ReplayError: the group is defined otherwise, has closed that time, or does not close it now.
        BrokerError: no broker, no topics, or a message could not be delivered.
    """
    state = read_group_state(source, wish.group)
    definition, is_new = definition_for(wish, recording, definition_in_force(source, wish.group, state))
    script = Script(recording, definition.geometry, options.kind, options.speed)
    require_open(definition, recording, script.agent, state)
    require_not_ahead(definition, recording, time.time_ns() // 1000, options.speed)
    outbox = Outbox(source, "writes", _LIMITS)
    try:
        if is_new:
            outbox.send(encode_message(wish.group, Define(definition)))
        messages = _send(outbox, wish.group, script, progress)
    except BaseException:
        with suppress(BrokerError):  # what went wrong first is what the caller must see
            outbox.flush(_LAST_FLUSH_SECONDS)
        raise
    outbox.flush(_FLUSH_SECONDS)
    result = ReplayResult(definition, is_new, script.agent, messages, recording.writes)
    if not options.wait:
        return result
    before = Totals() if state is None else state.totals
    after = _await_closing(source, definition, recording.end_us, options.patience_seconds, progress).totals
    return replace(
        result,
        dead_letters=after.dead_letters - before.dead_letters,
        refused_writes=after.refused_writes - before.refused_writes,
    )


def _send(outbox: Outbox, group: str, script: Script, progress: Progress) -> int:
    """Sends the whole script; returns the number of messages."""
    encoding: Literal["arrow", "json"] = "json" if script.kind == "json" else "arrow"
    total = script.recording.writes
    count = done = 0
    start = time.monotonic()
    progress("sending", 0, total)
    for message in script.messages():
        if script.speed is not None:
            elapsed_us = message.origin.watermark_us - script.recording.first_us
            _pace(outbox, start + elapsed_us / US / script.speed)
        outbox.send(encode_message(group, message, encoding))
        count += 1
        done += len(message.writes or ()) + sum(fold.writes or 0 for fold in message.folds)
        progress("sending", done, total)
    return count


def _pace(outbox: Outbox, due: float) -> None:
    """Waits for the moment `due` of the monotonic clock, while deliveries go on."""
    while (left := due - time.monotonic()) > 0:
        outbox.poll(min(left, _PACE_SECONDS))


def _await_closing(
    source: Source, definition: Definition, end_us: int, patience_seconds: float, progress: Progress
) -> State:
    """The state once the interval that holds the last record is closed, and all its rows are on their topics.

    The mark says so: it is written when every row of the intervals before it is acknowledged. A broker that
    is away meanwhile is waited for as well.
    """
    closing = _Closing(source, definition, end_us, patience_seconds, progress)
    return retried(closing.follow, closing.is_patient)


class _Closing:
    """The wait for an interval to close; it remembers over lost connections when the group moved last."""

    def __init__(
        self, source: Source, definition: Definition, end_us: int, patience_seconds: float, progress: Progress
    ) -> None:
        self._source = source
        self._group = definition.group
        self._last = (end_us - 1) // definition.geometry.interval_us
        self._patience_seconds = patience_seconds
        self._progress = progress
        self._first: int | None = None
        self._seen: object = None
        self._moved = time.monotonic()

    def is_patient(self) -> bool:
        """Whether the group moved within the patience."""
        return time.monotonic() - self._moved <= self._patience_seconds

    def follow(self) -> State:
        """Looks again and again until the interval is closed; a lost connection is raised."""
        with self._source.consumer() as consumer:
            watch = StateWatch(self._source, consumer, self._group)
            rows = [
                Tail(self._source, consumer, suffix, watch.partition) for suffix in ("tables", "intervals")
            ]
            while True:
                state = watch.newest()
                if self._is_closed(state):
                    return state
                # One mark may take many rows, long before itself.
                place = (None if state is None else state.offset, *(tail.end() for tail in rows))
                if place != self._seen:
                    self._seen, self._moved = place, time.monotonic()
                if not self.is_patient():
                    raise _stuck(self._source, self._group, state, self._patience_seconds)
                time.sleep(_WATCH_SECONDS)

    def _is_closed(self, state: State | None) -> TypeGuard[State]:
        if state is None or state.closed is None:
            self._progress("closing", 0, 1)
            return False
        self._first = state.closed if self._first is None else self._first
        self._progress("closing", min(state.closed, self._last) - self._first, self._last - self._first)
        return state.closed >= self._last


def _stuck(source: Source, group: str, state: State | None, patience_seconds: float) -> ReplayError:
    if state is None:
        where = "no worker has taken it up"
    elif state.closed_us is None:
        where = "no interval is closed"
    else:
        where = f"it is closed up to {format_time(state.closed_us)}"
    return ReplayError(
        f"everything is sent, but group {group} has not moved for {patience_seconds:g} s: {where}. Check "
        f"that a worker runs on {source.bootstrap} (linkgauge up, or linkgauge worker), and "
        f"`linkgauge dead-letters list --group {group}`"
    )
