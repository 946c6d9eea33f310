"""The best cycle against the replay itself, and the closed formula beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.bestcycle import candidate_cycles, cheapest, cycle_options, smallest_rate
from streams.model.sizing.cycledata import outer_changes
from streams.model.sizing.cycles import CycleRule, cycles, worst_exposure_seconds
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, TRACK, Written, written

rules = st.builds(CycleRule, st.just(SECONDS), st.sampled_from([0, 60]), st.sampled_from([1, 2, None]))


def unions_of(group):
    return window_unions(group.histories(), range(1, group.n + 1))


@given(written(gaps=False), rules, st.sampled_from([601, 900, 1800]))
def test_the_smallest_rate_keeps_the_rpo_and_less_does_not(group, rule, rpo_seconds):
    seconds = group.n * SECONDS
    changed = outer_changes(unions_of(group))
    rate = smallest_rate(changed, seconds, rule, rpo_seconds)
    if not group.union(0, group.n):
        assert rate == 0
        return
    assert worst_exposure_seconds(list(cycles(changed, seconds, rule, rate))) <= rpo_seconds
    assert worst_exposure_seconds(list(cycles(changed, seconds, rule, 0.999 * rate))) > rpo_seconds


def steady(tracks_by_interval):
    tables = [frozenset(tracks) for tracks in tracks_by_interval]
    return Written([True] * len(tables), {"a/0": tables}, {"a/0": None})


def test_one_burst_by_hand():
    group = steady([[0], range(10), [0], [0], [0]])
    (option,) = cycle_options(unions_of(group), [SECONDS], 900, CycleRule(SECONDS))
    burst_bits = 8 * 10 * TRACK
    assert option.on_time_bits_per_second == pytest.approx(burst_bits / 300)
    assert option.payload_bits_per_second == pytest.approx(burst_bits / 600, rel=1e-9)
    assert option.least_bits_per_second == pytest.approx(option.payload_bits_per_second, rel=1e-9)
    assert option.worst_exposure_seconds == pytest.approx(900)
    assert option.cache_bytes == pytest.approx(11 * TRACK)


def test_a_hot_set_makes_the_longer_cycle_the_cheapest():
    group = steady([range(10)] * 24)
    options = cycle_options(unions_of(group), candidate_cycles(group.grid(), 1800), 1800, CycleRule(SECONDS))
    assert [option.cycle_seconds for option in options] == [300, 600, 900, 1200, 1500]
    # Each cycle ships the same 10 tracks, in the time that it leaves of the RPO. Shorter cycles than 900 s
    # grow to as much over a link as small.
    bits = 8 * 10 * TRACK
    wanted = [bits / seconds for seconds in (900, 900, 900, 600, 300)]
    assert [option.payload_bits_per_second for option in options] == pytest.approx(wanted, rel=1e-9)
    assert cheapest(options).cycle_seconds == 900


def test_many_short_cycles_ship_a_hot_set_again_and_again():
    group = steady([range(10)] * 200)
    options = cycle_options(unions_of(group), [300, 600, 900], 1800, CycleRule(SECONDS, 0, None))
    rates = [option.payload_bits_per_second for option in options]
    bits = 8 * 10 * TRACK
    assert rates == pytest.approx([bits / 300, bits / 600, bits / 900], rel=0.05)
    assert cheapest(options) == options[2]


def test_equal_cost_takes_the_smaller_cache_then_the_longer_cycle():
    group = steady([range(10)] * 24)
    options = cycle_options(unions_of(group), [900, 600, 300], 1800, CycleRule(SECONDS))
    assert cheapest(options, cost=lambda _: 1).cycle_seconds == max(
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
    (option,) = cycle_options(unions_of(group), [length], 2 * length, rule)
    assert option.on_time_bits_per_second is not None
    assert option.payload_bits_per_second <= option.on_time_bits_per_second * (1 + 1e-9)


@given(written(gaps=False, longest=12))
def test_cycles_off_the_marks_lie_between_inner_and_outer(group):
    if group.n < 2:
        return
    (option,) = cycle_options(unions_of(group), [450], 1500, CycleRule(SECONDS, 0, None))
    assert option.least_bits_per_second <= option.payload_bits_per_second


def test_what_no_link_can_keep_is_no_option():
    unions = unions_of(steady([[0]] * 6))
    assert cycle_options(unions, [300, 600], 300, CycleRule(SECONDS)) == []
    assert cycle_options(unions, [300], 500, CycleRule(SECONDS, 200)) == []
    assert cycle_options(unions, [300], 700, CycleRule(SECONDS, 301, None)) != []
    assert smallest_rate(lambda *_: 1, 10_000, CycleRule(SECONDS, 400, None), 1000) is None


def test_candidates_leave_time_for_a_transfer():
    grid = steady([[0]] * 6).grid()
    assert list(candidate_cycles(grid, 900)) == [300, 600]
    assert list(candidate_cycles(grid, 901)) == [300, 600, 900]
    assert list(candidate_cycles(grid, 900, 300)) == [300]
    assert list(candidate_cycles(grid, 1e9)) == [300, 600, 900, 1200, 1500, 1800]
    assert list(candidate_cycles(grid, 100)) == []


def test_bad_input_is_refused():
    unions = unions_of(steady([[0]] * 3))
    with pytest.raises(ValueError, match="rpo_seconds 0: it must be more than zero"):
        cycle_options(unions, [300], 0, CycleRule(SECONDS))
    with pytest.raises(ValueError, match="rpo_seconds nan"):
        cycle_options(unions, [300], float("nan"), CycleRule(SECONDS))
    with pytest.raises(ValueError, match="shorter than the base interval"):
        cycle_options(unions, [60], 900, CycleRule(SECONDS))
