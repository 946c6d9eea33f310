"""Groups on one link: the common grid, what is covered, and the diversity factor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.intervals import US
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series
from streams.model.sizing.shared import (
    diversity_factor,
    missing_spans,
    peak_diversity_factor,
    summed,
    together,
)

parts = st.lists(
    st.tuples(
        st.lists(st.integers(0, 50), min_size=1, max_size=12), st.sampled_from([2, 3, 4]), st.integers(0, 5)
    ),
    min_size=1,
    max_size=4,
)


def laid_out(values, slot_seconds, first):
    return Series.of(values, slot_seconds, first * slot_seconds * US)


@given(parts)
def test_every_byte_is_in_its_slot_of_the_sum(rows):
    whole = summed([laid_out(*row) for row in rows])
    expected = np.zeros(whole.slots, int)
    for values, slot_seconds, first in rows:
        for k, value in enumerate(values):
            moment = (first + k) * slot_seconds
            expected[(moment - whole.start_us // US) // whole.slot_seconds] += value
    assert whole.bytes_by_slot.tolist() == expected.tolist()


def gappy(rows):
    return [Series(0, 10, np.array(values), np.array(covered, float)) for values, covered in rows]


def test_the_sum_judges_what_any_part_saw():
    left = Series(0, 10, np.array([1, 2, 3]), np.array([1, 0.5, 1]))
    right = Series(10 * US, 10, np.array([10, 20, 30]), np.array([1, 0, 1.0]))
    whole = summed([left, right])
    assert whole.bytes_by_slot.tolist() == [1, 12, 23, 30]
    assert whole.coverage.tolist() == [0.5, 0.75, 0.5, 0.5]
    assert whole.gaps() == []
    assert missing_spans([left, right]) == [(0, 10 * US), (20 * US, 40 * US)]


def test_the_gap_of_one_group_does_not_hide_the_peak_of_another():
    parts = gappy([([0, 0, 900, 0], [1, 1, 1, 1]), ([5, 5, 0, 5], [1, 1, 0, 1])])
    assert least_rate(summed(parts), 10).bits_per_second >= least_rate(parts[0], 10).bits_per_second > 0
    assert summed(parts).coverage_ratio == 7 / 8
    # Where both were measured nothing of the peak is left to compare: no saving is claimed for it.
    assert [part.bytes_by_slot.tolist() for part in together(parts)] == [[0, 0, 0, 0], [5, 5, 0, 5]]
    assert peak_diversity_factor(parts) == 1
    assert missing_spans(parts) == [(20 * US, 30 * US)]


gappy_rows = st.integers(1, 8).flatmap(
    lambda n: st.lists(
        st.tuples(
            st.lists(st.integers(0, 50), min_size=n, max_size=n),
            st.lists(st.sampled_from([0, 0.5, 1]), min_size=n, max_size=n),
        ),
        min_size=1,
        max_size=4,
    )
)


@given(gappy_rows, st.integers(1, 60))
def test_a_sum_with_gaps_asks_for_no_less_than_each_part(rows, rpo):
    parts = gappy(rows)
    whole = summed(parts)
    assert whole.total_bytes == sum(part.total_bytes for part in parts)
    for part in parts:
        if part.judged.any():
            assert least_rate(whole, rpo).bits_per_second >= least_rate(part, rpo).bits_per_second
    known = [part for part in together(parts) if part.judged.any()]
    if known:
        alone = [least_rate(part, rpo).bits_per_second for part in known]
        assert sum(alone) >= least_rate(summed(known), rpo).bits_per_second


@given(parts)
def test_peaks_together_are_never_above_the_sum_of_peaks(rows):
    factor = peak_diversity_factor([laid_out(*row) for row in rows])
    assert factor is None or factor >= 1


def test_diversity_of_peaks_that_never_meet():
    assert peak_diversity_factor([Series.of([9, 0], 10), Series.of([0, 9], 10)]) == 2
    assert peak_diversity_factor([Series.of([9, 0], 10), Series.of([9, 0], 10)]) == 1
    assert peak_diversity_factor([Series.of([0], 10)]) is None
    assert diversity_factor([3, 4], 5) == 1.4


def test_a_sum_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one series"):
        summed([])
