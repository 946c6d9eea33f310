"""The Theil-Sen slope and its interval against brute force, enumeration and known trends."""

import math
import statistics
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.trend import theil_sen, without_season

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


def test_a_season_is_taken_off_and_the_trend_is_kept():
    days = list(range(28))
    peculiar = [0, 0, 0, 0, 0, -50, -80]
    values = [100 + 2 * day + peculiar[day % 7] for day in days]
    flat = without_season(days, values, [day % 7 for day in days])
    assert np.diff(flat) == pytest.approx([2] * 27, abs=1.0)
    assert theil_sen(days, flat).slope == pytest.approx(2, abs=0.1)
    assert theil_sen(days, flat).high - theil_sen(days, flat).low < 0.5
    assert without_season([1], [5], ["a"]) == [5]


def test_what_has_no_trend():
    with pytest.raises(ValueError, match=r"times: .* all of them different"):
        theil_sen([1, 1], [1, 2])
    with pytest.raises(ValueError, match="one for each value"):
        theil_sen([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="confidence 1: choose"):
        theil_sen([1, 2], [1, 2], 1)
