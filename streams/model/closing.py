"""When intervals are complete, and what a group publishes then."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from streams.model.entries import Gap, Interval, Summary, summarise
from streams.model.intervals import US
from streams.model.messages import Message, Tick
from streams.model.opengroup import OpenGroup
from streams.model.opentable import OpenInterval
from streams.model.rungs import rung_interval
from streams.model.state import AgentState, Mark, State, Version

__all__ = ["close", "count_tick", "lacks_agents"]


@dataclass(slots=True)
class _Draft:
    """A mark in the making. `fed` are the intervals that are open, ascending."""

    fed: deque[int]
    intervals: list[Interval] = field(default_factory=list)
    rungs: list[Interval] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far a group may close: through interval `last`, the group's `watermark_us`, whether agents left."""

    last: int
    watermark_us: int
    abandoned: bool = False


def count_tick(state: State, append_us: int) -> bool:
    """Counts a tick if enough append time passed since the last counted one; two owners tick only once."""
    pause_us = state.versions[-1].definition.geometry.tick_seconds * US
    if state.tick_us is not None and append_us < state.tick_us + pause_us:
        return False
    state.ticks += 1
    state.tick_us = append_us
    return True


def lacks_agents(state: State, version: Version) -> bool:
    """Whether an agent that the definition expects was never heard."""
    definition, heard = version.definition, _heard(state)
    if definition.agent_names:
        return any(name not in heard for name in definition.agent_names)
    return len(heard) < definition.expected_agents


def _heard(state: State) -> dict[str, AgentState]:
    """The agents that hold intervals open: those that ever had a message accepted, so have a watermark."""
    return {name: agent for name, agent in state.agents.items() if agent.watermark_us is not None}


def _watermarks(agents: list[AgentState]) -> list[int]:
    return [agent.watermark_us for agent in agents if agent.watermark_us is not None]


def close(group: OpenGroup, message: Message, *, forced: bool) -> Mark | None:
    """Closes all that is complete now. None where nothing is and no mark is `forced`."""
    ticked = forced and isinstance(message.body, Tick)
    fed = deque(sorted(group.open))
    reach = _reach(group, message, fed, ticked=ticked)
    if not forced and not _ready(group, fed, reach):
        return None
    draft, before = _Draft(fed), group.state.closed
    revised = _merge_late(group, draft)
    while reach is not None and _ready(group, fed, reach):
        _close_next(group, draft, reach)
        reach = _reach(group, message, fed, ticked=ticked)
    _publish_rungs(group, draft, before, revised)
    _forget_old(group)
    group.state.offset = message.offset
    closed_us = group.state.closed_us
    group.state.redo = tuple(
        offset
        for offset, fed_us in group.holds.items()
        if fed_us is not None and (closed_us is None or fed_us > closed_us)
    )
    return Mark(
        tuple(draft.intervals),
        tuple(draft.rungs),
        tuple(draft.gaps),
        tuple(draft.summaries),
        group.state.copy(),
    )


def _reach(group: OpenGroup, message: Message, fed: deque[int], *, ticked: bool) -> _Reach | None:
    """How far the agents let the group close; None while they hold it open.

    Where all agents are silent only a tick that counted (`ticked`) moves the watermark on.
    """
    state, length_us = group.state, group.geometry.interval_us
    following = _following(group, fed)
    version = state.versions[0] if following is None else group.version_at(following)
    agents = list(_heard(state).values())
    if state.deleted:
        return _through_open(fed, agents)
    if lacks_agents(state, version) and state.ticks - version.ticks < group.geometry.silent_ticks:
        return None
    live = [agent for agent in agents if agent.left_at is None]
    if not live:
        return _through_open(fed, agents)
    talking = [agent for agent in live if state.ticks - agent.heard < group.geometry.silent_ticks]
    if talking:
        return _reach_to(min(_watermarks(talking)), length_us)
    if state.last_us is None or not ticked:
        return None
    return _reach_to(max(_watermarks(agents)) + message.append_us - state.last_us, length_us)


def _reach_to(watermark_us: int, length_us: int) -> _Reach:
    return _Reach(watermark_us // length_us - 1, watermark_us)


def _through_open(fed: deque[int], agents: list[AgentState]) -> _Reach | None:
    """All agents left, or none ever came: nobody will fill the open intervals any more."""
    if not fed:
        return None
    return _Reach(fed[-1], max(_watermarks(agents), default=0), abandoned=True)


def _following(group: OpenGroup, fed: deque[int]) -> int | None:
    """The next interval to close."""
    if group.state.closed is not None:
        return group.state.closed + 1
    return fed[0] if fed else None


def _ready(group: OpenGroup, fed: deque[int], reach: _Reach | None) -> bool:
    following = _following(group, fed)
    return reach is not None and following is not None and following <= reach.last


def _merge_late(group: OpenGroup, draft: _Draft) -> list[int]:
    """Late parts become the next revision, computed from exactly the one that the state names."""
    late, group.late = sorted(group.late.items()), {}
    for interval, table in late:
        row = group.rows.get(interval)
        content = OpenInterval.empty(group.geometry) if row is None else OpenInterval.reopened(row)
        content.merge(table)
        partial = _is_partial(group, interval) if row is None else row.partial
        _publish(group, draft, interval, content, partial=partial, watermark_us=None)
    return [interval for interval, _ in late]


def _close_next(group: OpenGroup, draft: _Draft, reach: _Reach) -> None:
    """Closes the next interval, or the whole run up to the next fed one where it is too long to show."""
    following = _following(group, draft.fed)
    assert following is not None  # noqa: S101  # _ready said so
    fed = draft.fed[0] if draft.fed else reach.last + 1
    if fed - following > group.geometry.max_gap_intervals:
        _close_gap(group, draft, following, fed)
        return
    content = group.open.pop(following, None) or OpenInterval.empty(group.geometry)
    if fed == following:
        draft.fed.popleft()
    group.state.closed = following
    if group.windows_in(group.span_of(following)):
        cut = reach.abandoned and group.span_of(following)[1] > reach.watermark_us
        partial = cut or _is_partial(group, following)
        _publish(group, draft, following, content, partial=partial, watermark_us=reach.watermark_us)


def _close_gap(group: OpenGroup, draft: _Draft, first: int, end: int) -> None:
    group.state.closed = end - 1
    span = (group.span_of(first)[0], group.span_of(end)[0])
    version = group.version_at(first)
    draft.gaps += [
        Gap(version.definition.group, version.number, start_us, end_us)
        for start_us, end_us in group.windows_in(span)
    ]


def _is_partial(group: OpenGroup, interval: int) -> bool:
    """Whether collection was on for only a part of the interval."""
    span = group.span_of(interval)
    return group.windows_in(span) != [span]


def _publish(
    group: OpenGroup,
    draft: _Draft,
    interval: int,
    content: OpenInterval,
    *,
    partial: bool,
    watermark_us: int | None,
) -> None:
    before = group.rows.get(interval)
    revision = group.state.revisions.get(interval, -1) + 1
    windows = group.windows_in(group.span_of(interval))
    row = content.closed(interval, group.version_at(interval), windows, revision, partial=partial)
    group.rows[interval] = row
    group.state.revisions[interval] = revision
    draft.intervals.append(row)
    _count(group.state, row, before)
    draft.summaries.append(summarise(row, group.state.totals, watermark_us))


def _count(state: State, row: Interval, before: Interval | None) -> None:
    """Raises the totals by what the row adds to the one that it replaces."""
    old = before.entries if before else ()

    def added(name: str) -> int:
        new_sum = sum(getattr(entry, name) or 0 for entry in row.entries)
        return max(0, new_sum - sum(getattr(entry, name) or 0 for entry in old))

    state.totals = state.totals.plus(
        intervals_closed=0 if before else 1,
        changed_tracks=added("changed_tracks"),
        changed_bytes=added("changed_bytes"),
        writes=added("writes"),
        written_bytes=added("written_bytes"),
        discards=row.discards - (before.discards if before else 0),
        late_writes=row.late_writes - (before.late_writes if before else 0),
    )


def _publish_rungs(group: OpenGroup, draft: _Draft, before: int | None, revised: list[int]) -> None:
    """A rung appears when `closed` passes its end, and again whenever one of its intervals is revised."""
    closed = group.state.closed
    if closed is None:
        return
    for rung_seconds in sorted(group.geometry.rungs_seconds):
        size = rung_seconds // group.geometry.interval_seconds
        touched = {interval // size for interval in revised}
        for rung in sorted({interval // size for interval in group.state.revisions}):
            last = rung * size + size - 1
            passed = before is None or last > before
            if last <= closed and (passed or rung in touched):
                row, sums = rung_interval(group, rung, size)
                draft.rungs.append(row)
                draft.summaries.append(summarise(row, group.state.totals, None, sums))


def _forget_old(group: OpenGroup) -> None:
    """Drops what no late write and no rung can need any more."""
    state, geometry = group.state, group.geometry
    if state.closed is None:
        return
    first_late = state.closed - geometry.late_intervals + 1
    sizes = [rung // geometry.interval_seconds for rung in geometry.rungs_seconds]
    keep = min([first_late, *(first_late // size * size for size in sizes)])
    state.revisions = {k: revision for k, revision in state.revisions.items() if k >= keep}
    group.rows = {k: row for k, row in group.rows.items() if k in state.revisions}
    following = [*state.versions[1:], None]
    state.versions = [
        version
        for version, after in zip(state.versions, following, strict=True)
        if after is None or (after.first is not None and after.first > keep)
    ]
    keep_us = keep * geometry.interval_us
    state.windows = [window for window in state.windows if window[1] is None or window[1] > keep_us]
