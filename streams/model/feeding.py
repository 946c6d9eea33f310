"""How a message of an agent enters its group: identity first, then its parts, interval by interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.model.batchmembers import members_of
from streams.model.bittable import BitTable
from streams.model.intervals import US, Spans, intervals_of
from streams.model.kernel import fastest
from streams.model.marking import mark_fold, mark_in_one_pass, mark_writes
from streams.model.messages import AgentMessage, Fold, Message, Origin
from streams.model.opengroup import OpenGroup
from streams.model.opentable import OpenInterval
from streams.model.screening import (
    REASONS,
    Screen,
    by_interval,
    check_members,
    collected,
    fold_fault,
    fold_interval,
    stateless,
)
from streams.model.sequence import take_sequence
from streams.model.state import AgentState, DeadLetter, State
from streams.model.writes import WriteBatch, volume_id

__all__ = ["MAX_AGENTS", "MAX_LEFT_AGENTS", "again", "feed", "refuse"]

MAX_LEFT_AGENTS = 64
"""Agents that left are remembered, so that their duplicates are known; at least this many."""

MAX_AGENTS = 1_024
"""Agents of a group that are remembered, or as many as its definitions expect. Names that change with every
start, and never leave, must not fill the state."""


def feed(group: OpenGroup, message: Message, body: AgentMessage) -> None:
    """A message that comes for the first time."""
    state = group.state
    reason = _identity(state, message, body)
    if reason == "duplicate":
        state.totals = state.totals.plus(duplicate_messages=1)
    elif reason is not None:
        refuse(group, message, reason, REASONS[reason])
    else:
        if body.kind != "redrive":
            _note_heard(state, message, body)
        _Feeder(group, message, body, again=False).run()


def again(group: OpenGroup, message: Message) -> None:
    """A message at or below the mark: what it gave to intervals that were open then is put back."""
    if message.offset in group.redo and isinstance(message.body, AgentMessage):
        _Feeder(group, message, message.body, again=True).run()


def refuse(group: OpenGroup, message: Message, reason: str, detail: str) -> None:
    """Sends the whole message to the dead letters."""
    body = message.body
    writes = 0
    if isinstance(body, AgentMessage):
        writes = len(body.writes or ()) + sum(fold.writes or 0 for fold in body.folds)
    group.dead.append(DeadLetter(message.offset, reason, detail))
    totals = group.state.totals
    group.state.totals = totals.plus(dead_letters=1, refused_writes=writes)


def _identity(state: State, message: Message, body: AgentMessage) -> str | None:
    """Why the message is not taken: a reason, `duplicate`, or None where it is accepted."""
    origin = body.origin
    if state.deleted:
        return "group-deleted"
    if origin.observed_from_us > origin.watermark_us:
        return "span"
    if body.kind == "redrive":
        return _take_redriven(state, origin)
    return _take(state, message, origin)


def _take(state: State, message: Message, origin: Origin) -> str | None:
    """Notes a message of an agent by its epoch and sequence."""
    geometry = state.versions[-1].definition.geometry
    agent = state.agents.get(origin.id)
    if agent is not None and origin.epoch < agent.epoch:
        return "stale-epoch"
    if agent is None or origin.epoch > agent.epoch:
        agent = _started(state, origin, agent)
    verdict = take_sequence(agent, origin.sequence)
    if verdict != "new":
        return "duplicate" if verdict == "duplicate" else "forgotten-sequence"
    if origin.watermark_us > message.append_us + geometry.max_clock_ahead_seconds * US:
        return "watermark-ahead"
    return None


def _take_redriven(state: State, origin: Origin) -> str | None:
    """Notes a redriven letter. It makes no agent, and none is ever forgotten: people redrive at any time."""
    taken = state.redriven.setdefault(origin.id, BitTable())
    if origin.sequence in taken:
        return "duplicate"
    taken.update(BitTable.of([origin.sequence]))
    return None


def _started(state: State, origin: Origin, before: AgentState | None) -> AgentState:
    agent = state.agents[origin.id] = AgentState(
        epoch=origin.epoch,
        watermark_us=before.watermark_us if before else None,
        heard=before.heard if before else state.ticks,
    )
    _forget_quietest(state, origin.id)
    return agent


def _note_heard(state: State, message: Message, body: AgentMessage) -> None:
    origin = body.origin
    agent = state.agents[origin.id]
    agent.heard = state.ticks
    before_us = origin.watermark_us if agent.watermark_us is None else agent.watermark_us
    agent.watermark_us = max(origin.watermark_us, before_us)
    if origin.lost_writes:
        state.totals = state.totals.plus(lost_writes=origin.lost_writes)
    state.last_us = message.append_us
    if body.kind == "bye":
        agent.left_at = message.offset
        _forget_left(state)


def _forget_left(state: State) -> None:
    left = sorted((agent.left_at, name) for name, agent in state.agents.items() if agent.left_at is not None)
    for _, name in left[: -max(MAX_LEFT_AGENTS, _expected(state))]:
        del state.agents[name]


def _forget_quietest(state: State, newest: str) -> None:
    """Makes room for an agent that was not known: the one that was not heard for longest is forgotten."""
    if len(state.agents) > max(MAX_AGENTS, _expected(state)):
        _, name = min((agent.heard, name) for name, agent in state.agents.items() if name != newest)
        del state.agents[name]


def _expected(state: State) -> int:
    """The most agents that a definition in force expects."""
    return max(max(d.expected_agents, len(d.agent_names)) for d in (v.definition for v in state.versions))


class _Feeder:
    """One message on its way into the intervals."""

    __slots__ = ("_again", "_body", "_geometry", "_group", "_message", "_refused", "_state", "_touched")

    def __init__(self, group: OpenGroup, message: Message, body: AgentMessage, *, again: bool) -> None:
        self._group = group
        self._state = group.state
        self._message = message
        self._body = body
        self._again = again
        self._geometry = group.geometry
        self._touched: int | None = None
        self._refused: dict[str, list[Fold]] = {}

    def run(self) -> None:
        if self._body.writes is not None and len(self._body.writes):
            self._writes(self._body.writes)
        for fold in self._body.folds:
            self._fold(fold)
        for reason, folds in self._refused.items():
            self._dead_letter(reason, None, tuple(folds), sum(fold.writes or 0 for fold in folds))
        self._span()
        if self._touched is not None:
            self._group.holds[self._message.offset] = self._group.span_of(self._touched)[1]

    def _writes(self, writes: WriteBatch) -> None:
        screen = stateless(writes, *self._times_us(), self._geometry, fastest())
        for interval, rows in by_interval(writes, screen, self._geometry.interval_us):
            table = self._table(interval)
            if table is not None:
                self._mark(writes, rows, screen, interval, table)
            elif self._too_late(interval):
                screen.refuse(rows, "too-late")
            else:
                self._late_writes(writes, rows, screen, interval)
        for reason, mask in screen.refused():
            refused = writes.take(np.flatnonzero(mask))
            self._dead_letter(reason, refused, (), len(refused))

    def _late_writes(
        self, writes: WriteBatch, rows: NDArray[np.int64], screen: Screen, interval: int
    ) -> None:
        if self._again:
            return
        late = self._late_table(interval)
        if late is None:
            self._uncollected(len(rows))
            return
        late.late_writes += self._mark(writes, rows, screen, interval, late)

    def _mark(
        self,
        writes: WriteBatch,
        rows: NDArray[np.int64],
        screen: Screen,
        interval: int,
        table: OpenInterval,
    ) -> int:
        """Marks the rows that belong, none of which is refused yet; how many writes did."""
        definition = self._group.version_at(interval).definition
        start_us = interval * self._geometry.interval_us
        array = self._body.origin.array
        if len(rows) < len(writes):
            writes = writes.take(rows)
        span, ordinary = self._group.span_of(interval), 0
        windows = self._group.windows_in(span)
        if windows == [span]:
            left = mark_in_one_pass(table, writes, array, definition, start_us)
            ordinary = len(writes) - len(left)
            if not len(left):
                return ordinary
            if ordinary:  # each of the others is rare: a few go step by step, for what these cost
                rows, writes = rows[left], writes.take(left)
        members = members_of(writes, array, definition)
        for reason, faulty in check_members(writes, members):
            screen.refuse(rows[faulty], reason)
        belonging = self._belonging(writes, rows, screen, None if windows == [span] else windows)
        if belonging is not None:
            if not belonging.any():
                return ordinary
            writes = writes.take(belonging)
            members = members_of(writes, array, definition)
        written, outside = mark_writes(table, writes, members, definition.geometry, start_us)
        self._uncollected(outside)
        return ordinary + written

    def _belonging(
        self, writes: WriteBatch, rows: NDArray[np.int64], screen: Screen, windows: Spans | None
    ) -> NDArray[np.bool_] | None:
        """Which of the writes are fine and fall into a time of collection, None where all do.

        `windows` are these times, None where they have all of the interval.
        """
        if screen.clean and windows is None:
            return None
        sound: NDArray[np.bool_] = screen.verdicts[rows] == 0
        if windows is None:
            return sound
        inside = collected(writes.time_us, windows)
        self._uncollected(int(np.count_nonzero(sound & ~inside)))
        return sound & inside

    def _times_us(self) -> tuple[int, int]:
        return self._message.append_us, self._body.origin.watermark_us

    def _fold(self, fold: Fold) -> None:
        fault = fold_fault(fold, *self._times_us(), self._geometry)
        interval = fold_interval(fold, self._geometry.interval_us)
        if fault is not None or interval is None:
            self._refuse_fold(fold, fault or "fold-span")
            return
        table = self._table(interval)
        late = table is None
        if table is None:
            if self._too_late(interval):
                self._refuse_fold(fold, "too-late")
                return
            if self._again:
                return
            table = self._late_table(interval)
        if table is None or self._group.windows_in((fold.start_us, fold.end_us)) != [
            (fold.start_us, fold.end_us)
        ]:
            self._uncollected(fold.writes or 0)
            return
        self._merge_fold(fold, interval, table, late=late)

    def _merge_fold(self, fold: Fold, interval: int, table: OpenInterval, *, late: bool) -> None:
        definition = self._group.version_at(interval).definition
        member = definition.by_id.get(volume_id(self._body.origin.array, fold.volume))
        if member is None:
            self._refuse_fold(fold, "unknown-volume")
            return
        highest = fold.tracks.highest()
        if highest is not None and highest * fold.track_bytes >= (member.volume_bytes or 1 << 63):
            self._refuse_fold(fold, "beyond-volume")
            return
        mark_fold(table, fold, member, definition, interval * self._geometry.interval_us)
        if late:
            table.late_writes += fold.writes or 0

    def _span(self) -> None:
        """Feeds the vouched span; one with lost writes vouches for nothing, a redrive neither."""
        origin = self._body.origin
        if origin.lost_writes or self._body.kind == "redrive":
            return
        longest_us = self._geometry.max_gap_intervals * self._geometry.interval_us
        earliest = max(0, origin.watermark_us - longest_us)
        span = (max(origin.observed_from_us, earliest), origin.watermark_us)
        for interval, piece in intervals_of(span, self._geometry.interval_us):
            table = self._table(interval)
            if table is None and not self._again and not self._too_late(interval):
                table = self._late_table(interval)
            if table is not None:
                table.vouch(origin.id, piece)

    def _table(self, interval: int) -> OpenInterval | None:
        """The open table of an interval that is not closed yet; None for a closed one.

        Touching an interval opens it, even if all that came is refused later: a definition that comes
        behind must not take effect inside it, or a second reading of the log would decide differently.
        """
        closed = self._state.closed
        if closed is not None and interval <= closed:
            return None
        self._touched = interval if self._touched is None else max(self._touched, interval)
        table = self._group.open.get(interval)
        if table is None:
            table = self._group.open[interval] = OpenInterval.empty(self._geometry)
        return table

    def _late_table(self, interval: int) -> OpenInterval | None:
        """Where late parts of a closed interval wait; None where nothing was collected in it."""
        if not self._group.windows_in(self._group.span_of(interval)):
            return None
        return self._group.late.setdefault(interval, OpenInterval.empty(self._geometry))

    def _too_late(self, interval: int) -> bool:
        closed, born = self._state.closed, self._state.born
        return closed is not None and (
            interval <= closed - self._geometry.late_intervals or (born is not None and interval < born)
        )

    def _uncollected(self, writes: int) -> None:
        if writes and not self._again:
            self._state.totals = self._state.totals.plus(uncollected_writes=writes)

    def _refuse_fold(self, fold: Fold, reason: str) -> None:
        self._refused.setdefault(reason, []).append(fold)

    def _dead_letter(
        self, reason: str, writes: WriteBatch | None, folds: tuple[Fold, ...], count: int
    ) -> None:
        if self._again:
            return
        detail = f"{count} writes: {REASONS[reason]}"
        self._group.dead.append(DeadLetter(self._message.offset, reason, detail, writes, folds))
        self._state.totals = self._state.totals.plus(dead_letters=1, refused_writes=count)
