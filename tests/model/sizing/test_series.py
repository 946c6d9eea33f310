"""The series: gaps, calendars, coarser slots, and what cannot be one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.intervals import US
from streams.model.sizing.series import Series

sizes = st.lists(st.integers(0, 100), min_size=1, max_size=30)


def series(values, covered, slot_seconds=10, first=0):
    return Series(first * slot_seconds * US, slot_seconds, np.array(values), np.array(covered, float))


def test_of_is_without_gaps():
    whole = Series.of([1, 2, 3], 10, 20 * US)
    assert (whole.start_us, whole.end_us, whole.slots, whole.total_bytes) == (20 * US, 50 * US, 3, 6)
    assert (whole.gaps(), whole.coverage_ratio, whole.judged.tolist()) == ([], 1.0, [True] * 3)
    assert whole.arrived_bytes().tolist() == [0, 1, 3, 6]


def test_gaps_are_named_and_not_judged():
    holed = series([1, 0, 0, 4, 0], [1, 0, 0, 0.5, 0])
    assert holed.gaps() == [(10 * US, 30 * US), (40 * US, 50 * US)]
    assert holed.judged.tolist() == [True, False, False, True, False]
    assert holed.coverage_ratio == 0.3


def test_a_calendar_chooses_what_is_judged_and_drops_no_bytes():
    asked = series([1, 2, 3, 4, 5], [1, 0, 1, 1, 1]).within([(5 * US, 30 * US), (40 * US, 99 * US)])
    assert asked.judged.tolist() == [False, False, True, False, True]
    assert asked.total_bytes == 15
    assert asked.gaps() == [(10 * US, 20 * US)]
    assert asked.coverage_ratio == pytest.approx(2 / 3)
    assert asked.within([(0, 20 * US)]).judged.sum() == 0


def test_clipped_keeps_the_slots_that_start_inside():
    part = series([1, 2, 3, 4], [1, 0, 1, 1], first=5).clipped((55 * US, 80 * US))
    assert (part.start_us, part.bytes_by_slot.tolist(), part.coverage.tolist()) == (60 * US, [2, 3], [0, 1])
    assert Series.of([1], 10).clipped((50 * US, 90 * US)).slots == 0


@given(sizes, st.integers(0, 9), st.integers(1, 5))
def test_coarser_slots_hold_the_same_bytes_and_time(values, first, factor):
    fine = series(values, [k % 2 for k in range(len(values))], first=first)
    coarse = fine.coarsened(10 * factor)
    expected = {}
    for k, value in enumerate(values):
        expected[(first + k) // factor] = expected.get((first + k) // factor, 0) + value
    assert coarse.bytes_by_slot.tolist() == list(expected.values())
    assert coarse.start_us == min(expected) * 10 * factor * US
    assert coarse.coverage.sum() * factor == pytest.approx(fine.coverage.sum())


def test_slots_of_no_multiple_are_refused():
    for length in (15, 5, 0):
        with pytest.raises(ValueError, match=f"slot_seconds {length}: choose a multiple of 10"):
            Series.of([1], 10).coarsened(length)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((5 * US, 10, [1], [1]), "slot_seconds 10: .*divide start_us"),
        ((0, 0, [1], [1]), "slot_seconds 0"),
        ((0, 10, [1], [1, 1]), "coverage and asked: one for each of the 1 slots"),
        ((0, 10, [-1], [1]), "cannot be negative"),
        ((0, 10, [1 << 61, 1 << 61, 1 << 61], [1, 1, 1]), "more than 4 EiB.*shorter range"),
    ],
)
def test_what_is_no_series(arguments, complaint):
    start, length, values, covered = arguments
    with pytest.raises(ValueError, match=complaint):
        Series(start, length, np.array(values, np.int64), np.array(covered, float))


def test_nothing_to_judge_is_told():
    with pytest.raises(MissingData, match="nothing was measured in the asked range; widen it"):
        series([1], [0]).require_judged()
    assert Series.of([0], 10).require_judged().slots == 1
