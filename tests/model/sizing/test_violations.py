"""Violations of an RPO and the worst of each day, against a walk through the slots."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.intervals import US
from streams.model.sizing.attainment import attainment
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series
from streams.model.sizing.violations import violations, worst_by_day
from tests.model.sizing import plain

DAY = 86_400

sizes = st.lists(st.integers(0, 20), min_size=1, max_size=25)
rates = st.fractions("1/10", 5, max_denominator=20)
rpos = st.fractions("1/5", 20, max_denominator=20)


def spans(sizes, slot, rate, rpo, judged):
    """Slot by slot, in seconds."""
    waiting, limit, found = plain.backlog(sizes, slot, rate), rate * rpo, []
    for k, size in enumerate(sizes):
        before, after = waiting[k], waiting[k] + size - rate * slot
        if not judged[k] or (before <= limit and after <= limit):
            continue
        crossing = Fraction(limit - before) / (after - before) if after != before else Fraction(0)
        entered = 0 if before > limit else crossing
        left = 1 if after > limit else crossing
        if found and before > limit and k and judged[k - 1]:
            found[-1][1] = (k + left) * slot
        else:
            found.append([(k + entered) * slot, (k + left) * slot])
    return found


@given(sizes, st.integers(1, 6), rates, rpos, st.data())
def test_violations_are_those_of_a_walk(written, slot, rate, rpo, data):
    judged = data.draw(st.lists(st.booleans(), min_size=len(written), max_size=len(written)).filter(any))
    found = violations(Series(0, slot, np.array(written), np.array(judged, float)), 8 * rate, rpo)
    expected = spans(written, slot, rate, rpo, judged)
    assert np.array(found.spans).ravel() / US == pytest.approx(np.array(expected, float).ravel(), abs=2e-6)
    assert found.count == len(expected)


@given(sizes, rates, rpos)
def test_violations_are_the_time_that_attainment_misses(written, rate, rpo):
    series = Series.of(written, 5)
    found = violations(series, rate, rpo)
    missed = 1 - attainment(series, rate, rpo).by_time
    assert found.total_seconds == pytest.approx(missed * 5 * len(written), abs=1e-5)
    assert found.longest_seconds <= found.total_seconds


@given(sizes, st.integers(1, 300), rpos)
def test_the_least_rate_has_none(written, slot, rpo):
    series = Series.of([size << 40 for size in written], slot)
    if rate := least_rate(series, rpo).bits_per_second:
        assert violations(series, rate, rpo).count == 0
        assert attainment(series, rate, rpo).by_time == 1
        assert violations(series, rate * Fraction("0.999"), rpo).count > 0


def test_a_burst_by_hand():
    # 120 bytes within 10 s at 4 B/s: over 40 bytes from second 5 to second 20.
    found = violations(Series.of([120, 0, 0, 0], 10, 30 * US), 32, 10)
    assert found.spans == ((35 * US, 50 * US),)
    assert (found.count, found.longest_seconds, found.total_seconds) == (1, 15, 15)


def test_a_backlog_that_falls_to_the_limit_ends_a_violation():
    # At 1 B/s and 10 s the limit is 10 bytes, which wait at second 20 exactly.
    found = violations(Series.of([30, 0, 20, 0], 10), 8, 10)
    assert found.spans == ((5 * US, 20 * US), (20 * US, 40 * US))


def test_worst_of_each_day():
    written = [0, 600, 0, 0, 0, 0, 0, 0, 100, 0]  # slots of six hours: bursts on the first and third day
    series = Series.of(written, DAY // 4)
    rate = Fraction(8 * 200, DAY // 4)  # 200 bytes per slot
    worst = worst_by_day(series, rate)
    assert [day.start_us for day in worst] == [0, DAY * US, 2 * DAY * US]
    assert [day.rpo_seconds for day in worst] == pytest.approx([2 * DAY // 4, 0, 0])
    slower = worst_by_day(series, rate / 2)
    assert [day.rpo_seconds for day in slower] == pytest.approx([5 * DAY // 4, 3 * DAY // 4, 0])


def test_days_of_a_calendar_and_days_without_measurement():
    covered = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1.0])
    series = Series(0, DAY // 4, np.array([0, 600, 0, 0, 0, 0, 0, 0, 100, 0]), covered)
    rate = Fraction(8 * 100, DAY // 4)
    assert [day.rpo_seconds for day in worst_by_day(series, rate)] == [pytest.approx(5 * DAY / 4), None, 0]
    local = [6 * 3600 * US, 30 * 3600 * US]  # from slot 1 and from slot 5 on
    worst = worst_by_day(series, rate, local)
    assert [day.start_us for day in worst] == local
    assert worst[0].rpo_seconds == pytest.approx(5 * DAY / 4)


def test_what_cannot_be_asked():
    series = Series.of([1], 10)
    with pytest.raises(ValueError, match="rpo_seconds 0"):
        violations(series, 8, 0)
    with pytest.raises(ValueError, match="bits_per_second 0"):
        worst_by_day(series, 0)
    with pytest.raises(MissingData, match="widen it"):
        violations(Series(0, 10, np.array([1]), np.zeros(1)), 8, 60)
