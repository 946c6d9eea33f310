"""What an RPO costs: paths by the month and bytes shipped, for each need, and what the next step adds.

`cost = paths x price of a path per month + bytes shipped per month x price per GB`. A month is a twelfth of
365.25 days, a GB 10^9 bytes; prices are in the user's currency. The same table serves RPOs, percentages of
the time, modes and cycles: a row is a name and its need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.model.sizing.attainment import Weighting, rate_for_percent
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, not_negative
from streams.model.sizing.link import Plan, planned_paths
from streams.model.sizing.reduction import Reduction
from streams.model.sizing.series import Series
from streams.model.sizing.usual import mean_rate

__all__ = ["MONTH_SECONDS", "CostRow", "Prices", "cost_table", "rpo_needs", "shipped_bytes_per_month"]

MONTH_SECONDS = Fraction("365.25") * 86_400 / 12
_GB = 10**9


@dataclass(frozen=True, slots=True)
class Prices:
    """What a path costs per month, and each 10^9 bytes that it ships."""

    path_month: Number = 0
    gigabyte: Number = 0

    def __post_init__(self) -> None:
        """Refuses negative prices."""
        not_negative("path_month", self.path_month)
        not_negative("gigabyte", self.gigabyte)


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


def cost_table(
    needs: Mapping[str, Fraction],
    usable_bits_per_second: Fraction,
    plan: Plan,
    prices: Prices,
    shipped_bytes: Number | Mapping[str, Number],
) -> list[CostRow]:
    """The price of each need, in their order: put the cheapest first, and each step shows what it adds.

    Args:
        needs: payload of today in bit/s by name, as `need_bits_per_second` gives it.
        usable_bits_per_second: payload that one path may be planned with.
        plan: safety, growth and spare paths.
        prices: of a path and of a GB.
        shipped_bytes: payload per month, the same for all rows or by name.

    Raises:
        ValueError: a negative amount.
    """
    rows: list[CostRow] = []
    for name, need in needs.items():
        paths = planned_paths(not_negative("need", need), usable_bits_per_second, plan)
        amount = shipped_bytes[name] if isinstance(shipped_bytes, Mapping) else shipped_bytes
        cost = None if paths is None else _cost(paths, not_negative("shipped_bytes", amount), prices)
        before = rows[-1].cost_per_month if rows else None
        marginal = None if cost is None or before is None else cost - before
        rows.append(CostRow(name, need, paths, cost, marginal))
    return rows


def rpo_needs(
    series: Series,
    rpos_seconds: Sequence[Number],
    reduction: Reduction,
    percent: Number = 100,
    weighting: Weighting = "time",
) -> dict[Number, Fraction]:
    """The payload in bit/s that continuous replication needs for each RPO, longest (cheapest) first.

    Raises:
        ValueError: an RPO that is not more than zero, a percentage outside 0 to 100.
        MissingData: no slot was measured.
    """
    return {
        rpo: reduction.shipped(rate_for_percent(series, rpo, percent, weighting))
        for rpo in sorted(set(rpos_seconds), reverse=True)
    }


def shipped_bytes_per_month(series: Series, reduction: Reduction) -> Fraction:
    """Payload that continuous replication ships in a month at the mean rate of what was measured.

    Raises:
        MissingData: no slot was measured.
    """
    return reduction.shipped(mean_rate(series)) / BITS_PER_BYTE * MONTH_SECONDS


def _cost(paths: int, shipped_bytes: Fraction, prices: Prices) -> Fraction:
    return paths * not_negative("path_month", prices.path_month) + shipped_bytes / _GB * not_negative(
        "gigabyte", prices.gigabyte
    )
