"""How the need grows: by period, the trend through it, and the days until the link is too small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from streams.cli.reports.capacity import Capacity
from streams.cli.reports.document import Section, Unit, facts
from streams.cli.units import seconds_text
from streams.model.sizing.forecast import (
    WEEK_SECONDS,
    Exhaustion,
    Need,
    days_by_growth,
    exhaustion,
    has_weeks,
)

__all__ = ["exhaustion_of", "outlook_section", "period_of"]

_DAY_SECONDS = 86_400
_FEWEST_WEEKS = 4
_SAME = "Each period's need is found as that of the whole range; periods with gaps are left out."
_WEEKS = "Days are compared with the same days of other weeks."
_NO_WEEKS = "Of less than two weeks a season of the week may look like a trend."


def period_of(range_seconds: int) -> int:
    """Weeks where the range has enough of them for a range of the trend, else days."""
    return WEEK_SECONDS if range_seconds >= _FEWEST_WEEKS * WEEK_SECONDS else _DAY_SECONDS


def _notes(needs: Sequence[Need], found: Exhaustion, period_seconds: int) -> Iterator[str]:
    yield _SAME
    if period_seconds < WEEK_SECONDS and needs:
        yield _WEEKS if has_weeks(needs) else _NO_WEEKS
    if found.reason:
        yield f"Trend: {found.reason}."


def exhaustion_of(needs: Sequence[Need], capacity: Capacity) -> Exhaustion:
    """When the needs, rates of written or changed bytes, reach what the paths carry."""
    return exhaustion(needs, capacity.reduction.carried(capacity.payload))


def outlook_section(
    needs: Sequence[Need], rate: Fraction, capacity: Capacity, period_seconds: int
) -> Section:
    """Days to exhaustion with their range, from the trend and from the growth in the settings."""
    found = exhaustion_of(needs, capacity)
    trend, link = found.trend_per_day, capacity.link
    slope = None if trend is None else trend.slope
    carried = capacity.reduction.carried(capacity.payload)
    by_growth = days_by_growth(rate, carried, link.growth_per_year)
    return facts(
        "outlook",
        f"Until the link is too small, from the need by periods of {seconds_text(period_seconds)}",
        [
            ("periods", "periods measured", Unit.COUNT, len(needs)),
            ("trend_bits_per_second_per_day", "trend a day", Unit.RATE, slope),
            ("days", "days to exhaustion by trend", Unit.DAYS, found.days),
            ("earliest_days", "earliest", Unit.DAYS, found.earliest_days),
            ("latest_days", "latest", Unit.DAYS, found.latest_days),
            ("days_by_growth", f"by {100 * link.growth_per_year:g} % a year", Unit.DAYS, by_growth),
        ],
        list(_notes(needs, found, period_seconds)),
    )
