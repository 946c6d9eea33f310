"""The cycle that meets an RPO over the cheapest link, found by replay, with a proof for those left out.

Every multiple of the base interval that leaves time to ship is a candidate. A candidate cannot need less
than the windows themselves ask for, whatever the replay does (`least_possible`), nor hold less than its
largest window. So candidates are replayed in the order of the least that they may cost, and the search ends
when no other one can be cheaper: what it finds is the cheapest of all. Where it is ended before, by a limit
on the number of replays, `Search.proven` is False and `least_of_rest` says how cheap another might be.

A closed formula stands beside each as a bound that is safe when every cycle is on time (requirements, 5.7):
a link of `8 U_max(w) / w` ships the largest window within a cycle, so the exposure stays below
`2 w + apply`. It knows no window that follows a smaller one, and can choose wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import isclose

import numpy as np

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.cycledata import (
    PiecedUnions,
    inner_changes,
    outer_changes,
    require_cycle,
    shifted_changes,
)
from streams.model.sizing.cyclephases import Captured, kept_by_phase, need_by_phase, worst_phase_rate
from streams.model.sizing.cycles import CycleRule
from streams.model.sizing.exact import Number, exact
from streams.model.sizing.grid import Grid

__all__ = [
    "MOST_REPLAYS",
    "Cost",
    "CycleOption",
    "Search",
    "best_cycle",
    "by_rate",
    "candidate_cycles",
    "cheapest",
    "cost_of",
    "cycle_option",
    "cycle_rate",
    "least_possible",
    "touched",
]

MOST_REPLAYS = 64
"""Candidates that a search replays at most."""

Cost = Callable[[float, float, float], float]
"""What a link costs: its rate, the bytes of its cache, and the rate shipped on the average; rising in all."""

_CLOSE = 1e-9
_AT_LEAST_BITS_PER_SECOND = 1e-3


@dataclass(frozen=True, slots=True)
class CycleOption:
    """One cycle time and the link that it needs for the RPO, in payload bit/s.

    `payload_bits_per_second` keeps the RPO at the worst of `phases`, with the unions of the base intervals
    that each cycle touches; at the luckiest phase `luckiest_bits_per_second` would do. Between two marks of
    the base interval a phase may need more, but not more than `ceiling_bits_per_second` (None where it was
    not asked for, with a percentage below 100), nor less than `floor_bits_per_second`, with the intervals
    that lie inside each cycle; the floor is the need itself where all cycles begin and end on marks.
    `worst_exposure_seconds` and `cache_bytes` are those at the need. `mean_bits_per_second` is shipped on the
    average. `on_time_bits_per_second` is the closed formula, None where `2 w + apply` exceeds the RPO or no
    window so long was counted.
    """

    cycle_seconds: float
    payload_bits_per_second: float
    luckiest_bits_per_second: float
    floor_bits_per_second: float
    ceiling_bits_per_second: float | None
    phases: int
    worst_exposure_seconds: float
    cache_bytes: float
    mean_bits_per_second: float
    on_time_bits_per_second: float | None


@dataclass(frozen=True, slots=True)
class Search:
    """The options that were replayed, by cycle time, and the cheapest of them; None where none keeps the RPO.

    `candidates` there were in all. `proven` where none of those left out can be cheaper; else one of them
    might need as little as `least_of_rest_bits_per_second`.
    """

    options: Sequence[CycleOption]
    chosen: CycleOption | None
    candidates: int
    proven: bool
    least_of_rest_bits_per_second: float | None


def by_rate(rate: float, _cache_bytes: float, _mean_rate: float) -> float:
    """The narrowest link is the cheapest."""
    return rate


def cost_of(option: CycleOption, cost: Cost) -> float:
    """What an option costs."""
    return cost(option.payload_bits_per_second, option.cache_bytes, option.mean_bits_per_second)


def candidate_cycles(
    grid: Grid,
    rpo_seconds: float,
    apply_seconds: float = 0,
    allowed: tuple[float | None, float | None] = (None, None),
) -> list[int]:
    """The multiples of the base interval that leave time for a transfer within the RPO.

    From the least to the most that a replicator takes, where it has such bounds.
    """
    step = grid.interval_seconds
    longest = min(rpo_seconds - apply_seconds, grid.seconds + 1)
    least, most = allowed[0] or 0, allowed[1] or float("inf")
    return [seconds for seconds in range(step, max(-int(-longest // 1), 0), step) if least <= seconds <= most]


def cycle_option(
    unions: PiecedUnions, rule: CycleRule, rpo_seconds: float, percent: Number = 100
) -> CycleOption | None:
    """What a cycle needs; None where no link keeps the RPO.

    Args:
        unions: of what shares the link, with the lengths that `cycle_lengths` names for the RPO.
        rule: of the replicator, with the cycle time.
        rpo_seconds: the longest exposure allowed.
        percent: of the time.

    Raises:
        ValueError: the RPO is not more than zero, or the tables cannot show the cycle.
    """
    if not rpo_seconds > 0:
        raise ValueError(f"rpo_seconds {rpo_seconds}: it must be more than zero")
    grid, length = unions.grid, rule.cycle_seconds
    require_cycle(grid, length)
    captured = touched(unions)
    need = need_by_phase(captured, rule, rpo_seconds, percent)
    if need is None:
        return None
    rate = need.bits_per_second
    kept = kept_by_phase(captured, rule, rate or _AT_LEAST_BITS_PER_SECOND, percent)
    floor: float | None = rate
    if length % grid.interval_seconds:
        inside = replace(captured, changed=cache(inner_changes(unions)))
        floor = worst_phase_rate(inside, rule, rpo_seconds, percent)
    ceiling = None
    if percent == 100:
        later = replace(captured, changed=cache(shifted_changes(unions)), early_seconds=grid.interval_seconds)
        ceiling = worst_phase_rate(later, rule, rpo_seconds, and_all_above=False)
        ceiling = None if ceiling is None else max(ceiling, rate)
    shipped = sum(cycle.changed_bytes for cycle in kept.replayed)
    return CycleOption(
        cycle_seconds=length,
        payload_bits_per_second=rate,
        luckiest_bits_per_second=need.luckiest_bits_per_second,
        floor_bits_per_second=min(floor or 0.0, rate),
        ceiling_bits_per_second=ceiling,
        phases=need.phases,
        worst_exposure_seconds=kept.exposure_seconds,
        cache_bytes=kept.cache_bytes if rate else 0.0,
        mean_bits_per_second=BITS_PER_BYTE * shipped / grid.seconds,
        on_time_bits_per_second=_on_time(unions, rule, rpo_seconds),
    )


def cycle_rate(unions: PiecedUnions, rule: CycleRule, rpo_seconds: float) -> float | None:
    """`payload_bits_per_second` of `cycle_option` alone, for the RPO at all times."""
    return worst_phase_rate(touched(unions), rule, rpo_seconds)


def touched(unions: PiecedUnions) -> Captured:
    """Cycles that ship all base intervals that they touch."""
    grid = unions.grid
    return Captured(cache(outer_changes(unions)), grid.seconds, grid.interval_seconds)


def best_cycle(
    unions: PiecedUnions,
    candidates: Iterable[float],
    rule: CycleRule,
    rpo_seconds: float,
    cost: Cost = by_rate,
    most_replays: int = MOST_REPLAYS,
) -> Search:
    """The candidate whose link costs least for the RPO at all times.

    Args:
        unions: as for `cycle_option`.
        candidates: cycle times, such as `candidate_cycles`.
        rule: of the replicator; its cycle time is replaced by each candidate.
        rpo_seconds: the longest exposure allowed.
        cost: of an option; by default its rate.
        most_replays: after so many the search ends.

    Raises:
        ValueError: the RPO is not more than zero, or the tables cannot show a candidate.
    """
    least = [(_least_cost(unions, replace(rule, cycle_seconds=w), rpo_seconds, cost), w) for w in candidates]
    waiting = sorted(least)
    options: list[CycleOption] = []
    bound = float("inf")
    while waiting and len(options) < most_replays and waiting[0][0][0] <= bound * (1 + _CLOSE):
        _, seconds = waiting.pop(0)
        option = cycle_option(unions, replace(rule, cycle_seconds=seconds), rpo_seconds)
        if option is not None:
            options.append(option)
            bound = min(bound, cost_of(option, cost))
    chosen = cheapest(options, cost)
    proven = not waiting or waiting[0][0][0] >= bound * (1 - _CLOSE)
    rest = None
    if not proven:
        rest = min(
            least_possible(unions, replace(rule, cycle_seconds=seconds), rpo_seconds)
            for _, seconds in waiting
        )
    by_time = sorted(options, key=lambda option: option.cycle_seconds)
    return Search(by_time, chosen, len(least), proven, rest)


def cheapest(options: Iterable[CycleOption], cost: Cost = by_rate) -> CycleOption | None:
    """The option that costs least; of equals the one with the smallest cache, then the longest cycle.

    Costs as close as the bisection tells rates apart are equal. None where there is no option.
    """
    priced = [(cost_of(option, cost), option) for option in options]
    if not priced:
        return None
    least = min(price for price, _ in priced)
    equals = [option for price, option in priced if isclose(price, least, rel_tol=_CLOSE)]
    return min(equals, key=lambda option: (option.cache_bytes, -option.cycle_seconds))


def least_possible(unions: PiecedUnions, rule: CycleRule, rpo_seconds: float) -> float:
    """Payload bit/s below which no link keeps the RPO at every phase: a bound from below, without a replay.

    What changed in a window is shipped by the cycles that capture a part of it. None of them is sent before
    the window begins, and the last of them begins before the window ends, so that all is there by its end and
    the RPO: `8 U(L) / (L + RPO - apply)` for any window of length L. Where a late cycle breaks the RPO anyway
    (`2 w >= RPO`), or where cycles are switched on time whatever waits (multi-cycle), cycles keep to their
    marks, and at one phase m of them fill the window exactly: sent after its first cycle, the last one begun
    a cycle before its end: `8 U(m w) / ((m - 2) w + RPO - apply)`.
    """
    step, left = unions.grid.interval_seconds, rpo_seconds - rule.apply_seconds
    if left <= 0:
        return float("inf")
    most = np.array([_most(unions, length) for length in unions.lengths], np.float64)
    lengths = np.array(unions.lengths) * float(step)
    found = float((most / (lengths + left)).max())
    whole, rest = divmod(rule.cycle_seconds, step)
    if not rest and (rule.queue_depth is None or 2 * rule.cycle_seconds >= rpo_seconds):
        places = np.arange(int(whole) - 1, len(lengths), int(whole))
        spans = lengths[places] - 2 * rule.cycle_seconds + left
        if len(places) and spans[0] > 0:
            found = max(found, float((most[places] / spans).max()))
    return BITS_PER_BYTE * found


def _least_cost(unions: PiecedUnions, rule: CycleRule, rpo_seconds: float, cost: Cost) -> tuple[float, float]:
    """The least that a cycle may cost, and how much its cache holds at least."""
    held = 0.0
    if not rule.cycle_seconds % unions.grid.interval_seconds and rule.queue_depth is None:
        held = float(_most(unions, int(rule.cycle_seconds // unions.grid.interval_seconds)))
    return cost(least_possible(unions, rule, rpo_seconds), held, 0.0), rule.cycle_seconds


def _most(unions: PiecedUnions, length: int) -> int:
    """The most that was seen in any window of the length, gap or not; 0 where that was not counted."""
    if length > unions.lengths[-1]:
        return 0
    row = unions.changed_bytes[length - 1]
    return int(row[: len(unions.grid) - length + 1].max())


def _on_time(unions: PiecedUnions, rule: CycleRule, rpo_seconds: float) -> float | None:
    if 2 * rule.cycle_seconds + rule.apply_seconds > rpo_seconds:
        return None
    lengths, rest = divmod(rule.cycle_seconds, unions.grid.interval_seconds)
    touched = min(int(lengths) + (2 if rest else 0), len(unions.grid))
    if touched > unions.lengths[-1]:
        return None
    return float(BITS_PER_BYTE * exact(_most(unions, touched)) / exact(rule.cycle_seconds))
