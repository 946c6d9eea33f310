"""Cycle replication replayed: every cycle ships the union of what was written in it.

Cycle k captures `[begun, switched)`, then ships its data, then applies it. The next cycle begins with the
switch. A switch happens after the cycle time at the earliest, and not before the cycle `queue_depth` earlier
is applied: 1 is the single-transmit rule (one cycle captured, one in transfer), None switches on time
whatever waits (multi-cycle). The link ships one cycle at a time, in order, and they are applied in order
(requirements, 5.7; design, section 7).

Cycles go on as if nothing had been written before the range and nothing were written behind it: one that an
end of the range cuts through ships what it captured inside, on its own time. So every byte of the range is
shipped and judged, and what would be written later only adds to it.

What a cycle changed comes from a function of its begin and end, so that the same replay runs on stored bit
tables and on a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from streams.model.sizing.claims import BITS_PER_BYTE

__all__ = ["Changed", "Cycle", "CycleRule", "cache_bytes", "cycles", "worst_exposure_seconds"]

Changed = Callable[[float, float], float]
"""Bytes that changed from one second of the range to another, each track counted once."""


@dataclass(frozen=True, slots=True)
class CycleRule:
    """How a replicator makes cycles: the shortest cycle, the time to apply one, how many may wait."""

    cycle_seconds: float
    apply_seconds: float = 0
    queue_depth: int | None = 1

    def __post_init__(self) -> None:
        if not 0 < self.cycle_seconds < np.inf:
            raise ValueError(f"cycle_seconds {self.cycle_seconds}: it must be more than zero")
        if not 0 <= self.apply_seconds < np.inf:
            raise ValueError(f"apply_seconds {self.apply_seconds}: it cannot be negative")
        if self.queue_depth is not None and self.queue_depth < 1:
            raise ValueError(
                f"queue_depth {self.queue_depth}: choose 1 for single transmit, more, or none for no limit"
            )


class Cycle(NamedTuple):
    """One cycle. Times are in seconds since the range began; the first may have begun before it."""

    begun: float
    switched: float
    sent_from: float
    sent: float
    applied: float
    changed_bytes: float

    @property
    def cycle_seconds(self) -> float:
        """How long it captured."""
        return self.switched - self.begun

    @property
    def exposure_seconds(self) -> float:
        """What a disaster just before the cycle is applied loses: capture, wait, transfer and apply."""
        return self.applied - self.begun


def cycles(
    changed: Changed,
    range_seconds: float,
    rule: CycleRule,
    payload_bits_per_second: float,
    first_switch_seconds: float | None = None,
) -> Iterator[Cycle]:
    """The cycles that capture a part of a range, one after the other.

    Args:
        changed: what a cycle ships; asked for moments inside the range only.
        range_seconds: length of the range.
        rule: of the replicator.
        payload_bits_per_second: what the link ships, before compression and deduplication.
        first_switch_seconds: when the first cycle ends, above 0 and up to the cycle time, which is what it is
            without: the phase of the cycles against the range.

    Raises:
        ValueError: the rate is not more than zero.
    """
    if not 0 < payload_bits_per_second < np.inf:
        raise ValueError(f"payload_bits_per_second {payload_bits_per_second}: it must be more than zero")
    length, apply, depth = rule.cycle_seconds, rule.apply_seconds, rule.queue_depth
    begun = (length if first_switch_seconds is None else first_switch_seconds) - length
    sent = applied = begun
    waiting: list[float] = []  # when the newest cycles are applied, as many as may wait
    while begun < range_seconds:
        switched = begun + length
        if depth is not None and len(waiting) == depth:
            switched = max(switched, waiting.pop(0))
        size = changed(max(begun, 0.0), min(switched, range_seconds))
        sent_from = max(switched, sent)
        sent = sent_from + BITS_PER_BYTE * size / payload_bits_per_second
        applied = max(sent, applied) + apply
        if depth is not None:
            waiting.append(applied)
        yield Cycle(begun, switched, sent_from, sent, applied, size)
        begun = switched


def worst_exposure_seconds(replayed: Sequence[Cycle]) -> float:
    """The longest exposure of any cycle; 0 where there is none."""
    return max((cycle.exposure_seconds for cycle in replayed), default=0.0)


def cache_bytes(
    replayed: Sequence[Cycle],
    changed: Changed,
    range_seconds: float,
    step_seconds: float,
    at_least: float = 0.0,
) -> float:
    """The most bytes that are captured or wait for transfer at once: the cache, or what spills over.

    Looked at in steps of the base interval: what is captured by the end of each, with what was not yet sent
    at its start, which is never too little. No less than `at_least`, so that the most of several replays is
    found without looking at cycles that cannot raise it: none holds more than waits when it begins and what
    it captures in all.
    """
    most = float(at_least)
    if not replayed:
        return most
    sizes = np.array([cycle.changed_bytes for cycle in replayed], np.float64)
    times = np.array([(cycle.sent_from, cycle.sent) for cycle in replayed]).ravel()
    total = np.cumsum(sizes)
    shipped = np.stack([total - sizes, total], axis=1).ravel()
    before = total - sizes
    begun = np.array([max(cycle.begun, 0.0) for cycle in replayed])
    limit = sizes + before - np.interp(begun, times, shipped, left=0.0)
    for place in np.argsort(-limit, kind="stable").tolist():
        if limit[place] <= most:
            break
        cycle = replayed[place]
        start, end = max(cycle.begun, 0.0), min(cycle.switched, range_seconds)
        edges = list(_steps(start, end, step_seconds))
        starts = [low for low, _ in edges]
        captured = np.array([changed(start, high) for _, high in edges], np.float64)
        waits = before[place] - np.interp(starts, times, shipped, left=0.0)
        most = max(most, float((captured + waits).max(initial=0.0)))
    return most


def _steps(start: float, end: float, step_seconds: float) -> Iterator[tuple[float, float]]:
    """A capture cut at multiples of the step."""
    mark = int(start // step_seconds) + 1
    while start < end:
        edge = min(mark * step_seconds, end)
        if edge > start:
            yield start, edge
        start, mark = edge, mark + 1
