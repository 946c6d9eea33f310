"""The usual methods against plain Python, and how far they are from the smallest rate."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series
from streams.model.sizing.usual import (
    mean_rate,
    most_bytes,
    percentile_rate,
    rolling_average,
    usual_rates,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "flow.json").read_text())

sizes = st.lists(st.integers(0, 20) | st.integers(0, 1 << 57), min_size=1, max_size=20)
slots = st.integers(1, 20)
windows = st.fractions(0, 100, max_denominator=10) | st.fractions("1/1000000", 100)


def golden_series():
    return Series.of(GOLDEN["series"]["bytes_by_slot"], GOLDEN["series"]["slot_seconds"])


def arrived(sizes, slot, moment):
    """Bytes before a moment, with even flow."""
    return sum(size * min(max(Fraction(moment - k * slot, slot), 0), 1) for k, size in enumerate(sizes))


def test_golden():
    rates, found = GOLDEN["rates"], usual_rates(golden_series(), Fraction(GOLDEN["rates"]["rpo_seconds"]))
    assert found.rolling_average == Fraction(rates["rolling_average_bits_per_second"])
    assert found.mean == Fraction(rates["mean_bits_per_second"])
    assert found.fixed_overlap == Fraction("0.7") * found.rolling_average
    for count, expected in rates["most_bytes_in_windows_of_slots"].items():
        assert most_bytes(golden_series(), int(count) * 60) == int(expected)


@given(sizes, slots, windows)
def test_most_bytes_is_that_of_every_window_that_touches_a_slot_edge(written, slot, window):
    edges = [k * slot for k in range(len(written) + 1)]
    starts = [*edges, *(edge - window for edge in edges)]
    expected = max(arrived(written, slot, start + window) - arrived(written, slot, start) for start in starts)
    assert most_bytes(Series.of(written, slot), window) == expected


@given(sizes, slots, windows.filter(bool))
def test_the_rolling_average_lies_between_the_least_rate_and_twice_that(written, slot, rpo):
    series = Series.of(written, slot)
    least, rolling = least_rate(series, rpo).bits_per_second, rolling_average(series, rpo)
    assert rolling / 2 <= least <= rolling


def test_both_ends_of_that_are_reached():
    single, even = Series.of([100], 10), Series.of([100] * 10_000, 10)
    assert least_rate(single, 10).bits_per_second == rolling_average(single, 10) / 2
    ratio = least_rate(even, 10).bits_per_second / rolling_average(even, 10)
    assert 0.9998 < ratio < 1


@given(sizes, slots, windows.filter(bool), st.data())
def test_with_gaps_the_rolling_average_still_is_enough(written, slot, rpo, data):
    covered = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(written), max_size=len(written)))
    series = Series(0, slot, np.array(written), np.array(covered))
    if any(covered):
        assert least_rate(series, rpo).bits_per_second <= rolling_average(series, rpo)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=50), st.integers(0, 100))
def test_percentiles_are_by_nearest_rank(written, percent):
    rate = percentile_rate(Series.of(written, 300), percent)
    ranked = sorted(written)
    assert rate == Fraction(8 * ranked[max(math.ceil(percent * len(ranked) / 100), 1) - 1], 300)


def test_samples_are_aligned_and_whole():
    written = [1] * 3 + [5] * 30 + [100] * 30 + [7] * 7
    series = Series.of(written, 10, (300 - 30) * 1_000_000)
    assert percentile_rate(series, 100) == Fraction(8 * 3000, 300)
    assert percentile_rate(series, 50) == Fraction(8 * 150, 300)
    assert percentile_rate(Series.of([3, 3], 10), 95) == Fraction(8 * 3, 10)  # less than one sample
    assert percentile_rate(Series.of([3, 6], 7), 100) == Fraction(8 * 6, 7)  # slots that divide no sample


def test_samples_with_a_gap_are_left_out_and_partly_covered_ones_are_not():
    covered = np.full(90, 0.9)
    covered[70] = 0
    series = Series(0, 10, np.array([1] * 30 + [2] * 30 + [9] * 30), covered)
    assert percentile_rate(series, 100) == Fraction(8 * 60, 300)


def test_the_mean_is_over_what_was_measured():
    series = Series(0, 10, np.array([10, 20, 99]), np.array([1, 0.5, 0]))
    assert mean_rate(series) == Fraction(8 * 30, 20)


def test_what_cannot_be_asked():
    with pytest.raises(ValueError, match=r"percent 100\.1"):
        percentile_rate(golden_series(), 100.1)
    with pytest.raises(ValueError, match="rpo_seconds 0"):
        rolling_average(golden_series(), 0)
    with pytest.raises(ValueError, match="window_seconds -1"):
        most_bytes(golden_series(), -1)
