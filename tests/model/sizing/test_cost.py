"""What an RPO costs: a table by hand, its steps, and what no number of paths can carry."""

from fractions import Fraction

import pytest

from streams.model.sizing.cost import (
    MONTH_SECONDS,
    Prices,
    cost_table,
    rpo_needs,
    shipped_bytes_per_month,
)
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.link import Plan
from streams.model.sizing.reduction import Reduction
from streams.model.sizing.series import Series

MB = 10**6
SERIES = Series.of([100 * MB, 100 * MB, 400 * MB, 400 * MB, 100 * MB, 0], 60)


def test_a_table_by_hand():
    needs = {"1 h": Fraction(50), "15 min": Fraction(90), "1 min": Fraction(210)}
    rows = cost_table(needs, Fraction(100), Plan(spare_paths=1), Prices(1000, Fraction("0.05")), 10**12)
    assert [row.paths for row in rows] == [2, 2, 4]
    assert [row.cost_per_month for row in rows] == [2050, 2050, 4050]
    assert [row.marginal_per_month for row in rows] == [None, 0, 2000]
    assert [row.name for row in rows] == list(needs)


def test_each_row_may_ship_its_own_amount():
    needs = {"cycles": Fraction(1), "every write": Fraction(1)}
    rows = cost_table(
        needs, Fraction(1), Plan(), Prices(gigabyte=2), {"cycles": 10**9, "every write": 4 * 10**9}
    )
    assert [row.cost_per_month for row in rows] == [2, 8]


def test_what_no_path_carries_has_no_price():
    rows = cost_table({"a": Fraction(0), "b": Fraction(1)}, Fraction(0), Plan(), Prices(5), 0)
    assert [(row.paths, row.cost_per_month) for row in rows] == [(0, 0), (None, None)]
    assert rows[1].marginal_per_month is None


def test_needs_by_rpo_grow_as_it_shrinks():
    needs = rpo_needs(SERIES, [60, 900, 60, 3600], Reduction(2, 1))
    assert list(needs) == [3600, 900, 60]
    assert list(needs.values()) == sorted(needs.values())
    assert needs[60] == least_rate(SERIES, 60).bits_per_second / 2 == Fraction(160 * MB, 9)
    assert rpo_needs(SERIES, [60], Reduction(), 90)[60] < 2 * needs[60]


def test_bytes_of_a_month_are_at_the_mean_rate():
    assert shipped_bytes_per_month(SERIES, Reduction(2, 1)) == Fraction(1100 * MB, 360) / 2 * MONTH_SECONDS
    assert Fraction("2629800") == MONTH_SECONDS


def test_negative_amounts_are_refused():
    with pytest.raises(ValueError, match="path_month -1"):
        Prices(-1)
    with pytest.raises(ValueError, match="gigabyte -1"):
        Prices(gigabyte=-1)
    with pytest.raises(ValueError, match="shipped_bytes -1"):
        cost_table({"a": Fraction(1)}, Fraction(1), Plan(), Prices(), -1)
