"""What a cycle ships, from stored bit tables.

A cycle that begins or ends inside a base interval ships something between the union of the intervals that
lie inside it and the union of those that it touches. Replay it on both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.model.intervals import US
from streams.model.sizing.cycles import Changed, Cycle
from streams.model.sizing.grid import Grid
from streams.model.sizing.windows import Unions

__all__ = ["cycles_in_gaps", "inner_changes", "outer_changes", "require_cycle"]


def inner_changes(unions: Unions) -> Changed:
    """What surely changed between two moments: the union of the base intervals between them."""
    step = unions.grid.interval_seconds

    def changed(start: float, end: float) -> int:
        return unions.between(_marks_up_to(start, step, whole=False), _marks_up_to(end, step, whole=True))

    return changed


def outer_changes(unions: Unions) -> Changed:
    """The most that can have changed between two moments: the union of the base intervals that they touch."""
    step = unions.grid.interval_seconds

    def changed(start: float, end: float) -> int:
        return unions.between(_marks_up_to(start, step, whole=True), _marks_up_to(end, step, whole=False))

    return changed


def require_cycle(grid: Grid, cycle_seconds: float) -> None:
    """Refuses a cycle that the tables of the grid cannot show.

    Raises:
        ValueError: it is shorter than the base interval, or longer than the range.
    """
    if cycle_seconds < grid.interval_seconds:
        raise ValueError(
            f"cycle_seconds {cycle_seconds}: it is shorter than the base interval of "
            f"{grid.interval_seconds} s; choose a longer cycle, or a shorter base interval for the group"
        )
    if cycle_seconds > grid.seconds:
        raise ValueError(
            f"cycle_seconds {cycle_seconds}: it is longer than the range of {grid.seconds} s; "
            "choose a shorter cycle or a longer range"
        )


def cycles_in_gaps(replayed: Sequence[Cycle], grid: Grid) -> int:
    """How many of the cycles touch a gap: what they shipped is what was seen, a lower bound."""
    step = grid.interval_seconds
    gaps = np.concatenate([[0], np.cumsum(~grid.measured)])
    first = [_marks_up_to(cycle.begun, step, whole=True) for cycle in replayed]
    end = [_marks_up_to(cycle.switched, step, whole=False) for cycle in replayed]
    return int(np.count_nonzero(gaps[end] > gaps[first]))


def _marks_up_to(seconds: float, step_seconds: int, *, whole: bool) -> int:
    """How many intervals end by that moment, or begin before it. Moments are told apart by microseconds."""
    moment_us = round(seconds * US)
    return moment_us // (step_seconds * US) if whole else -(-moment_us // (step_seconds * US))
