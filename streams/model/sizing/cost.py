"""What a need costs a month: paths, bytes shipped, and the journal or cache, and what the next step adds.

`cost = paths x price of a path + bytes shipped x price per GB + buffer x price per GB of it`, all per month.
A month is a twelfth of 365.25 days, a GB 10^9 bytes; prices are in the user's currency. One formula serves
RPOs, percentages of the time, modes and cycles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, exact, not_negative
from streams.model.sizing.link import Plan, planned_paths
from streams.model.sizing.reduction import Reduction

__all__ = ["MONTH_SECONDS", "Ask", "CostRow", "Prices", "Terms", "cost_table"]

MONTH_SECONDS = Fraction("365.25") * 86_400 / 12
_GB = 10**9


@dataclass(frozen=True, slots=True)
class Prices:
    """What a path costs per month, each 10^9 bytes that it ships, and as much journal or cache per month."""

    path_month: Number = 0
    gigabyte: Number = 0
    buffer_gigabyte_month: Number = 0

    def __post_init__(self) -> None:
        """Refuses negative prices."""
        not_negative("path_month", self.path_month)
        not_negative("gigabyte", self.gigabyte)
        not_negative("buffer_gigabyte_month", self.buffer_gigabyte_month)

    @property
    def any(self) -> bool:
        """Whether anything has a price."""
        return bool(self.path_month or self.gigabyte or self.buffer_gigabyte_month)


@dataclass(frozen=True, slots=True)
class Terms:
    """What turns a rate of written or changed bytes into paths, and paths into money."""

    reduction: Reduction
    usable_bits_per_second: Fraction
    plan: Plan
    prices: Prices

    def per_month(
        self, bits_per_second: Number, buffer_bytes: Number = 0, mean_bits_per_second: Number = 0
    ) -> Fraction | None:
        """The planned paths for a rate, the buffer beside them, and what is shipped at the mean rate.

        None where no number of paths is enough.

        Raises:
            ValueError: a negative amount.
        """
        need = self.reduction.shipped(not_negative("bits_per_second", bits_per_second))
        paths = planned_paths(need, self.usable_bits_per_second, self.plan)
        if paths is None:
            return None
        mean = self.reduction.shipped(not_negative("mean_bits_per_second", mean_bits_per_second))
        shipped = mean / BITS_PER_BYTE * MONTH_SECONDS / _GB
        held = not_negative("buffer_bytes", buffer_bytes) / _GB
        return (
            paths * exact(self.prices.path_month)
            + shipped * exact(self.prices.gigabyte)
            + held * exact(self.prices.buffer_gigabyte_month)
        )

    def of_cycle(self, rate: float, cache_bytes: float, mean_rate: float) -> float:
        """What a cycle costs, for the search of the cheapest: its price, or the rate where there is none."""
        if not self.prices.any:
            return rate
        found = self.per_month(exact(rate), exact(cache_bytes), exact(mean_rate))
        return math.inf if found is None else float(found)


class Ask(NamedTuple):
    """A need by its name: rates of written or changed bytes, and the journal or cache that goes with them."""

    name: str
    bits_per_second: Fraction
    buffer_bytes: Number
    mean_bits_per_second: Number


@dataclass(frozen=True, slots=True)
class CostRow:
    """A need and its price per month; `paths` and the prices are None where no number of paths is enough.

    `marginal_per_month` is what this row costs more than the one before; None for the first.
    """

    name: str
    need_bits_per_second: Fraction
    paths: int | None
    cost_per_month: Fraction | None
    marginal_per_month: Fraction | None


def cost_table(asks: Iterable[Ask], terms: Terms) -> list[CostRow]:
    """The price of each need, in their order: put the cheapest first, and each step shows what it adds.

    Raises:
        ValueError: a negative amount.
    """
    rows: list[CostRow] = []
    for ask in asks:
        need = terms.reduction.shipped(ask.bits_per_second)
        cost = terms.per_month(ask.bits_per_second, ask.buffer_bytes, ask.mean_bits_per_second)
        before = rows[-1].cost_per_month if rows else None
        marginal = None if cost is None or before is None else cost - before
        paths = planned_paths(need, terms.usable_bits_per_second, terms.plan)
        rows.append(CostRow(ask.name, need, paths, cost, marginal))
    return rows
