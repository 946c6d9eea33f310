"""What modes ask of a link: the need of a period is the need of a range as long, whatever the mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.reports import demands as module
from streams.cli.reports.capacity import capacity_of
from streams.cli.reports.demands import ModeDemands, shipped_lengths
from streams.cli.reports.replicator import Replicator
from streams.model.sizing.grid import Grid
from streams.model.sizing.series import Series
from streams.model.sizing.windows import Unions, window_unions
from streams.settings import Link
from tests.model.written import SECONDS, Written, written

LINK = Link(groups=("g",), path_bits_per_second=1e6, rpo_seconds=1500, resync_seconds=60)
MODES = ("synchronous", "continuous", "cycle_single", "cycle_multi", "bitmap_resync")


@dataclass
class Changes:
    """The windows of some volumes, without topics."""

    group: Written

    @property
    def grid(self) -> Grid:
        return self.group.grid()

    def unions(self, lengths) -> Unions:
        return window_unions(self.group.histories(), lengths)


def demands_of(group, sizes, mode, cycle_seconds=None):
    replicator = Replicator(mode, "as asked", None, None, cycle_seconds, 0, LINK.rpo_seconds)
    series = Series.of(sizes[: group.n], SECONDS)
    return ModeDemands(series, Changes(group), replicator, capacity_of(LINK), 400)


@pytest.mark.parametrize("mode", MODES)
@given(group=written(gaps=False), sizes=st.lists(st.integers(0, 10**6), min_size=9, max_size=9))
def test_the_need_of_a_period_is_that_of_the_range(mode, group, sizes):
    demands = demands_of(group, sizes, mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "period_of", lambda seconds: seconds)
        needs = demands.by_period(mode)
    whole = demands.demand(mode).bits_per_second
    assert [need.bits_per_second for need in needs] == [whole]


def test_each_period_is_sized_alone():
    tables = [{0}, {1}, set(range(9)), {0}, {0}, {0}]
    group = Written([True] * 6, {"a/0": [frozenset(table) for table in tables]}, {"a/0": None})
    demands = demands_of(group, [0] * 6, "cycle_multi", 300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "period_of", lambda _: 900)
        first, second = demands.by_period("cycle_multi")
    assert first.bits_per_second == demands.demand("cycle_multi").bits_per_second
    assert second.bits_per_second < first.bits_per_second / 2


def test_windows_of_all_modes_are_counted_in_one_pass():
    grid = Grid(0, SECONDS, np.ones(50, np.bool_))
    replicator = Replicator("continuous", "as asked", None, None, None, 0, LINK.rpo_seconds)
    assert shipped_lengths(grid, replicator, 9000) == [*range(1, 22), 31]
