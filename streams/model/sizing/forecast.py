"""When a link will be too small: days to exhaustion with a range, from the trend of what it needed.

The need is taken by periods, whole weeks by default, and of each period it is the same quantity as of the
whole range: whatever the mode of replication asks for. A season of a week is in no trend: weeks hold all of
it, and of shorter periods, from two weeks of them on, only those are compared that lie whole weeks apart.
Where the interval of the slope includes no growth there is no date: "none" is then the answer, and not a long
time. The user's own growth is the alternative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from streams.model.intervals import US
from streams.model.sizing.exact import Number, exact, not_negative, positive
from streams.model.sizing.grid import Grid
from streams.model.sizing.series import Series
from streams.model.sizing.trend import CONFIDENCE, Trend, theil_sen

__all__ = [
    "WEEK_SECONDS",
    "Exhaustion",
    "Need",
    "days_by_growth",
    "exhaustion",
    "has_weeks",
    "needs_by_period",
    "set_needs_by_period",
]

LEAST_COVERAGE_OF_PERIODS = 0.9
WEEK_SECONDS = 7 * 86_400
_DAY_US = 86_400 * US
_DAYS_PER_YEAR = Fraction("365.25")


class Need(NamedTuple):
    """What a link needed in a period that ended at `end_us`: any figure, as long as it is the same in all."""

    end_us: int
    bits_per_second: Fraction


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """Days from the newest need until the capacity is reached.

    `days` follows the slope, `earliest_days` and `latest_days` the two ends of its interval; all of them are
    None where the interval includes no growth, and `reason` says why. They are 0 where the line is there
    already, and `days` may then be 0 without growth.
    """

    days: float | None
    earliest_days: float | None
    latest_days: float | None
    trend_per_day: Trend | None
    reason: str


def needs_by_period(
    series: Series,
    need: Callable[[Series], Fraction],
    period_seconds: int = WEEK_SECONDS,
    least_coverage: float = LEAST_COVERAGE_OF_PERIODS,
) -> list[Need]:
    """What `need` says of each whole period of a series, counted back from the end of the range.

    What waits from the period before is left out. So are periods that are covered less than asked for, for
    a lower bound among them would look like a fall.

    Raises:
        ValueError: the period is not more than zero.
    """
    period_us = int(positive("period_seconds", period_seconds) * US)
    needs = []
    for back in range((series.end_us - series.start_us) // period_us, 0, -1):
        end_us = series.end_us - (back - 1) * period_us
        part = series.clipped((end_us - period_us, end_us))
        if part.judged.any() and part.coverage_ratio >= least_coverage:
            needs.append(Need(end_us, need(part)))
    return needs


def set_needs_by_period(
    grid: Grid,
    need: Callable[[int, int], Fraction | None],
    period_seconds: int = WEEK_SECONDS,
    least_coverage: float = LEAST_COVERAGE_OF_PERIODS,
) -> list[Need]:
    """The same from bit tables: `need` is of the base intervals from one to another (exclusive).

    Periods for which it is None are left out, and so are those with gaps, as above.

    Raises:
        ValueError: the period is not more than zero.
    """
    length = int(positive("period_seconds", period_seconds)) // grid.interval_seconds
    needs = []
    for back in range(len(grid) // length if length else 0, 0, -1):
        end = len(grid) - (back - 1) * length
        if grid.measured[end - length : end].mean() < least_coverage:
            continue
        rate = need(end - length, end)
        if rate is not None:
            needs.append(Need(grid.start_us + end * grid.interval_seconds * US, rate))
    return needs


def exhaustion(
    needs: Sequence[Need], capacity_bits_per_second: Number, confidence: float = CONFIDENCE
) -> Exhaustion:
    """When the needs reach the capacity, both on the same plane: written bytes, or payload.

    Each slope is laid through the points so that as many lie above as below; of those of each weekday, where
    periods are shorter than a week, and the highest line counts. Before there are two weeks of them, all are
    compared with each other, and a season of the week may look like a trend: `has_weeks`.

    Raises:
        ValueError: the capacity is negative, or a confidence that is not between 0 and 1.
    """
    capacity = float(not_negative("capacity_bits_per_second", capacity_bits_per_second))
    days = [(need.end_us - needs[-1].end_us) / _DAY_US for need in needs]
    rates = [float(need.bits_per_second) for need in needs]
    phases = [need.end_us % (WEEK_SECONDS * US) if has_weeks(needs) else 0 for need in needs]
    trend = theil_sen(days, rates, confidence, phases)
    points = list(zip(days, rates, phases, strict=True))
    if rates and _level(points, trend.slope if trend else 0) >= capacity:
        return Exhaustion(0.0, 0.0, 0.0, trend, "the need is at the capacity already")
    if trend is None or math.isinf(trend.low):
        reason = f"{len(needs)} periods measured: too few for a range at a confidence of {confidence:g}"
        return Exhaustion(None, None, None, trend, reason)
    if not trend.is_growth:
        return Exhaustion(None, None, None, trend, "the range of the trend includes no growth")
    reached = [_days_until(points, slope, capacity) for slope in (trend.slope, trend.high, trend.low)]
    return Exhaustion(reached[0], min(reached), max(reached), trend, "")


def has_weeks(needs: Sequence[Need]) -> bool:
    """Whether the needs span two weeks, so that each weekday can be compared with itself."""
    period_us = min((b.end_us - a.end_us for a, b in pairwise(needs)), default=0)
    return bool(needs) and needs[-1].end_us - needs[0].end_us + period_us >= 2 * WEEK_SECONDS * US


def days_by_growth(
    need_bits_per_second: Number, capacity_bits_per_second: Number, growth_per_year: Number
) -> float | None:
    """Days until a need that grows by this share each year reaches the capacity; None where it never does.

    Raises:
        ValueError: a negative rate or growth.
    """
    need = not_negative("need_bits_per_second", need_bits_per_second)
    capacity = not_negative("capacity_bits_per_second", capacity_bits_per_second)
    growth = not_negative("growth_per_year", growth_per_year)
    if need >= capacity:
        return 0.0
    if not need or not growth:
        return None
    return math.log(capacity / need) / math.log1p(float(exact(growth))) * float(_DAYS_PER_YEAR)


_Points = Sequence[tuple[float, float, int]]


def _level(points: _Points, slope: float) -> float:
    """Where the line of this slope is at the newest point, which is day 0; the highest of all phases."""
    by_phase: dict[int, list[float]] = {}
    for day, rate, phase in points:
        by_phase.setdefault(phase, []).append(rate - slope * day)
    return max(median(rates) for rates in by_phase.values())


def _days_until(points: _Points, slope: float, capacity: float) -> float:
    return max((capacity - _level(points, slope)) / slope, 0.0)
