"""Which messages of an agent were seen before: epochs, sequence numbers, holes."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

from streams.model.state import AgentState

__all__ = ["MAX_HOLES", "Verdict", "take_sequence"]

MAX_HOLES = 64
"""Missing sequence numbers that are remembered for each agent; older ones count as forgotten."""

Verdict = Literal["new", "duplicate", "forgotten"]


def take_sequence(agent: AgentState, sequence: int) -> Verdict:
    """Notes that the message with this number arrived, and says whether it is the first time.

    A number at or below the floor may or may not have been seen: it is never called a duplicate.
    """
    if sequence <= agent.floor:
        return "forgotten"
    if sequence > agent.high:
        _open_holes(agent, agent.high + 1, sequence)
        agent.high = sequence
        return "new"
    place = bisect_left(agent.holes, sequence)
    if place < len(agent.holes) and agent.holes[place] == sequence:
        del agent.holes[place]
        return "new"
    return "duplicate"


def _open_holes(agent: AgentState, first: int, end: int) -> None:
    agent.holes += range(max(first, end - MAX_HOLES), end)
    if first < end - MAX_HOLES:
        agent.floor = end - MAX_HOLES - 1
    while len(agent.holes) > MAX_HOLES:
        agent.floor = max(agent.floor, agent.holes.pop(0))
    agent.holes = [hole for hole in agent.holes if hole > agent.floor]
