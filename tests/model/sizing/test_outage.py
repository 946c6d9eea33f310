"""Outages: what waits after them and how long the link catches up, against a step simulation."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.intervals import US
from streams.model.sizing.outage import outage_at, worst_outages
from streams.model.sizing.series import Series
from tests.model.sizing import plain

sizes = st.lists(st.integers(0, 20), min_size=2, max_size=25)
rates = st.fractions("1/2", 8, max_denominator=10)


def simulated(written, slot, rate, down_slots, start):
    """Backlog after the outage, and how long after it nothing waits, or None."""
    waiting = plain.backlog(written[:start], slot, rate)[-1]
    end = start + down_slots
    waiting += sum(written[start:end])
    after = waiting
    if not waiting:
        return after, Fraction(0)
    for k, size in enumerate(written[end:]):
        change = size - rate * slot
        if waiting + change <= 0:
            inside = Fraction(waiting) / -change if change else Fraction(0)
            return after, (k + inside) * slot
        waiting += change
    return after, None


@given(sizes, st.integers(1, 6), rates, st.data())
def test_outages_are_those_of_a_simulation(written, slot, rate, data):
    down = data.draw(st.integers(1, len(written)))
    series = Series.of(written, slot, 60 * slot * US)
    starts = range(len(written) - down + 1)
    expected = [simulated(written, slot, rate, down, start) for start in starts]
    for start in starts:
        found = outage_at(series, 8 * rate, down * slot, series.start_us + start * series.slot_us)
        assert found.backlog_bytes == pytest.approx(float(expected[start][0]), abs=1e-9)
        if expected[start][1] is None:
            assert found.recovery_seconds is None
        else:
            assert found.recovery_seconds == pytest.approx(float(expected[start][1]), abs=1e-6)
    worst = worst_outages(series, 8 * rate, down * slot)
    recovered = [recovery for _, recovery in expected if recovery is not None]
    assert worst.largest.backlog_bytes == pytest.approx(float(max(after for after, _ in expected)), abs=1e-9)
    assert (worst.starts, worst.unrecovered) == (len(expected), len(expected) - len(recovered))
    if recovered:
        assert worst.slowest.recovery_seconds == pytest.approx(float(max(recovered)), abs=1e-6)
    else:
        assert worst.slowest is None


def test_an_even_flow_is_the_single_surge_of_the_vendors():
    series = Series.of([600] * 100, 60)  # 10 B/s
    found = outage_at(series, 8 * 15, 90, 120 * US)  # one and a half slots without the link of 15 B/s
    assert (found.start_us, found.outage_seconds) == (120 * US, 90)
    assert found.backlog_bytes == pytest.approx(900)
    assert found.recovery_seconds == pytest.approx(900 / (15 - 10))
    assert outage_at(series, 80, 90, 130 * US).recovery_seconds is None


def test_what_cannot_be_asked():
    series = Series.of([1, 2, 3], 10)
    with pytest.raises(ValueError, match="start_us 20000000: the outage must lie within the range"):
        outage_at(series, 8, 15, 20 * US)
    with pytest.raises(ValueError, match="start_us -1"):
        outage_at(series, 8, 15, -1)
    with pytest.raises(ValueError, match="outage_seconds 0"):
        worst_outages(series, 8, 0)
    with pytest.raises(MissingData, match="outage_seconds 31: longer than what was measured"):
        worst_outages(series, 8, 31)
