"""Demands of each mode: that a rate does what it was found for, and that more never does worse."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.backlog import journal_bytes
from streams.model.sizing.cyclechoice import CycleTerms
from streams.model.sizing.cycledata import PiecedUnions
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.matrix import Ask, ContinuousBasis, CycleBasis, ResyncBasis, SynchronousBasis
from streams.model.sizing.series import Series
from streams.model.sizing.windows import lengths_up_to, window_unions

MB = 10**6
G5 = Series.of([100 * MB, 100 * MB, 400 * MB, 400 * MB, 100 * MB, 0], 60)
PERCENTS = (Fraction(100), Fraction(90), Fraction(50))


def unions_of(tables):
    grid = Grid(0, 60, np.ones(len(tables), np.bool_))
    history = history_of_tables(grid, "a/v", None, MB, [(k, BitTable.of(t)) for k, t in enumerate(tables)])
    return PiecedUnions.of(window_unions([history], lengths_up_to(grid, 600)))


def test_continuous_on_golden_g5():
    first, *rest = ContinuousBasis(G5).demands(60, PERCENTS)
    assert first.bits_per_second == Fraction(800 * MB * 8, 3 * 60)
    assert first.safe_bits_per_second == Fraction(800 * MB * 8, 60)
    assert first.mean_bits_per_second == Fraction(1100 * MB * 8, 360)
    assert first.buffer_bytes == journal_bytes(G5, first.bits_per_second)
    assert all(demand.safe_bits_per_second is None for demand in rest)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(1, 300))
def test_a_continuous_rate_keeps_the_rpo_for_its_percentage(amounts, rpo):
    basis = ContinuousBasis(Series.of(amounts, 10))
    for demand in basis.demands(rpo, PERCENTS):
        if demand.bits_per_second:
            kept = basis.kept(demand.ask, demand.bits_per_second)
            assert kept.seconds <= rpo * (1 + 1e-6)
            assert kept.buffer_bytes == demand.buffer_bytes
    assert basis.kept(Ask("continuous"), Fraction(0)).seconds is None


def test_synchronous_takes_the_busiest_slot():
    assert SynchronousBasis(G5).demand().bits_per_second == Fraction(400 * MB * 8, 60)


@pytest.mark.parametrize("mode", ["cycle_single", "cycle_multi"])
@given(tables=st.lists(st.sets(st.integers(0, 9)), min_size=4, max_size=12))
def test_a_cycle_rate_keeps_the_rpo_and_is_what_is_shipped_of_it(mode, tables):
    basis = CycleBasis(unions_of(tables), apply_seconds=5)
    for percent in PERCENTS:
        ask = Ask(mode, Fraction(200), percent, Fraction(60))
        demand = basis.demand(ask)
        if demand.bits_per_second:
            kept = basis.kept(ask, demand.bits_per_second)
            assert kept.seconds <= 200 * (1 + 1e-6)
            assert kept.buffer_bytes == demand.buffer_bytes
            if mode == "cycle_multi":  # late cycles of the other mode touch further intervals
                assert demand.mean_bits_per_second <= max(map(len, tables)) * MB * 8 / 60 * (1 + 1e-12)
        else:
            assert percent < 100 or not any(tables)


def test_cycles_that_fold():
    """Minutes 3 and 4 write the same: cycles of two minutes ship them once, where they begin with minute 3.

    Begun a minute later, they ship 4 MB of minutes 2 and 3 and 5 MB of minutes 4 and 5, from 3:00 to 8:00.
    """
    tables = [{0}, {0}, {0, 1, 2, 3}, {0, 1, 2, 3}, {4}, set()]
    basis = CycleBasis(unions_of(tables))
    one, two = (
        basis.demand(Ask("cycle_multi", Fraction(300), cycle_seconds=Fraction(seconds)))
        for seconds in (60, 120)
    )
    assert one.bits_per_second == pytest.approx(8 * MB * 8 / 300)
    assert two.bits_per_second == pytest.approx(9 * MB * 8 / 300)
    assert two.option.luckiest_bits_per_second == pytest.approx(4 * MB * 8 / 180)
    assert (one.option.phases, two.option.phases) == (1, 2)
    assert (one.buffer_bytes, two.buffer_bytes) == (pytest.approx(8 * MB), pytest.approx(8 * MB))
    choice = basis.choice(Ask("cycle_multi", Fraction(300)), CycleTerms())
    assert choice.chosen == one.option
    assert [option.cycle_seconds for option in choice.options] == [60, 120, 240]
    asked = basis.choice(Ask("cycle_multi", Fraction(300)), CycleTerms(asked_seconds=(180,)))
    assert asked.chosen.cycle_seconds == 180
    assert [option.cycle_seconds for option in asked.options] == [60, 120, 180, 240]


def test_a_cycle_that_fills_the_rpo_and_one_that_nobody_writes_in():
    basis = CycleBasis(unions_of([{0}, {1}]))
    assert basis.demand(Ask("cycle_multi", Fraction(60), cycle_seconds=Fraction(60))).bits_per_second is None
    idle = CycleBasis(unions_of([set(), set()]))
    assert idle.demand(Ask("cycle_multi", Fraction(90), cycle_seconds=Fraction(60))).bits_per_second == 0
    with pytest.raises(ValueError, match="shorter than the base interval"):
        basis.demand(Ask("cycle_multi", Fraction(60), cycle_seconds=Fraction(30)))


def test_a_resynchronisation_is_the_claim_of_its_union():
    basis = ResyncBasis(65_536_000_000, Fraction(3600))
    need = basis.demand().bits_per_second
    assert float(need) == pytest.approx(145_635_555.555_555_56, rel=1e-12)
    assert basis.kept(need).seconds == pytest.approx(3600)
    assert basis.kept(Fraction(0)).seconds is None
