"""The cycle that meets an RPO over the cheapest link, found by replaying each candidate.

A closed formula stands beside each as a bound that is safe when every cycle is on time (requirements, 5.7):
a link of `8 U_max(w) / w` ships the largest window within a cycle, so the exposure stays below
`2 w + apply`. It knows no window that follows a smaller one, and can choose wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from math import isclose

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.cycledata import inner_changes, outer_changes, require_cycle
from streams.model.sizing.cycles import (
    Changed,
    CycleRule,
    cache_bytes,
    cycles,
    worst_exposure_seconds,
)
from streams.model.sizing.grid import Grid
from streams.model.sizing.windows import Unions

__all__ = ["CycleOption", "candidate_cycles", "cheapest", "cycle_options", "smallest_rate"]

_SMALLEST_BITS_PER_SECOND = 1.0
_AS_IF_AT_ONCE_BITS_PER_SECOND = 1e30
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True)
class CycleOption:
    """One cycle time and the link that it needs for the RPO.

    `payload_bits_per_second` is the smallest rate that keeps the RPO with the outer unions,
    `least_bits_per_second` with the inner ones; they are the same where all cycles begin and end on marks
    of base intervals. `worst_exposure_seconds` and `cache_bytes` are those at the former.
    `on_time_bits_per_second` is the closed formula, None where `2 w + apply` exceeds the RPO.
    """

    cycle_seconds: float
    payload_bits_per_second: float
    least_bits_per_second: float
    worst_exposure_seconds: float
    cache_bytes: float
    on_time_bits_per_second: float | None


def candidate_cycles(grid: Grid, rpo_seconds: float, apply_seconds: float = 0) -> range:
    """The multiples of the base interval that leave time for a transfer within the RPO."""
    step = grid.interval_seconds
    longest = min(rpo_seconds - apply_seconds, grid.seconds + 1)
    return range(step, max(-int(-longest // 1), 0), step)


def smallest_rate(
    changed: Changed, range_seconds: float, rule: CycleRule, rpo_seconds: float
) -> float | None:
    """The smallest link that keeps every exposure of the replay within the RPO, in payload bit/s.

    By bisection, to one part in 10^10: this rate keeps it. With single transmit the windows themselves
    move with the rate, so that a smaller rate might keep it by chance. 0 where nothing changed, None where
    capture and apply leave no time for a transfer.
    """

    def keeps(rate: float) -> bool:
        replayed = cycles(changed, range_seconds, rule, rate)
        return all(cycle.exposure_seconds <= rpo_seconds for cycle in replayed)

    if rule.cycle_seconds + rule.apply_seconds >= rpo_seconds or not keeps(_AS_IF_AT_ONCE_BITS_PER_SECOND):
        return None
    low, high = 0.0, _SMALLEST_BITS_PER_SECOND
    if not any(c.changed_bytes for c in cycles(changed, range_seconds, rule, _AS_IF_AT_ONCE_BITS_PER_SECOND)):
        return 0.0
    while not keeps(high):
        low, high = high, 2 * high
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        if keeps(middle):
            high = middle
        else:
            low = middle
    return high


def cycle_options(
    unions: Unions, cycle_seconds: Iterable[float], rpo_seconds: float, rule: CycleRule
) -> list[CycleOption]:
    """The link and the cache for every cycle time that can keep the RPO, in the order given.

    Args:
        unions: of what shares the link; with every length that `lengths_up_to` names for the RPO.
        cycle_seconds: the candidates, such as `candidate_cycles`.
        rpo_seconds: the longest exposure allowed.
        rule: of the replicator; its cycle time is replaced by each candidate.

    Raises:
        ValueError: the RPO is not more than zero, or the tables cannot show a candidate.
    """
    if not rpo_seconds > 0:
        raise ValueError(f"rpo_seconds {rpo_seconds}: it must be more than zero")
    options = []
    for seconds in cycle_seconds:
        require_cycle(unions.grid, seconds)
        option = _option(unions, replace(rule, cycle_seconds=seconds), rpo_seconds)
        options += [option] if option is not None else []
    return options


def cheapest(options: Iterable[CycleOption], cost: Callable[[float], float] = float) -> CycleOption | None:
    """The option whose rate costs least; of equals the one with the smallest cache, then the longest cycle.

    `cost` takes payload bit/s; without it the smallest rate is the cheapest. Costs as close as the bisection
    tells rates apart are equal. None where there is no option.
    """
    priced = [(cost(option.payload_bits_per_second), option) for option in options]
    if not priced:
        return None
    least = min(price for price, _ in priced)
    equals = [option for price, option in priced if isclose(price, least, rel_tol=10 * _CLOSE)]
    return min(equals, key=lambda option: (option.cache_bytes, -option.cycle_seconds))


def _option(unions: Unions, rule: CycleRule, rpo_seconds: float) -> CycleOption | None:
    seconds = unions.grid.seconds
    outer, inner = cache(outer_changes(unions)), cache(inner_changes(unions))
    rate = smallest_rate(outer, seconds, rule, rpo_seconds)
    least = smallest_rate(inner, seconds, rule, rpo_seconds)
    if rate is None or least is None:
        return None
    replayed = list(cycles(outer, seconds, rule, rate or _SMALLEST_BITS_PER_SECOND))
    return CycleOption(
        cycle_seconds=rule.cycle_seconds,
        payload_bits_per_second=rate,
        least_bits_per_second=least,
        worst_exposure_seconds=worst_exposure_seconds(replayed),
        cache_bytes=cache_bytes(replayed, outer, unions.grid.interval_seconds),
        on_time_bits_per_second=_on_time(unions, rule, rpo_seconds),
    )


def _on_time(unions: Unions, rule: CycleRule, rpo_seconds: float) -> float | None:
    if 2 * rule.cycle_seconds + rule.apply_seconds > rpo_seconds:
        return None
    lengths, rest = divmod(rule.cycle_seconds, unions.grid.interval_seconds)
    touched = int(lengths) + (2 if rest else 0)
    most = unions.most(min(touched, len(unions.grid)))
    return None if most is None else BITS_PER_BYTE * most / rule.cycle_seconds
