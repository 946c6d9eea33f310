"""The smallest rate for an RPO: golden vectors, every window by brute force, and a simulation."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.intervals import US
from streams.model.sizing.leastrate import least_rate, safe_rate
from streams.model.sizing.series import Series
from tests.model.sizing import plain

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "flow.json").read_text())

values = st.integers(0, 20) | st.integers(0, 1 << 50)
sizes = st.lists(values, min_size=1, max_size=25)
slots = st.integers(1, 300)
rpos = st.fractions("1/7", 5000, max_denominator=50) | st.integers(1, 5000)


def golden_series():
    return Series.of(GOLDEN["series"]["bytes_by_slot"], GOLDEN["series"]["slot_seconds"])


def test_golden():
    rates = GOLDEN["rates"]
    rpo = Fraction(rates["rpo_seconds"])
    least, safe = least_rate(golden_series(), rpo), safe_rate(golden_series(), rpo)
    assert least.bits_per_second == Fraction(rates["least_bits_per_second"])
    assert safe.bits_per_second == Fraction(rates["safe_bits_per_second"])
    assert least.window == safe.window == (120 * US, 240 * US)
    assert float(least.bits_per_second) * 60 / 8 / 1e6 == pytest.approx(800 / 3, rel=1e-12)


@given(sizes, slots, rpos)
def test_both_rates_are_those_of_every_window(written, slot, rpo):
    series = Series.of(written, slot)
    assert least_rate(series, rpo).bits_per_second == 8 * plain.least_rate(written, slot, Fraction(rpo))
    assert safe_rate(series, rpo).bits_per_second == 8 * plain.safe_rate(written, slot, Fraction(rpo))


@given(sizes.filter(any), slots, rpos)
def test_the_least_rate_passes_a_simulation_and_less_fails(written, slot, rpo):
    rate = least_rate(Series.of(written, slot), rpo).bits_per_second / 8
    assert plain.meets(written, slot, rate, rpo)
    assert not plain.meets(written, slot, rate * Fraction("0.999"), rpo)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any), st.integers(1, 6), rpos, st.data())
def test_the_safe_rate_passes_however_the_bytes_of_a_slot_arrive(written, slot, rpo, data):
    fine = 12  # moments of a slot at which its bytes may come, all at once or spread
    arrivals = []
    for size in written:
        places = data.draw(st.lists(st.integers(0, fine - 1), min_size=size, max_size=size))
        arrivals += [places.count(place) for place in range(fine)]
    series = Series.of(written, slot)
    assert plain.meets(arrivals, Fraction(slot, fine), safe_rate(series, rpo).bits_per_second / 8, rpo)
    assert safe_rate(series, rpo).bits_per_second >= least_rate(series, rpo).bits_per_second


def test_the_safe_rate_is_no_higher_than_what_may_happen():
    late_then_early = [0] * 99 + [70] + [30] + [0] * 99  # of two slots, each with 100 moments
    rate = safe_rate(Series.of([70, 30], 100), 50).bits_per_second / 8
    assert plain.meets(late_then_early, 1, rate, 50)
    assert not plain.meets(late_then_early, 1, rate * Fraction("0.95"), 50)


@given(sizes, st.integers(2, 300), rpos, st.data())
def test_only_judged_moments_count_but_all_bytes_wait(written, slot, rpo, data):
    judged = data.draw(st.lists(st.booleans(), min_size=len(written), max_size=len(written)).filter(any))
    series = Series(0, slot, np.array(written), np.array(judged, float))
    rate = least_rate(series, rpo).bits_per_second / 8
    assert rate <= plain.least_rate(written, slot, Fraction(rpo))
    if rate:
        assert plain.meets(written, slot, rate, rpo, judged)
        assert not plain.meets(written, slot, rate * Fraction("0.999"), rpo, judged)


@given(st.integers(2, 4), st.integers(1, 11), st.integers(1 << 50, 1 << 58), st.integers(1, 60), st.data())
@example(count=2, idle=6, size=287207059946816922, rpo=7, data=None)
def test_windows_that_floats_cannot_tell_apart_are_told_exactly(count, idle, size, rpo, data):
    # Bursts that differ by one byte in 10^15 and more: most doubles hold both as the same.
    place = count - 1 if data is None else data.draw(st.integers(0, count - 1))
    written = [size + (burst == place) if k == 0 else 0 for burst in range(count) for k in range(idle + 1)]
    found = least_rate(Series.of(written, 10), rpo)
    assert found.bits_per_second == 8 * plain.least_rate(written, 10, Fraction(rpo))


def test_an_idle_range_needs_nothing():
    assert least_rate(Series.of([0, 0], 10), 60).bits_per_second == 0
    assert least_rate(Series.of([0, 0], 10), 60).window is None
    assert safe_rate(Series.of([0], 10), 60).bits_per_second == 0


@pytest.mark.parametrize("rate", [least_rate, safe_rate])
def test_what_cannot_be_asked(rate):
    with pytest.raises(ValueError, match="rpo_seconds 0: it must be more than zero"):
        rate(Series.of([1], 10), 0)
    with pytest.raises(ValueError, match="rpo_seconds -1"):
        rate(Series.of([1], 10), -1)
    with pytest.raises(MissingData, match="widen it"):
        rate(Series(0, 10, np.array([1]), np.array([0.0])), 60)
