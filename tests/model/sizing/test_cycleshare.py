"""Cycles judged by a share of the time: by hand, by brute force over rates, and with unions in pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.bestcycle import smallest_rate
from streams.model.sizing.cycles import CycleRule, cycles
from streams.model.sizing.cycleshare import PiecedUnions, exposure_kept_seconds, rate_for_cycle_percent
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.windows import window_unions

sizes = st.lists(st.integers(0, 50), min_size=1, max_size=30)


def changed_of(amounts):
    """Bytes that changed between two moments, where second k changed `amounts[k]`, without folding."""
    return lambda start, end: sum(amounts[round(start) : round(end)])


def test_every_moment_counts_with_the_exposure_of_its_cycle():
    rule = CycleRule(1, queue_depth=None)
    replayed = list(cycles(changed_of([0, 0, 4, 0]), 4, rule, 16))  # 4 bytes take 2 s
    assert [cycle.exposure_seconds for cycle in replayed] == [1, 1, 3, 2]
    kept = [exposure_kept_seconds(replayed, 4, rule, percent) for percent in (0, 25, 50, 51, 75, 76, 100)]
    assert kept == [1, 1, 1, 2, 2, 3, 3]
    assert exposure_kept_seconds([], 4, rule) == 0


def test_a_cycle_that_never_ends_is_missed_and_not_forgotten():
    rule = CycleRule(1)
    replayed = list(cycles(changed_of([9] + 9 * [0]), 10, rule, 1))  # 72 s for the first one
    assert [cycle.begun for cycle in replayed] == [0]
    assert exposure_kept_seconds(replayed, 10, rule, 10) == 72  # the open one is 9 s old, and waits until 73
    assert exposure_kept_seconds(replayed, 10, rule, 100) == 73


@given(sizes, st.sampled_from([1, None]), st.floats(1.2, 6))
def test_the_rate_keeps_the_rpo_that_often_and_rises_with_the_percentage(amounts, depth, rpo):
    changed, rule, seconds = changed_of(amounts), CycleRule(1, queue_depth=depth), len(amounts)
    rates = [rate_for_cycle_percent(changed, seconds, rule, rpo, percent) for percent in (0, 50, 90, 100)]
    assert rates == sorted(rates)
    assert rates[-1] == smallest_rate(changed, seconds, rule, rpo)
    for percent, rate in zip((50, 90), rates[1:], strict=False):
        if rate:
            replayed = list(cycles(changed, seconds, rule, rate))
            assert exposure_kept_seconds(replayed, seconds, rule, percent) <= rpo + 1e-6


@given(sizes, st.floats(1.2, 6))
def test_with_cycles_on_time_a_smaller_rate_does_not_do(amounts, rpo):
    changed, rule, seconds = changed_of(amounts), CycleRule(1, queue_depth=None), len(amounts)
    rate = rate_for_cycle_percent(changed, seconds, rule, rpo, 75)
    if rate and rate > 10:
        less = list(cycles(changed, seconds, rule, 0.999 * rate))
        assert exposure_kept_seconds(less, seconds, rule, 75) > rpo


def test_no_link_is_enough_where_the_cycle_fills_the_rpo():
    assert rate_for_cycle_percent(changed_of([1]), 1, CycleRule(1), 1, 50) is None
    with pytest.raises(ValueError, match="percent 101"):
        rate_for_cycle_percent(changed_of([1]), 1, CycleRule(1), 2, 101)


@given(st.lists(st.sets(st.integers(0, 20)), min_size=3, max_size=12), st.data())
def test_long_windows_in_pieces_are_never_too_small(tables, data):
    grid = Grid(0, 60, np.ones(len(tables), np.bool_))
    history = history_of_tables(grid, "a/v", None, 1, [(k, BitTable.of(t)) for k, t in enumerate(tables)])
    unions = PiecedUnions.of(window_unions([history], [1, 2, 3]))
    start = data.draw(st.integers(0, len(tables) - 1))
    end = data.draw(st.integers(start, len(tables)))
    true = len(set().union(*tables[start:end]))
    found = unions.between(start, end)
    assert found == true if end - start <= 3 else found >= true
