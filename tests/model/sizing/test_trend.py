"""The Theil-Sen slope and its interval against brute force, enumeration and known trends."""

import math
import statistics
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.trend import theil_sen

points = st.dictionaries(st.integers(0, 100), st.integers(-1000, 1000), min_size=2, max_size=15)


@given(points)
def test_the_slope_is_the_median_of_all_pairs(values):
    slopes = [(values[b] - values[a]) / (b - a) for a, b in combinations(sorted(values), 2)]
    trend = theil_sen(list(values), list(values.values()))
    assert trend.slope == pytest.approx(statistics.median(slopes), abs=1e-9)
    assert trend.low <= trend.slope <= trend.high
    assert trend.points == len(values)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99])
def test_the_interval_misses_the_truth_as_often_as_all_orders_of_errors_say(count, confidence):
    orders = list(permutations(range(count)))
    times = list(range(count))
    above = sum(theil_sen(times, order, confidence).low > 0 for order in orders) / len(orders)
    below = sum(theil_sen(times, order, confidence).high < 0 for order in orders) / len(orders)
    assert above == below <= (1 - confidence) / 2 + 1e-12
    # As narrow as it may be: with one rank more it would miss too often.
    inverted = [sum(a > b for a, b in combinations(order, 2)) for order in orders]
    outside = 0
    while sum(k <= outside for k in inverted) / len(orders) <= (1 - confidence) / 2 + 1e-12:
        outside += 1
    assert above == pytest.approx(sum(k < outside for k in inverted) / len(orders))


def test_a_line_without_errors_is_found_exactly_whatever_a_quarter_of_the_points_say():
    times = list(range(20))
    values = [5 + 3 * day for day in times]
    assert (
        theil_sen(times, values).slope == theil_sen(times, values).low == theil_sen(times, values).high == 3
    )
    values[::5] = [10**6, -(10**6), 10**6, -(10**6)]
    assert theil_sen(times, values).slope == pytest.approx(3)


def test_the_true_slope_lies_inside_as_often_as_said():
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        trend = theil_sen(range(12), 2 * np.arange(12) + random.standard_t(2, 12))
        hits += trend.low <= 2 <= trend.high
    assert hits >= 0.87 * 400


def test_too_few_points_have_no_range():
    assert theil_sen([1], [1]) is None
    assert theil_sen([], []) is None
    three = theil_sen([0, 1, 2], [0, 1, 2])
    assert (three.slope, three.low, three.high, three.is_growth) == (1, -math.inf, math.inf, False)
    assert theil_sen([0, 1, 2, 3], [0, 1, 2, 3]).is_growth
    assert not theil_sen([0, 1, 2, 3], [0, 1, 2, 3], 0.95).is_growth


def test_a_season_is_in_no_slope():
    days = list(range(28))
    peculiar = [0, 30, 5, 60, 10, -50, -80]
    values = [100 + 2 * day + peculiar[day % 7] for day in days]
    phases = [day % 7 for day in days]
    seasonal, plain = theil_sen(days, values, 0.9, phases), theil_sen(days, values)
    assert (seasonal.slope, seasonal.low, seasonal.high) == (2, 2, 2)
    assert plain.high - plain.low > 1
    # From a Saturday to a Friday a flat week looks like growth: there is nothing to compare a week apart.
    week = [peculiar[(day + 5) % 7] for day in range(7)]
    assert theil_sen(range(7), week, 0.9, range(7)) is None
    assert not theil_sen(range(14), 2 * week, 0.9, 2 * list(range(7))).is_growth


@given(points, st.data())
def test_only_points_of_one_phase_are_compared(values, data):
    times = sorted(values)
    phases = [data.draw(st.integers(0, 2)) for _ in times]
    slopes = [
        (values[times[b]] - values[times[a]]) / (times[b] - times[a])
        for a, b in combinations(range(len(times)), 2)
        if phases[a] == phases[b]
    ]
    trend = theil_sen(times, [values[time] for time in times], 0.9, phases)
    assert (trend is None) == (not slopes)
    if slopes:
        assert trend.slope == pytest.approx(statistics.median(slopes), abs=1e-9)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9])
def test_the_interval_of_phases_misses_the_truth_as_often_as_all_their_orders_say(confidence):
    phases = [0, 1, 0, 1, 0, 1, 1]
    places = [[k for k, phase in enumerate(phases) if phase == each] for each in (0, 1)]
    found = []
    for first in permutations(range(3)):
        for second in permutations(range(4)):
            values = [0] * 7
            for where, order in zip(places, (first, second), strict=True):
                for place, value in zip(where, order, strict=True):
                    values[place] = value
            found.append(theil_sen(range(7), values, confidence, phases))
    above = sum(trend.low > 0 for trend in found) / len(found)
    below = sum(trend.high < 0 for trend in found) / len(found)
    assert above == below <= (1 - confidence) / 2 + 1e-12
    assert above > 0


def test_what_has_no_trend():
    with pytest.raises(ValueError, match=r"times: .* all of them different"):
        theil_sen([1, 1], [1, 2])
    with pytest.raises(ValueError, match="one for each value"):
        theil_sen([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="phases: one for each value"):
        theil_sen([1, 2], [1, 2], 0.9, [1])
    with pytest.raises(ValueError, match="confidence 1: choose"):
        theil_sen([1, 2], [1, 2], 1)
