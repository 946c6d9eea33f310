"""Days to exhaustion: known lines, no growth, too little data, and needs by period."""

from fractions import Fraction

import numpy as np
import pytest

from streams.model.intervals import US
from streams.model.sizing.forecast import (
    WEEK_SECONDS,
    Need,
    days_by_growth,
    exhaustion,
    has_weeks,
    needs_by_period,
    set_needs_by_period,
)
from streams.model.sizing.grid import Grid
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series

DAY_US = 86_400 * US


def of_an_hour(part):
    """B* for an RPO of an hour."""
    return least_rate(part, 3600).bits_per_second


def weekly(*rates):
    return [Need(week * 7 * DAY_US, Fraction(rate)) for week, rate in enumerate(rates)]


def test_a_steady_growth_reaches_the_capacity_on_a_day():
    found = exhaustion(weekly(100, 107, 114, 121, 128), 198)
    assert (found.days, found.earliest_days, found.latest_days) == pytest.approx((70, 70, 70))
    assert found.trend_per_day.slope == pytest.approx(1)
    assert found.reason == ""


def test_scatter_gives_a_range_around_the_day():
    found = exhaustion(weekly(100, 110, 112, 125, 127, 134, 144), 200)
    assert 0 < found.earliest_days < found.days < found.latest_days
    wider = exhaustion(weekly(100, 110, 112, 125, 127, 134, 144), 200, 0.99)
    assert wider.earliest_days <= found.earliest_days
    assert found.latest_days <= wider.latest_days


@pytest.mark.parametrize("rates", [(100, 90, 110, 95, 105, 100), (140, 130, 120, 110, 100), (5, 5, 5, 5, 5)])
def test_no_growth_gives_no_day(rates):
    found = exhaustion(weekly(*rates), 1000)
    assert found.days is found.earliest_days is found.latest_days is None
    assert found.reason == "the range of the trend includes no growth"


def test_what_is_full_is_full_whatever_the_trend():
    for rates in ((100, 107, 114, 121, 128), (128, 121, 114, 107, 100), (90, 95), (90,)):
        found = exhaustion(weekly(*rates), 90)
        assert (found.days, found.earliest_days, found.latest_days) == (0, 0, 0)


def test_too_few_periods_are_told():
    assert exhaustion([], 1).reason == "0 periods measured: too few for a range at a confidence of 0.9"
    assert "too few for a range at a confidence of 0.9" in exhaustion(weekly(1, 2, 3), 10).reason
    assert exhaustion(weekly(1, 2, 3), 10).days is None


def test_needs_are_taken_by_whole_weeks_from_the_end():
    day = 24  # slots of an hour
    written = [99] * (3 * day) + [1] * (7 * day) + [2] * (7 * day)
    needs = needs_by_period(Series.of(written, 3600), of_an_hour)
    week = Series.of([1] * (7 * day), 3600)
    least = least_rate(week, 3600).bits_per_second
    assert needs == [Need(10 * DAY_US, least), Need(17 * DAY_US, 2 * least)]
    assert needs_by_period(Series.of([1] * day, 3600), of_an_hour) == []


def test_weeks_with_large_gaps_are_left_out():
    slots = 2 * WEEK_SECONDS // 3600
    covered = np.ones(slots)
    covered[: slots // 4] = 0
    series = Series(0, 3600, np.ones(slots, np.int64), covered)
    assert [need.end_us for need in needs_by_period(series, of_an_hour)] == [14 * DAY_US]
    assert len(needs_by_period(series, of_an_hour, least_coverage=0.4)) == 2


def test_needs_from_tables_are_taken_by_the_same_periods():
    grid = Grid(0, 3600, np.array([True] * 60 + [False] * 12))
    needs = set_needs_by_period(grid, lambda start, end: Fraction(end - start), 86_400, 0.5)
    assert needs == [
        Need(DAY_US, Fraction(24)),
        Need(2 * DAY_US, Fraction(24)),
        Need(3 * DAY_US, Fraction(24)),
    ]
    assert len(set_needs_by_period(grid, lambda *_: Fraction(1), 86_400)) == 2  # half of the last is a gap
    assert set_needs_by_period(grid, lambda *_: None, 86_400) == []
    assert set_needs_by_period(grid, lambda *_: Fraction(1), 60) == []


def test_days_are_compared_with_the_same_days_of_other_weeks():
    """Weekends need less; a range that ends with working days is no growth, and one that grows is found."""
    by_weekday = [10, 10, 100, 100, 100, 100, 100]
    flat = [Need(day * DAY_US, Fraction(by_weekday[day % 7])) for day in range(21)]
    assert exhaustion(flat, 1000).reason == "the range of the trend includes no growth"
    grows = [Need(day * DAY_US, Fraction(by_weekday[day % 7] + day)) for day in range(21)]
    found = exhaustion(grows, 220)
    assert found.trend_per_day.slope == pytest.approx(1)
    # The line of the working days counts: it is at 120 on the last day.
    assert (found.days, found.earliest_days, found.latest_days) == pytest.approx((100, 100, 100))
    assert has_weeks(grows)
    # Before there are two weeks all days are compared: from a weekend on it looks like growth.
    assert not has_weeks(grows[:13])
    assert exhaustion(flat[:5], 1000).trend_per_day.slope > 0


def test_growth_by_the_users_own_figure():
    assert days_by_growth(100, 200, 1) == pytest.approx(365.25)
    assert days_by_growth(100, 130, Fraction("0.3")) == pytest.approx(365.25)
    assert days_by_growth(100, 100, 0) == 0
    assert days_by_growth(100, 200, 0) is None
    assert days_by_growth(0, 200, 1) is None


def test_what_cannot_be_asked():
    with pytest.raises(ValueError, match="capacity_bits_per_second -1"):
        exhaustion(weekly(1, 2), -1)
    with pytest.raises(ValueError, match="period_seconds 0"):
        needs_by_period(Series.of([1], 10), of_an_hour, 0)
    with pytest.raises(ValueError, match=r"growth_per_year -0\.1"):
        days_by_growth(1, 2, -0.1)
