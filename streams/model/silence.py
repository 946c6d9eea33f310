"""Who of a group's agents is silent, by what a mark says: ticks are counted in the log, never by a clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from streams.model.state import AgentState

__all__ = ["Attendance", "attendance"]


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many expected agents are silent, and whether all that ever came said bye."""

    silent: int
    ended: bool


def attendance(
    agents: Mapping[str, AgentState],
    *,
    ticks: int,
    defined_at: int,
    silent_ticks: int,
    expected: int,
    names: Collection[str] = (),
) -> Attendance:
    """Who is there as of a mark.

    An agent is silent that was not heard for `silent_ticks` counted ticks and did not say bye. One that was
    never heard counts from the definition on, at `defined_at` ticks. `names` are those that are expected;
    without them their number is.
    """
    heard = {name: agent for name, agent in agents.items() if agent.watermark_us is not None}
    live = [agent for agent in heard.values() if agent.left_at is None]
    missing = sum(name not in heard for name in names) if names else max(expected - len(heard), 0)
    if ticks - defined_at < silent_ticks:
        missing = 0
    silent = sum(ticks - agent.heard >= silent_ticks for agent in live)
    return Attendance(silent + missing, ended=bool(heard) and not live and not missing)
