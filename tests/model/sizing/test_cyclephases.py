"""Cycles at every phase: by hand, against a plain simulation of all phases, and with unions in pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.cycledata import PiecedUnions, cycle_lengths
from streams.model.sizing.cyclephases import (
    Captured,
    exposure_kept_seconds,
    kept_by_phase,
    late_share,
    need_by_phase,
    replays,
    worst_phase_rate,
)
from streams.model.sizing.cycles import CycleRule, cycles
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.windows import window_unions

sizes = st.lists(st.integers(0, 50), min_size=1, max_size=20)
depths = st.sampled_from([1, None])


def changed_of(amounts):
    """Bytes that changed between two moments, where second k changed `amounts[k]`, without folding."""
    return lambda start, end: sum(amounts[round(start) : round(end)])


def captured_of(amounts):
    return Captured(changed_of(amounts), len(amounts), 1)


def exposures(amounts, length, depth, phase, rate):
    """Exposure and captured seconds of every cycle at one phase, in plain steps."""
    begun, free, applied, rows = phase - length, 0.0, None, []
    while begun < len(amounts):
        switched = begun + length
        if depth == 1 and applied is not None:
            switched = max(switched, applied)
        inside = max(begun, 0), min(switched, len(amounts))
        size = touching(amounts)(*inside)
        free = max(free, switched) + 8 * size / rate
        applied = free
        rows.append((applied - begun, inside[1] - inside[0]))
        begun = switched
    return rows


def touching(amounts):
    """The same bytes, of every second that is touched; moments are told apart by microseconds."""

    def changed(start, end):
        first, last = round(start * 1e6) // 10**6, -(-round(end * 1e6) // 10**6)
        return sum(amounts[first:last])

    return changed


def test_every_moment_counts_with_the_exposure_of_its_cycle():
    rule = CycleRule(1, queue_depth=None)
    replayed = list(cycles(changed_of([0, 0, 4, 0]), 4, rule, 16))  # 4 bytes take 2 s
    assert [cycle.exposure_seconds for cycle in replayed] == [1, 1, 3, 2]
    kept = [exposure_kept_seconds(replayed, 4, percent) for percent in (0, 25, 50, 51, 75, 76, 100)]
    assert kept == [1, 1, 1, 2, 2, 3, 3]
    assert exposure_kept_seconds([], 4) == 0


def test_a_cycle_that_never_ends_is_missed_and_not_forgotten():
    replayed = list(cycles(changed_of([9] + 9 * [0]), 10, CycleRule(1), 1))  # 72 s for the first one
    assert [cycle.begun for cycle in replayed] == [0, 1]
    assert exposure_kept_seconds(replayed, 10, 10) == 72  # the second one waits from 1 until 73
    assert exposure_kept_seconds(replayed, 10, 100) == 73


@given(sizes, depths, st.integers(1, 4), st.floats(1.2, 9), st.sampled_from([50, 90, 100]))
def test_every_phase_is_replayed_and_judged_for_itself(amounts, depth, length, rpo, percent):
    captured, rule = Captured(touching(amounts), len(amounts), 1), CycleRule(length, queue_depth=depth)
    plain = [exposures(amounts, length, depth, phase, 40) for phase in range(length, 0, -1)]
    found = list(replays(captured, rule, 40))
    assert [late_share(replayed, len(amounts), rpo) for replayed in found] == pytest.approx(
        [sum(part for exposure, part in rows if exposure > rpo) / len(amounts) for rows in plain]
    )
    longest = max(exposure_kept_seconds(replayed, len(amounts), percent) for replayed in found)
    assert longest == kept_by_phase(captured, rule, 40, percent).exposure_seconds


def test_a_burst_that_one_phase_captures_whole_is_cut_by_another():
    """Ten bytes in the seconds 3 and 4: cycles of 2 s ship them at once, or the half of them twice."""
    amounts = [0, 0, 0, 0, 5, 5, 0, 0]
    need = need_by_phase(captured_of(amounts), CycleRule(2, queue_depth=None), 4)
    assert need.phases == 2
    # Captured from 4 to 6, there by 8; or from 3 to 5 and 5 to 7, the halves there by 7 and by 9.
    assert need.bits_per_second == pytest.approx(8 * 10 / 2)
    assert need.luckiest_bits_per_second == pytest.approx(8 * 10 / 4)
    assert need.first_switch_seconds == 2


@given(sizes, depths, st.integers(1, 4), st.floats(1.2, 9))
def test_the_need_keeps_the_rpo_at_every_phase_and_less_does_not_at_one(amounts, depth, length, rpo):
    need = need_by_phase(
        Captured(touching(amounts), len(amounts), 1), CycleRule(length, queue_depth=depth), rpo
    )
    if need is None:
        assert length >= rpo
        return
    if not need.bits_per_second:
        assert not any(amounts)
        return

    def worst(rate, phase):
        return max(exposure for exposure, _ in exposures(amounts, length, depth, phase, rate))

    phases = range(1, length + 1)
    assert all(worst(need.bits_per_second, phase) <= rpo + 1e-6 for phase in phases)
    assert worst(0.999 * need.bits_per_second, need.first_switch_seconds) > rpo - 1e-6
    assert any(worst(need.luckiest_bits_per_second, phase) <= rpo + 1e-6 for phase in phases)
    if depth is None:
        assert all(worst(0.99 * need.luckiest_bits_per_second, phase) > rpo for phase in phases)


def test_a_faster_link_that_breaks_the_rpo_again_is_not_overlooked():
    """Single transmit: late cycles fall so that 19.2 bit/s keep 5 s by chance, and 21 bit/s do not."""
    amounts = [5, 1, 5, 1, 2, 1]

    def worst(rate):
        return max(exposure for exposure, _ in exposures(amounts, 1, 1, 1, rate))

    assert worst(19.3) <= 5 < worst(21)
    need = need_by_phase(Captured(touching(amounts), 6, 1), CycleRule(1), 5)
    assert need.bits_per_second == pytest.approx(22.4, rel=1e-6)
    assert all(worst(need.bits_per_second * (1 + step / 20)) <= 5 for step in range(60))


@given(sizes, st.integers(1, 3), st.floats(3.2, 9), st.integers(0, 40))
def test_with_single_transmit_a_faster_link_keeps_it_as_well(amounts, length, rpo, step):
    captured, rule = Captured(touching(amounts), len(amounts), 1), CycleRule(length)
    rate = worst_phase_rate(captured, rule, rpo)
    on_time = worst_phase_rate(captured, CycleRule(length, queue_depth=None), min(rpo, 2 * length))
    if rate and on_time:
        assert rate <= on_time * (1 + 1e-9)
        faster = on_time * (1 + step / 10)
        assert kept_by_phase(captured, rule, faster).exposure_seconds <= rpo + 1e-6


@given(sizes, depths, st.integers(1, 3), st.floats(3.2, 9), st.sampled_from([50, 75, 90]))
def test_a_percentage_is_of_the_time_that_cycles_captured(amounts, depth, length, rpo, percent):
    captured, rule = Captured(touching(amounts), len(amounts), 1), CycleRule(length, queue_depth=depth)
    rate = worst_phase_rate(captured, rule, rpo, percent)
    assert rate <= worst_phase_rate(captured, rule, rpo) * (1 + 1e-9)
    if not rate:
        return
    for phase in range(1, length + 1):
        rows = exposures(amounts, length, depth, phase, rate)
        kept = sum(seconds for exposure, seconds in rows if exposure <= rpo + 1e-6)
        assert kept >= percent / 100 * len(amounts) - 1e-6
    found = kept_by_phase(captured, rule, rate, percent)
    assert found.exposure_seconds <= rpo + 1e-6


@given(sizes, depths, st.integers(1, 4), st.floats(1, 400))
def test_what_a_link_keeps_is_the_worst_of_all_phases(amounts, depth, length, rate):
    found = kept_by_phase(
        Captured(touching(amounts), len(amounts), 1), CycleRule(length, queue_depth=depth), rate
    )
    rows = [row for phase in range(1, length + 1) for row in exposures(amounts, length, depth, phase, rate)]
    assert found.exposure_seconds == pytest.approx(max(exposure for exposure, _ in rows))
    assert found.exposure_seconds == max(cycle.exposure_seconds for cycle in found.replayed)


def test_no_link_is_enough_where_the_cycle_fills_the_rpo():
    captured = captured_of([1])
    assert need_by_phase(captured, CycleRule(1), 1, 50) is None
    assert need_by_phase(captured, CycleRule(1, 5, None), 5.5) is None
    assert worst_phase_rate(captured, CycleRule(1), 1, 0) == 0
    with pytest.raises(ValueError, match="percent 101"):
        need_by_phase(captured, CycleRule(1), 2, 101)


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
    if end > start:
        part = unions.part(start, end)
        assert (part.grid.start_us, len(part.grid)) == (start * 60_000_000, end - start)
        assert [part.between(k, k + 1) for k in range(end - start)] == [
            len(tables[k]) for k in range(start, end)
        ]


def test_lengths_of_windows_fit_into_memory():
    small, large = (Grid(0, 1, np.ones(count, np.bool_)) for count in (100, 1 << 22))
    assert list(cycle_lengths(small, [5])) == list(range(1, 22))
    assert list(cycle_lengths(large, [900])) == [1, 2, 3, 4]
