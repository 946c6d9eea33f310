"""Replayed cycles against golden vectors and a plain event simulation."""

import json
from fractions import Fraction
from math import expm1, inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.cycledata import (
    cycles_in_gaps,
    inner_changes,
    outer_changes,
    require_cycle,
    shifted_changes,
)
from streams.model.sizing.cyclephases import first_switches
from streams.model.sizing.cycles import CycleRule, cache_bytes, cycles, worst_exposure_seconds
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, TRACK, written

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sizing_sets.json").read_text())["cycles"]
RATE = 8 * TRACK / 256  # a track in 256 s, so that all times are exact

depths = st.sampled_from([1, 2, 3, None])
cycle_seconds = st.sampled_from([300, 375, 450, 600, 900.5])
rates = st.sampled_from([rate * RATE for rate in (0.5, 1, 2, 4, 16)])
applies = st.sampled_from([0, 75, 300, 450])


def exact(text):
    return pytest.approx(float(Fraction(text)), rel=1e-9)


def changed_of(case):
    if "bytes_per_second" in case:
        return lambda start, end: case["bytes_per_second"] * (end - start)
    return lambda start, end: -case["bytes_at_most"] * expm1((start - end) / case["fold_seconds"])


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden(case):
    rule = CycleRule(case["cycle_seconds"])
    replayed = list(cycles(changed_of(case), case["range_seconds"], rule, case["bits_per_second"]))
    assert [cycle.cycle_seconds for cycle in replayed[:4]] == [exact(text) for text in case["cycles"]]
    if case.get("exposure_seconds"):
        assert {cycle.exposure_seconds for cycle in replayed} == {float(Fraction(case["exposure_seconds"]))}
    if "last_cycle" in case:
        assert replayed[-1].cycle_seconds == exact(case["last_cycle"])


def simulated(changed, range_seconds, rule, rate, first_switch):
    """The same by its events: switch, end of a transfer, end of an apply, each as soon as it may happen."""
    now = begun = first_switch - rule.cycle_seconds
    to_send, to_apply, sending, applying, unapplied, done = [], [], None, None, 0, []
    while now < inf:
        before = None
        while before != (before := (begun, len(to_send), len(to_apply), sending, applying, unapplied)):
            if applying and applying[-1] <= now:
                done.append(tuple(applying))
                applying, unapplied = None, unapplied - 1
            if sending and sending[3] <= now:
                to_apply.append(sending)
                sending = None
            if to_apply and not applying:
                applying = [*to_apply.pop(0), now + rule.apply_seconds]
            if to_send and not sending:
                row = to_send.pop(0)
                sending = [*row[:2], now, now + 8 * row[2] / rate, row[2]]
            is_due = begun < range_seconds and now - begun >= rule.cycle_seconds
            if is_due and (rule.queue_depth is None or unapplied < rule.queue_depth):
                to_send.append([begun, now, changed(max(begun, 0), min(now, range_seconds))])
                begun, unapplied = now, unapplied + 1
        due = begun + rule.cycle_seconds
        nexts = [sending[3] if sending else inf, applying[-1] if applying else inf]
        now = min([*nexts, due if now < due and begun < range_seconds else inf])
    return [(*row[:4], row[5], row[4]) for row in done]


def by_sets(group, *, outer):
    """What lies inside, or is touched, counted from sets."""

    def changed(start, end):
        first, last = int(start // SECONDS), -int(-end // SECONDS)
        if not outer:
            first, last = -int(-start // SECONDS), int(end // SECONDS)
        return group.bytes_of(group.union(first, max(first, last)))

    return changed


@given(written(gaps=False), cycle_seconds, rates, applies, depths, st.data())
def test_the_replay_is_the_event_simulation_at_every_phase(group, length, rate, apply_seconds, depth, data):
    rule = CycleRule(length, apply_seconds, depth)
    seconds = group.n * SECONDS
    switch = data.draw(st.sampled_from(first_switches(length, SECONDS)))
    unions = window_unions(group.histories(), range(1, group.n + 1))
    for changed, outer in ((inner_changes(unions), False), (outer_changes(unions), True)):
        replayed = [tuple(cycle) for cycle in cycles(changed, seconds, rule, rate, switch)]
        assert replayed == simulated(by_sets(group, outer=outer), seconds, rule, rate, switch)


@given(written(gaps=False), cycle_seconds, depths, rates)
def test_every_byte_of_the_range_is_in_a_cycle(group, length, depth, rate):
    """Neither end of the range takes a cycle away, whatever the phase."""
    unions = window_unions(group.histories(), range(1, group.n + 1))
    for switch in first_switches(length, SECONDS):
        rule, seconds = CycleRule(length, 0, depth), group.n * SECONDS
        replayed = list(cycles(outer_changes(unions), seconds, rule, rate, switch))
        assert replayed[0].begun <= 0
        assert replayed[-1].switched >= seconds
        assert sum(cycle.changed_bytes for cycle in replayed) >= group.bytes_of(group.union(0, group.n))


def test_data_at_the_end_of_the_range_count():
    def changed(start, end):
        return 100 if start < 3000 <= end else 0

    replayed = list(cycles(changed, 3000, CycleRule(450), 8))
    assert replayed[-1].changed_bytes == 100
    assert replayed[-1].switched == 3150
    assert worst_exposure_seconds(replayed) == 450 + 100


def test_phases_are_the_marks_within_a_cycle():
    assert first_switches(900, 300) == [900, 600, 300]
    assert first_switches(300, 300) == [300]
    assert first_switches(450, 300) == [450, 150]


@given(written(), st.integers(0, 3000), st.integers(1, 3000))
def test_inner_and_outer_unions(group, start, length):
    unions = window_unions(group.histories(), range(1, group.n + 1))
    end = min(start + length, group.n * SECONDS)
    start = min(start, end)
    inner, outer = inner_changes(unions)(start, end), outer_changes(unions)(start, end)
    assert inner == by_sets(group, outer=False)(start, end)
    assert outer == by_sets(group, outer=True)(start, end)
    assert inner <= outer


@given(written(), st.integers(0, 8), st.integers(1, 8), st.integers(1, 299))
def test_shifted_unions_hold_what_both_moments_may_touch_when_they_come_later(group, first, count, late):
    unions = window_unions(group.histories(), range(1, group.n + 1))
    start, end = (min(mark, group.n) * SECONDS for mark in (first, first + count))
    touched = by_sets(group, outer=True)(start + late, min(end + late, group.n * SECONDS))
    assert touched <= shifted_changes(unions)(start, end)


@given(written(gaps=False), rates, depths, st.sampled_from([300, 600, 900]), st.data())
def test_the_cache_is_what_waits_and_what_is_captured(group, rate, depth, length, data):
    unions = window_unions(group.histories(), range(1, group.n + 1))
    changed, seconds = outer_changes(unions), group.n * SECONDS
    switch = data.draw(st.sampled_from(first_switches(length, SECONDS)))
    replayed = list(cycles(changed, seconds, CycleRule(length, 0, depth), rate, switch))
    most = 0
    for k in range(group.n):
        start, end = k * SECONDS, (k + 1) * SECONDS
        for cycle in replayed:
            edges = [max(start, cycle.begun), min(end, cycle.switched)]
            if edges[0] >= edges[1]:
                continue
            waiting = sum(
                other.changed_bytes * min(max((other.sent - edges[0]) / (other.sent - other.sent_from), 0), 1)
                for other in replayed
                if other.switched <= edges[0] and other.changed_bytes
            )
            most = max(most, changed(max(cycle.begun, 0), edges[1]) + waiting)
    assert cache_bytes(replayed, changed, seconds, SECONDS) == pytest.approx(most, rel=1e-12)
    assert cache_bytes(replayed, changed, seconds, SECONDS, most + 1) == most + 1


def test_a_link_that_keeps_up_needs_twice_the_largest_cycle_at_most():
    def changed(start, end):
        return 10 * (end - start)

    replayed = list(cycles(changed, 3000, CycleRule(300), 8 * 10))
    assert cache_bytes(replayed, changed, 3000, 300) == 2 * 3000
    assert worst_exposure_seconds(replayed) == 600
    assert (cache_bytes([], changed, 3000, 300), worst_exposure_seconds([])) == (0, 0)


@given(written(), cycle_seconds)
def test_cycles_that_touch_a_gap_are_counted(group, length):
    replayed = list(cycles(lambda *_: 0, group.n * SECONDS, CycleRule(length), 1))
    wanted = sum(
        any(
            not is_measured and cycle.begun < (k + 1) * SECONDS and k * SECONDS < cycle.switched
            for k, is_measured in enumerate(group.measured)
        )
        for cycle in replayed
    )
    assert cycles_in_gaps(replayed, group.grid()) == wanted


@given(written())
def test_cycles_that_tables_cannot_show_are_refused(group):
    require_cycle(group.grid(), SECONDS)
    with pytest.raises(ValueError, match=r"cycle_seconds 299\.5: it is shorter than the base"):
        require_cycle(group.grid(), 299.5)
    with pytest.raises(ValueError, match="it is longer than the range of"):
        require_cycle(group.grid(), group.n * SECONDS + 1)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0,), "cycle_seconds 0"),
        ((inf,), "cycle_seconds inf"),
        ((1, -1), "apply_seconds -1"),
        ((1, 0, 0), "queue_depth 0"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(values, text):
    with pytest.raises(ValueError, match=text):
        CycleRule(*values)


@pytest.mark.parametrize("rate", [0, -1, inf])
def test_a_link_without_a_rate_is_refused(rate):
    with pytest.raises(ValueError, match=f"payload_bits_per_second {rate}"):
        list(cycles(lambda *_: 1, 10, CycleRule(1), rate))
