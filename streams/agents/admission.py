"""May a recording be replayed into a group? Decided at its start, from what the group is and has closed."""

from __future__ import annotations

from dataclasses import dataclass

from streams.agents.recording import Recording
from streams.errors import ReplayError
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import AgentState, State
from streams.wire.times import format_time

__all__ = ["Wish", "definition_for", "require_not_ahead", "require_open"]

_REMEDY = "replay into a new group (another --group)"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; None where the group may decide, or the default if the group is new."""

    group: str
    track_bytes: int | None = None
    interval_seconds: int | None = None
    members: tuple[Member, ...] | None = None


def definition_for(wish: Wish, recording: Recording, existing: Definition | None) -> tuple[Definition, bool]:
    """The definition to replay under, and whether it is new and must be sent.

    A group that exists keeps its definition; it must have all volumes of the recording, and the track size
    and interval that were asked for.

    Raises:
        ReplayError: the group is defined otherwise; names the difference and the remedy.
    """
    if existing is None:
        geometry = Geometry.for_interval(wish.interval_seconds or 300, wish.track_bytes or 65_536)
        members = wish.members or recording.members
        return Definition(wish.group, members, geometry, expected_agents=len(recording.arrays)), True
    for name, asked, has in (
        ("track", wish.track_bytes, existing.geometry.track_bytes),
        ("interval", wish.interval_seconds, existing.geometry.interval_seconds),
    ):
        if asked not in (None, has):
            raise ReplayError(
                f"group {wish.group} exists with --{name} {has}, not {asked}: leave it out, or {_REMEDY}"
            )
    if wish.members is not None and {member.id: member for member in wish.members} != existing.by_id:
        raise ReplayError(f"group {wish.group} exists with other members: {_REMEDY}")
    lacking = sorted({member.id for member in recording.members} - existing.by_id.keys())
    if lacking:
        raise ReplayError(
            f"group {wish.group} exists without volumes of the trace, {len(lacking)} of them, such as "
            f"{lacking[0]}: add them (linkgauge groups apply), or {_REMEDY}"
        )
    return existing, False


def require_open(definition: Definition, recording: Recording, agent: str, state: State | None) -> None:
    """Refuses a recording older than what its group has closed, unless the same replay ran before.

    Raises:
        ReplayError: its writes would be too old to be counted; says the remedy.
    """
    closed_us = None if state is None else state.closed_us
    if state is None or closed_us is None or recording.first_us >= closed_us:
        return
    geometry = definition.geometry
    known = [state.agents.get(f"{array}/{agent}") for array in recording.arrays]
    if None in known:
        raise ReplayError(
            f"group {definition.group} is closed up to {format_time(closed_us)}, and the replay begins at "
            f"{format_time(recording.first_us)}: {_REMEDY}, or move it behind with --start"
        )
    oldest_us = closed_us - geometry.late_intervals * geometry.interval_us
    if any(seen is not None and _has_more(seen, recording, oldest_us) for seen in known):
        raise ReplayError(
            f"this replay was broken off, and its group {definition.group} was closed up to "
            f"{format_time(closed_us)} since, too far to go on: {_REMEDY}"
        )


def require_not_ahead(definition: Definition, recording: Recording, now_us: int, speed: float | None) -> None:
    """Refuses a recording that would reach further into the future than the group takes.

    Raises:
        ReplayError: says by how much.
    """
    sending_us = 0 if speed is None else int((recording.end_us - recording.first_us) / speed)
    ahead_seconds = (recording.end_us - now_us - sending_us) // US
    if ahead_seconds > definition.geometry.max_clock_ahead_seconds:
        raise ReplayError(
            f"the replay ends at {format_time(recording.end_us)}, which lies {ahead_seconds} s ahead of the "
            f"clock when it is sent; the group takes {definition.geometry.max_clock_ahead_seconds} s: choose "
            "an earlier --start"
        )


def _has_more(seen: AgentState, recording: Recording, oldest_us: int) -> bool:
    """Whether an agent that broke off has something left that would be too old."""
    if seen.left_at is not None or seen.watermark_us is None:
        return False
    return seen.watermark_us < min(oldest_us, recording.end_us)
