"""What a cycle ships, from stored bit tables.

A cycle that begins or ends inside a base interval ships something between the union of the intervals that
lie inside it and the union of those that it touches. Replay it on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from streams.model.intervals import US
from streams.model.sizing.cycles import Changed, Cycle
from streams.model.sizing.grid import Grid
from streams.model.sizing.windows import Unions, lengths_up_to

__all__ = [
    "PiecedUnions",
    "cycle_lengths",
    "cycles_in_gaps",
    "inner_changes",
    "outer_changes",
    "require_cycle",
    "shifted_changes",
]

_MOST_CELLS = 1 << 24
_LATE_FACTOR = 4  # cycles that grow to so many RPOs are late enough


class PiecedUnions(Unions):
    """Unions whose windows may be longer than the longest that was counted.

    Such a window is cut into pieces that were, and their unions add up: never too little.
    """

    def between(self, start: int, end: int) -> int:
        """Bytes of the union of the intervals `start` to `end` (exclusive), or more where it is long."""
        longest = self.lengths[-1]
        if end - start <= longest:
            return Unions.between(self, start, end)
        edges = [*range(start, end, longest), end]
        return sum(Unions.between(self, low, high) for low, high in pairwise(edges))

    @classmethod
    def of(cls, unions: Unions) -> PiecedUnions:
        """The same unions; their lengths begin with 1 and have no holes."""
        return cls(unions.grid, unions.lengths, unions.changed_bytes)

    def part(self, start: int, end: int) -> PiecedUnions:
        """Those of the intervals `start` to `end` (exclusive) alone, as a range of their own."""
        grid = self.grid
        step_us = grid.interval_seconds * US
        inside = Grid(grid.start_us + start * step_us, grid.interval_seconds, grid.measured[start:end])
        lengths = tuple(length for length in self.lengths if length <= end - start)
        return PiecedUnions(inside, lengths, self.changed_bytes[: len(lengths), start:end])


def cycle_lengths(grid: Grid, seconds: Sequence[float]) -> range:
    """The window lengths, in base intervals, to count for cycles and RPOs of so many seconds.

    As long as late cycles reasonably get, and as many as fit into 128 MiB; `PiecedUnions` does the rest.
    """
    longest = _LATE_FACTOR * max([*seconds, grid.interval_seconds])
    return lengths_up_to(grid, longest)[: max(_MOST_CELLS // len(grid), 1)]


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


def shifted_changes(unions: Unions) -> Changed:
    """The most that can change between two moments that both come later by up to one base interval."""
    step, count = unions.grid.interval_seconds, len(unions.grid)

    def changed(start: float, end: float) -> int:
        return unions.between(
            _marks_up_to(start, step, whole=True), min(_marks_up_to(end, step, whole=False) + 1, count)
        )

    return changed


def require_cycle(grid: Grid, cycle_seconds: float) -> None:
    """Refuses a cycle that the tables of the grid cannot show.

    Raises:
        ValueError: it is shorter than the base interval, or longer than the range.
    """
    if cycle_seconds < grid.interval_seconds:
        raise ValueError(
            f"cycle_seconds {float(cycle_seconds):g}: it is shorter than the base interval of "
            f"{grid.interval_seconds} s; choose a longer cycle, or a shorter base interval for the group"
        )
    if cycle_seconds > grid.seconds:
        raise ValueError(
            f"cycle_seconds {float(cycle_seconds):g}: it is longer than the range of {grid.seconds} s; "
            "choose a shorter cycle or a longer range"
        )


def cycles_in_gaps(replayed: Sequence[Cycle], grid: Grid) -> int:
    """How many of the cycles touch a gap: what they shipped is what was seen, a lower bound."""
    step = grid.interval_seconds
    gaps = np.concatenate([[0], np.cumsum(~grid.measured)])
    first = [_marks_up_to(max(cycle.begun, 0.0), step, whole=True) for cycle in replayed]
    end = [_marks_up_to(min(cycle.switched, grid.seconds), step, whole=False) for cycle in replayed]
    return int(np.count_nonzero(gaps[end] > gaps[first]))


def _marks_up_to(seconds: float, step_seconds: int, *, whole: bool) -> int:
    """How many intervals end by that moment, or begin before it. Moments are told apart by microseconds."""
    moment_us = round(seconds * US)
    return moment_us // (step_seconds * US) if whole else -(-moment_us // (step_seconds * US))
