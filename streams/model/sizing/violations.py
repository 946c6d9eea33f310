"""When the RPO is not met at a rate: how often, how long, and how bad on each day.

Moments are judged by what becomes of their bytes, as in `attainment`: a violation is a span whose bytes are
shipped later than the RPO allows. A gap ends it, for nobody knows how it went on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import US, Span
from streams.model.sizing.backlog import backlog_bytes, drained_bytes, rounding_bytes
from streams.model.sizing.exact import Number, positive
from streams.model.sizing.series import Series

__all__ = ["DayWorst", "Violations", "violations", "worst_by_day"]

_DAY_US = 86_400 * US


@dataclass(frozen=True, slots=True)
class Violations:
    """Spans whose bytes were shipped too late, in order, rounded to microseconds."""

    spans: tuple[Span, ...]

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.spans)

    @property
    def longest_seconds(self) -> float:
        """Length of the longest one, 0 without any."""
        return max((end - start for start, end in self.spans), default=0) / US

    @property
    def total_seconds(self) -> float:
        """Length of all of them."""
        return sum(end - start for start, end in self.spans) / US


class DayWorst(NamedTuple):
    """The longest that a byte of this day's judged slots waited; None where no slot is judged."""

    start_us: int
    rpo_seconds: float | None


def violations(series: Series, bits_per_second: Number, rpo_seconds: Number) -> Violations:
    """The violations of an RPO at a rate, with even flow inside slots. O(n).

    Raises:
        ValueError: the rate or the RPO is not more than zero.
        MissingData: no slot was measured.
    """
    judged = series.require_judged().judged
    drained, waiting = drained_bytes(series, bits_per_second), backlog_bytes(series, bits_per_second)
    limit = drained * float(positive("rpo_seconds", rpo_seconds)) / series.slot_seconds
    limit += rounding_bytes(series.arrived_bytes(), drained)
    above = waiting > limit
    slots = np.flatnonzero(judged & (above[:-1] | above[1:]))
    entered, left = _crossings(series, waiting, slots, limit, drained)
    # A violation goes on from one slot into the next where both are judged and the edge between is above.
    goes_on = above[slots[1:]] & (np.diff(slots) == 1)
    some = [True] * min(len(slots), 1)
    starts, ends = entered[np.concatenate([some, ~goes_on]) > 0], left[np.concatenate([~goes_on, some]) > 0]
    return Violations(tuple(zip(starts.tolist(), ends.tolist(), strict=True)))


def worst_by_day(
    series: Series, bits_per_second: Number, day_starts_us: Sequence[int] | None = None
) -> list[DayWorst]:
    """For each day the longest that a byte which arrived in it waited to be shipped.

    Days are those of UTC, unless the starts of other ones are given, in order (local days, with their
    changes of the clock). A slot belongs to the day in which it starts; bytes before the first start are
    left out.

    Raises:
        ValueError: the rate is not more than zero.
    """
    waiting = backlog_bytes(series, bits_per_second)
    seconds = np.maximum(waiting[:-1], waiting[1:]) / drained_bytes(series, bits_per_second)
    seconds *= series.slot_seconds
    if day_starts_us is None:
        day_starts_us = range(series.start_us // _DAY_US * _DAY_US, series.end_us, _DAY_US)
    edges = [max(-(-(start - series.start_us) // series.slot_us), 0) for start in day_starts_us]
    worst = []
    for start_us, (first, end) in zip(day_starts_us, pairwise([*edges, series.slots]), strict=True):
        of_day = seconds[first:end][series.judged[first:end]]
        worst.append(DayWorst(start_us, float(of_day.max()) if len(of_day) else None))
    return worst


def _crossings(
    series: Series, waiting: NDArray[np.float64], slots: NDArray[np.int64], limit: float, drained: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For slots with a violation: the moments at which the backlog is first and last above the limit."""
    before, change = waiting[slots], series.bytes_by_slot[slots] - drained
    crossing = np.zeros(len(slots))
    np.divide(limit - before, change, out=crossing, where=change != 0)
    crossing = np.clip(crossing, 0, 1)
    above = waiting > limit
    entered = np.where(above[slots], 0, crossing)
    left = np.where(above[slots + 1], 1, crossing)
    first_us = series.start_us + slots * series.slot_us
    slot_us = series.slot_us
    return (
        first_us + np.rint(entered * slot_us).astype(np.int64),
        first_us + np.rint(left * slot_us).astype(np.int64),
    )
