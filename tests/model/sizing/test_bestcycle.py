"""The best cycle against the replay itself, and the closed formula beside it."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.bestcycle import (
    best_cycle,
    candidate_cycles,
    cheapest,
    cost_of,
    cycle_option,
    cycle_rate,
    least_possible,
)
from streams.model.sizing.cycledata import PiecedUnions, outer_changes
from streams.model.sizing.cyclephases import first_switches
from streams.model.sizing.cycles import CycleRule, cycles, worst_exposure_seconds
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, TRACK, Written, written

rules = st.builds(CycleRule, st.just(SECONDS), st.sampled_from([0, 60]), st.sampled_from([1, 2, None]))


def unions_of(group):
    return PiecedUnions.of(window_unions(group.histories(), range(1, group.n + 1)))


def options_of(group, lengths, rpo_seconds, rule):
    return [cycle_option(unions_of(group), replace(rule, cycle_seconds=w), rpo_seconds) for w in lengths]


def worst_of_phases(group, rule, rate):
    changed, seconds = outer_changes(unions_of(group)), group.n * SECONDS
    return max(
        worst_exposure_seconds(list(cycles(changed, seconds, rule, rate, switch)))
        for switch in first_switches(rule.cycle_seconds, SECONDS)
    )


@given(written(gaps=False), rules, st.sampled_from([300, 600]), st.sampled_from([961, 1500, 1800]))
def test_the_smallest_rate_keeps_the_rpo_at_every_phase_and_less_does_not(group, rule, length, rpo_seconds):
    if length > group.n * SECONDS:
        return
    rule = replace(rule, cycle_seconds=length)
    option = cycle_option(unions_of(group), rule, rpo_seconds)
    rate = option.payload_bits_per_second
    assert rate == cycle_rate(unions_of(group), rule, rpo_seconds)
    assert option.floor_bits_per_second == rate
    assert option.ceiling_bits_per_second >= rate >= option.luckiest_bits_per_second
    if not group.union(0, group.n):
        assert rate == 0
        return
    assert worst_of_phases(group, rule, rate) == option.worst_exposure_seconds <= rpo_seconds
    assert worst_of_phases(group, rule, 0.999 * rate) > rpo_seconds


@given(written(gaps=False), rules, st.sampled_from([300, 450, 600]), st.sampled_from([961, 1500, 1800]))
def test_no_cycle_needs_less_than_its_windows_ask_for(group, rule, length, rpo_seconds):
    if length > group.n * SECONDS:
        return
    rule = replace(rule, cycle_seconds=length)
    rate = cycle_rate(unions_of(group), rule, rpo_seconds)
    assert least_possible(unions_of(group), rule, rpo_seconds) <= rate * (1 + 1e-9)


@given(
    written(gaps=False),
    st.sampled_from([1, None]),
    st.sampled_from([900, 1500, 2400]),
    st.sampled_from([None, 8 * TRACK / 60]),
    st.sampled_from([0, 1]),
)
def test_the_search_finds_what_a_replay_of_every_candidate_finds(group, depth, rpo, path, cache_price):
    """By rate, or by whole paths; with or without a price on the cache."""

    def cost(rate, cache_bytes, _mean):
        paths = rate if path is None else -(-rate * (1 - 1e-9) // path)
        return paths + cache_price * cache_bytes

    rule = CycleRule(SECONDS, 0, depth)
    unions, candidates = unions_of(group), candidate_cycles(group.grid(), rpo)
    search = best_cycle(unions, candidates, rule, rpo, cost)
    every = [found for found in options_of(group, candidates, rpo, rule) if found is not None]
    best = min((cost_of(option, cost) for option in every), default=inf)
    assert search.proven
    assert search.least_of_rest_bits_per_second is None
    assert search.candidates == len(candidates)
    assert cost_of(search.chosen, cost) == pytest.approx(best, rel=1e-6)
    assert search.chosen == cheapest(search.options, cost)
    assert set(search.options) <= set(every)


def test_a_search_that_is_cut_short_says_what_it_cannot_exclude():
    group = steady([range(10)] * 24)
    rule = CycleRule(SECONDS, 0, None)
    whole = best_cycle(unions_of(group), [300, 600, 900], rule, 1800)
    cut = best_cycle(unions_of(group), [300, 600, 900], rule, 1800, most_replays=1)
    assert whole.proven
    assert whole.chosen.cycle_seconds == 900
    assert (cut.proven, len(cut.options), cut.candidates) == (False, 1, 3)
    assert 0 < cut.least_of_rest_bits_per_second <= whole.chosen.payload_bits_per_second


def steady(tracks_by_interval):
    tables = [frozenset(tracks) for tracks in tracks_by_interval]
    return Written([True] * len(tables), {"a/0": tables}, {"a/0": None})


def test_one_burst_by_hand():
    group = steady([[0], range(10), [0], [0], [0]])
    (option,) = options_of(group, [SECONDS], 900, CycleRule(SECONDS))
    burst_bits = 8 * 10 * TRACK
    assert option.on_time_bits_per_second == pytest.approx(burst_bits / 300)
    assert option.payload_bits_per_second == pytest.approx(burst_bits / 600, rel=1e-9)
    assert (option.phases, option.luckiest_bits_per_second) == (1, option.payload_bits_per_second)
    # Off the marks, the burst may be captured by two cycles, the second of which need not wait for more.
    assert option.ceiling_bits_per_second == pytest.approx(2 * burst_bits / 900, rel=1e-9)
    assert option.worst_exposure_seconds == pytest.approx(900)
    assert option.cache_bytes == pytest.approx(11 * TRACK)
    assert option.mean_bits_per_second == pytest.approx(
        8 * 13 * TRACK / 1500
    )  # the one behind the burst is longer


def test_a_hot_set_makes_a_longer_cycle_the_cheapest():
    group = steady([range(10)] * 24)
    search = best_cycle(unions_of(group), [300, 600, 900, 1200, 1500], CycleRule(SECONDS, 0, None), 1800)
    # Each cycle ships the same 10 tracks: in its own time while they follow each other, and no later than
    # the RPO; cycles of 900 s have as much of both.
    assert search.chosen.cycle_seconds == 900
    assert search.chosen.payload_bits_per_second == pytest.approx(8 * 10 * TRACK / 900, rel=1e-2)


def test_equal_cost_takes_the_smaller_cache_then_the_longer_cycle():
    options = options_of(steady([range(10)] * 24), [900, 600, 300], 1800, CycleRule(SECONDS))
    assert cheapest(options, cost=lambda *_: 1).cycle_seconds == max(
        option.cycle_seconds
        for option in options
        if option.cache_bytes == min(other.cache_bytes for other in options)
    )
    assert cheapest([]) is None


@given(written(gaps=False), st.sampled_from([1, 2]), st.sampled_from([1, 2, None]))
def test_the_closed_formula_is_safe_where_it_says_so(group, count, depth):
    if count > group.n:
        return
    rule, length = CycleRule(SECONDS, 0, depth), count * SECONDS
    (option,) = options_of(group, [length], 2 * length, rule)
    assert option.on_time_bits_per_second is not None
    assert option.payload_bits_per_second <= option.on_time_bits_per_second * (1 + 1e-9)


@given(written(gaps=False, longest=12))
def test_cycles_off_the_marks_lie_between_floor_and_ceiling(group):
    if group.n < 2:
        return
    (option,) = options_of(group, [450], 1500, CycleRule(SECONDS, 0, None))
    assert option.floor_bits_per_second <= option.payload_bits_per_second <= option.ceiling_bits_per_second


@given(written(gaps=False, longest=6), st.sampled_from([300, 450, 600]), st.integers(1, 299), st.data())
def test_between_the_marks_no_phase_needs_more_than_the_ceiling(group, length, late, data):
    """Cycles that begin `late` seconds behind a mark, on what they may have captured at the most."""
    if length > group.n * SECONDS:
        return
    rule, rpo = CycleRule(length, 0, None), 1200
    (option,) = options_of(group, [length], rpo, rule)
    switch = data.draw(st.sampled_from(first_switches(length, SECONDS))) - late
    if switch <= 0 or not option.ceiling_bits_per_second:
        return
    changed, seconds = outer_changes(unions_of(group)), group.n * SECONDS
    replayed = list(cycles(changed, seconds, rule, option.ceiling_bits_per_second, switch))
    assert worst_exposure_seconds(replayed) <= rpo + 1e-6


def test_what_no_link_can_keep_is_no_option():
    unions = unions_of(steady([[0]] * 6))
    assert cycle_option(unions, CycleRule(300), 300) is None
    assert cycle_option(unions, CycleRule(300, 200), 500) is None
    assert cycle_option(unions, CycleRule(300, 301, None), 700) is not None
    assert cycle_option(unions, CycleRule(300, 400, None), 1000) is None
    search = best_cycle(unions, [300], CycleRule(300), 300)
    assert (search.chosen, search.options, search.proven) == (None, [], True)


def test_candidates_leave_time_for_a_transfer():
    grid = steady([[0]] * 6).grid()
    assert list(candidate_cycles(grid, 900)) == [300, 600]
    assert list(candidate_cycles(grid, 901)) == [300, 600, 900]
    assert list(candidate_cycles(grid, 900, 300)) == [300]
    assert list(candidate_cycles(grid, 1e9)) == [300, 600, 900, 1200, 1500, 1800]
    assert list(candidate_cycles(grid, 100)) == []
    assert candidate_cycles(grid, 1e9, 0, (600, 1200)) == [600, 900, 1200]
    assert candidate_cycles(grid, 1e9, 0, (None, 700)) == [300, 600]


def test_bad_input_is_refused():
    unions = unions_of(steady([[0]] * 3))
    with pytest.raises(ValueError, match="rpo_seconds 0: it must be more than zero"):
        cycle_option(unions, CycleRule(SECONDS), 0)
    with pytest.raises(ValueError, match="rpo_seconds nan"):
        cycle_option(unions, CycleRule(SECONDS), float("nan"))
    with pytest.raises(ValueError, match="shorter than the base interval"):
        cycle_option(unions, CycleRule(60), 900)
