"""What a need costs: tables by hand, their steps, and what no number of paths can carry."""

from fractions import Fraction

import pytest

from streams.model.sizing.cost import MONTH_SECONDS, Ask, Prices, Terms, cost_table
from streams.model.sizing.link import Plan
from streams.model.sizing.reduction import Reduction

GB_A_MONTH = 8 * 10**9 / MONTH_SECONDS


def terms(prices, usable=100, plan=None, reduction=None):
    return Terms(reduction or Reduction(), Fraction(usable), plan or Plan(), prices)


def asks(**needs):
    return [Ask(name, Fraction(need), 0, 0) for name, need in needs.items()]


def test_a_table_by_hand():
    needs = [
        Ask(name, Fraction(rate), buffer, 1000 * GB_A_MONTH)
        for name, rate, buffer in (("1 h", 50, 5e9), ("15 min", 90, 2e9), ("1 min", 210, 1e9))
    ]
    rows = cost_table(needs, terms(Prices(1000, Fraction("0.05"), 10), plan=Plan(spare_paths=1)))
    assert [row.paths for row in rows] == [2, 2, 4]
    assert [row.cost_per_month for row in rows] == [2100, 2070, 4060]
    assert [row.marginal_per_month for row in rows] == [None, -30, 1990]
    assert [row.name for row in rows] == ["1 h", "15 min", "1 min"]


def test_reduction_shrinks_what_is_carried_and_shipped_but_no_buffer():
    halved = terms(Prices(1000, 1, 10), reduction=Reduction(2, 1))
    assert halved.per_month(200, 10**9, 4 * GB_A_MONTH) == 1000 + 2 + 10
    assert terms(Prices(1000, 1, 10)).per_month(200, 10**9, 4 * GB_A_MONTH) == 2000 + 4 + 10
    assert Fraction("2629800") == MONTH_SECONDS


def test_a_cycle_is_priced_or_else_judged_by_its_rate():
    assert terms(Prices()).of_cycle(123.5, 7, 1) == 123.5
    assert terms(Prices(1000)).of_cycle(123.5, 7, 1) == 2000
    assert terms(Prices(1000), usable=0).of_cycle(123.5, 7, 1) == float("inf")


def test_what_no_path_carries_has_no_price():
    rows = cost_table(asks(a=0, b=1), terms(Prices(5), usable=0))
    assert [(row.paths, row.cost_per_month) for row in rows] == [(0, 0), (None, None)]
    assert rows[1].marginal_per_month is None


def test_negative_amounts_are_refused():
    with pytest.raises(ValueError, match="path_month -1"):
        Prices(-1)
    with pytest.raises(ValueError, match="gigabyte -1"):
        Prices(gigabyte=-1)
    with pytest.raises(ValueError, match="buffer_gigabyte_month -1"):
        Prices(buffer_gigabyte_month=-1)
    with pytest.raises(ValueError, match="buffer_bytes -1"):
        terms(Prices()).per_month(1, -1)
