"""Attainment, the rates that reach a percentage, and the RPO of a rate, against plain fractions."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.sizing.attainment import (
    PERCENTS,
    achievable_rpo_seconds,
    attainment,
    rate_for_percent,
    rates_for_percents,
)
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series
from tests.model.sizing import plain

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "flow.json").read_text())

sizes = st.lists(st.integers(0, 20), min_size=1, max_size=25).filter(any)
slots = st.integers(1, 30)
rates = st.fractions("1/10", 40, max_denominator=20)
rpos = st.fractions("1/5", 200, max_denominator=20)
percents = st.integers(1, 100) | st.sampled_from(["99.9", "0.5"]).map(Fraction)
weightings = st.sampled_from(["time", "bytes"])


def holed(written, slot, data):
    judged = data.draw(st.lists(st.booleans(), min_size=len(written), max_size=len(written)).filter(any))
    return Series(0, slot, np.array(written), np.array(judged, float)), judged


def share(found, weighting):
    return found.by_time if weighting == "time" else found.by_bytes


@given(sizes, slots, rates, rpos, st.data())
def test_attainment_is_that_of_a_plain_loop(written, slot, rate, rpo, data):
    series, judged = holed(written, slot, data)
    waiting = plain.backlog(written, slot, rate)
    assume(rate * rpo not in waiting)  # a float may take either side of equality
    by_time, by_bytes = plain.attainment(written, slot, rate, rpo, judged)
    found = attainment(series, 8 * rate, rpo)
    assert found.by_time == pytest.approx(float(by_time), abs=1e-9)
    assert found.by_bytes == pytest.approx(float(by_bytes), abs=1e-9)


@given(sizes, slots, rates, rpos, st.fractions(1, 3), st.fractions(1, 3))
def test_attainment_only_rises_with_rate_and_rpo(written, slot, rate, rpo, faster, longer):
    series = Series.of(written, slot)
    base = attainment(series, rate, rpo)
    for better in (attainment(series, rate * faster, rpo), attainment(series, rate, rpo * longer)):
        assert better.by_time >= base.by_time - 1e-9
        assert better.by_bytes >= base.by_bytes - 1e-9


@given(sizes, slots, rpos, percents, weightings, st.data())
def test_rates_reach_their_percentage_and_less_does_not(written, slot, rpo, percent, weighting, data):
    series, _ = holed(written, slot, data)
    rate = rate_for_percent(series, rpo, percent, weighting)
    if not rate:
        return
    wanted = float(percent) / 100
    assert share(attainment(series, rate * (1 + Fraction(1, 10**9)), rpo), weighting) >= wanted - 1e-9
    assert share(attainment(series, rate * (1 - Fraction(1, 10**6)), rpo), weighting) < wanted


@given(sizes, slots, rpos, weightings)
def test_rates_rise_with_the_percentage_up_to_the_least_rate(written, slot, rpo, weighting):
    series = Series.of(written, slot)
    found = rates_for_percents(series, rpo, weighting=weighting)
    assert found == sorted(found)
    assert found[-1] == least_rate(series, rpo).bits_per_second
    assert len(found) == len(PERCENTS)


@given(sizes, st.integers(1, 5), st.fractions("1/10", 3, max_denominator=20), percents, weightings, st.data())
def test_the_rpo_of_a_rate_is_met_and_a_shorter_one_is_not(written, slot, rate, percent, weighting, data):
    series, judged = holed(written, slot, data)
    rpo = achievable_rpo_seconds(series, 8 * rate, percent, weighting)
    wanted = float(percent) / 100
    assert share(attainment(series, 8 * rate, rpo * (1 + 1e-9) + 1e-12), weighting) >= wanted - 1e-9
    if rpo > 1e-6 and (weighting == "time" or any(np.array(written)[judged])):
        assert share(attainment(series, 8 * rate, rpo * (1 - 1e-6)), weighting) < wanted


def test_golden_rate_and_rpo_are_inverse():
    series = Series.of(GOLDEN["series"]["bytes_by_slot"], GOLDEN["series"]["slot_seconds"])
    rate = Fraction(GOLDEN["rates"]["least_bits_per_second"])
    assert achievable_rpo_seconds(series, rate) == pytest.approx(60, rel=1e-12)
    assert rate_for_percent(series, 60, 100) == rate
    assert attainment(series, rate * 2, 60).by_time == 1
    # At 200 MB per slot 400 MB wait at most, which takes two slots.
    assert achievable_rpo_seconds(series, GOLDEN_RATE) == pytest.approx(120, rel=1e-12)


GOLDEN_RATE = Fraction(GOLDEN["backlog"]["bits_per_second"])


def test_a_burst_by_hand():
    # 120 bytes within 10 s at 4 B/s: the backlog rises at 8 B/s to 80 and is shipped within 20 s more.
    series = Series.of([120, 0, 0, 0], 10)
    met = attainment(series, 32, 10)  # over 40 bytes from second 5 on, for 5 s and 10 s
    assert (met.by_time, met.by_bytes) == (pytest.approx(1 - 15 / 40), pytest.approx(0.5))
    assert achievable_rpo_seconds(series, 32) == pytest.approx(20)
    assert achievable_rpo_seconds(series, 32, 50, "bytes") == pytest.approx(10)


def test_nothing_arrived():
    idle = Series.of([0, 0], 10)
    found = attainment(idle, 1, 1)
    assert (found.by_time, found.by_bytes) == (1, 1)
    assert rates_for_percents(idle, 60, (0, 50, 100)) == [0, 0, 0]
    assert achievable_rpo_seconds(idle, 8) == 0


def test_bytes_that_nobody_judges_wait_but_weigh_nothing():
    # The burst lies in a gap. In the judged slot behind it nothing arrives, but all of the burst waits.
    series = Series(0, 10, np.array([100, 0, 0]), np.array([0.0, 1, 1]))
    assert achievable_rpo_seconds(series, 8, 100, "time") == pytest.approx(90)
    assert achievable_rpo_seconds(series, 8, 100, "bytes") == 0
    assert rates_for_percents(series, 10, (99, 100), "bytes") == [0, 0]
    assert rate_for_percent(series, 10, 100) == least_rate(series, 10).bits_per_second > 0


def test_bytes_are_judged_in_the_slots_that_hold_some():
    # 100 bytes wait at second 10, in a slot without bytes, and at second 40, where the next ones arrive.
    series = Series(0, 10, np.array([100, 0, 0, 0, 5]), np.array([0.0, 1, 1, 1, 1]))
    assert rate_for_percent(series, 10, 100, "time") == 8 * Fraction(100, 10 + 10)
    assert rate_for_percent(series, 10, 100, "bytes") == 8 * Fraction(100, 40 + 10)


def test_what_cannot_be_asked():
    series = Series.of([1], 10)
    for percent in (-1, 101, 100.5):
        with pytest.raises(ValueError, match=f"percent {percent}: it must be from 0 to 100"):
            rate_for_percent(series, 60, percent)
        with pytest.raises(ValueError, match=r"percent .* from 0 to 100"):
            achievable_rpo_seconds(series, 8, percent)
    with pytest.raises(ValueError, match="rpo_seconds 0"):
        attainment(series, 8, 0)
    with pytest.raises(ValueError, match="bits_per_second -8"):
        attainment(series, -8, 60)
    with pytest.raises(MissingData, match="widen it"):
        attainment(Series(0, 10, np.array([1]), np.zeros(1)), 8, 60)
