"""Cycle replication at every phase: the link that keeps an RPO wherever the cycles begin, and what one keeps.

Nobody chooses where the cycles of a replicator fall against the writes, and a burst that one phase captures
whole is cut in two by another. So cycles are replayed at every phase that the base interval tells apart, and
the worst one counts. The phases of a cycle of w base intervals are w, and each replays a w-th of the cycles:
all of them together take one cycle for each base interval of the range, whatever the cycle. A phase is only
searched where it does not keep the RPO at the rate that the others need.

Every moment of the range is judged by the exposure of the cycle that captured it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from streams.model.sizing.cycles import Changed, Cycle, CycleRule, cache_bytes, cycles
from streams.model.sizing.exact import Number, ceil_div, exact, percent_share

__all__ = [
    "Captured",
    "KeptByPhase",
    "NeedByPhase",
    "exposure_kept_seconds",
    "first_switches",
    "kept_by_phase",
    "late_share",
    "need_by_phase",
    "replays",
    "worst_phase_rate",
]

_NOTHING_BITS_PER_SECOND = 1e-3
_SMALLEST_BITS_PER_SECOND = 1.0
_AS_IF_AT_ONCE_BITS_PER_SECOND = 1e30
_CLOSE = 1e-10
_ROUNDING = 1e-12
_CLEARLY_LESS = 1 - 1e-6
_MOST_RATES = 32  # that are tried between a rate and the one from which on no cycle is late
_RATE_STEP = 0.01  # and no closer to each other than that
_NEVER_ON_TIME = 64  # times the rate, where applying a cycle takes longer than a cycle


@dataclass(frozen=True, slots=True)
class Captured:
    """What cycles ship over a range, whose phases are told apart in steps of the base interval.

    The first cycles end at `first_switches`, or `early_seconds` before.
    """

    changed: Changed
    range_seconds: float
    step_seconds: int
    early_seconds: float = 0

    def first_switches(self, rule: CycleRule) -> list[float]:
        """When the first cycle ends, at each phase."""
        switches = first_switches(rule.cycle_seconds, self.step_seconds)
        return [switch - self.early_seconds for switch in switches]


@dataclass(frozen=True, slots=True)
class NeedByPhase:
    """The smallest links that keep an RPO, in payload bit/s: at the worst phase, and at the luckiest.

    `first_switch_seconds` is when the first cycle of the worst phase ends.
    """

    bits_per_second: float
    luckiest_bits_per_second: float
    first_switch_seconds: float
    phases: int


@dataclass(frozen=True, slots=True)
class KeptByPhase:
    """What a link keeps: the longest exposure of any phase for the percentage, and the largest cache.

    `replayed` are the cycles of the phase with the longest exposure. For another percentage another phase may
    be the worst: `replays` has them all.
    """

    exposure_seconds: float
    cache_bytes: float
    replayed: Sequence[Cycle]


def first_switches(cycle_seconds: float, interval_seconds: int) -> list[float]:
    """When the first cycle may end: every phase at a distance of base intervals, a whole cycle first.

    As many as base intervals fit into a cycle, so that all of them together replay one cycle for each base
    interval of the range.
    """
    count = ceil_div(exact(cycle_seconds), exact(interval_seconds))
    return [cycle_seconds - place * interval_seconds for place in range(count)]


def need_by_phase(
    captured: Captured, rule: CycleRule, rpo_seconds: float, percent: Number = 100
) -> NeedByPhase | None:
    """The smallest links that keep the RPO for so many percent of the time; None where none does.

    By bisection, to one part in 10^10; the rate keeps it at every phase. Where the queue is limited (single
    transmit), late cycles grow and the windows themselves move with the rate, so that a faster link may by
    chance break what a slower one kept. The rate is then one above which none was found that breaks it, at
    so many rates between it and that at which every cycle is on time, from where on that is certain.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    switches = captured.first_switches(rule)
    keeps = _judge(captured, rule, rpo_seconds, percent)
    worst = _worst(keeps, rule, switches)
    if worst is None:
        return None
    rate, place = worst
    if rule.queue_depth is not None and rate:
        rate, place = _and_all_above(captured, rule, rpo_seconds, keeps, worst)
    luckiest = rate
    for switch in switches if rate else ():
        if keeps(luckiest * _CLEARLY_LESS, switch):
            luckiest = _bisected(keeps, switch, 0.0, luckiest)
    return NeedByPhase(rate, luckiest, switches[place], len(switches))


def worst_phase_rate(
    captured: Captured,
    rule: CycleRule,
    rpo_seconds: float,
    percent: Number = 100,
    *,
    and_all_above: bool = True,
) -> float | None:
    """The smallest link that keeps the RPO at every phase, as `need_by_phase`, without the luckiest.

    Without `and_all_above` a faster one may break it again, and it is found sooner.
    """
    keeps = _judge(captured, rule, rpo_seconds, percent)
    worst = _worst(keeps, rule, captured.first_switches(rule))
    if and_all_above and worst is not None and rule.queue_depth is not None and worst[0]:
        worst = _and_all_above(captured, rule, rpo_seconds, keeps, worst)
    return None if worst is None else worst[0]


def kept_by_phase(
    captured: Captured, rule: CycleRule, payload_bits_per_second: float, percent: Number = 100
) -> KeptByPhase:
    """What a link keeps at the worst of the phases: exposure and cache may be those of different ones.

    Raises:
        ValueError: a percentage outside 0 to 100, a rate of not more than zero.
    """
    longest, cache = -1.0, 0.0
    kept: Sequence[Cycle] = ()
    changed, seconds = captured.changed, captured.range_seconds
    for replayed in replays(captured, rule, payload_bits_per_second):
        cache = cache_bytes(replayed, changed, seconds, captured.step_seconds, cache)
        exposure = exposure_kept_seconds(replayed, seconds, percent)
        if exposure > longest:
            longest, kept = exposure, replayed
    return KeptByPhase(max(longest, 0.0), cache, kept)


def replays(captured: Captured, rule: CycleRule, payload_bits_per_second: float) -> Iterator[Sequence[Cycle]]:
    """The cycles of a range, at each phase.

    Raises:
        ValueError: a rate of not more than zero.
    """
    for switch in captured.first_switches(rule):
        yield list(cycles(captured.changed, captured.range_seconds, rule, payload_bits_per_second, switch))


def late_share(replayed: Sequence[Cycle], range_seconds: float, rpo_seconds: float) -> float:
    """The share of the range's time that was captured by cycles whose exposure exceeds the RPO."""
    late = (cycle for cycle in replayed if cycle.exposure_seconds > rpo_seconds)
    return sum(_captured_seconds(cycle, range_seconds) for cycle in late) / range_seconds


def exposure_kept_seconds(replayed: Sequence[Cycle], range_seconds: float, percent: Number = 100) -> float:
    """The smallest exposure that so many percent of the range's time do not exceed; 0 without any cycle.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    share = float(percent_share("percent", percent))
    if not replayed:
        return 0.0
    exposure = np.array([cycle.exposure_seconds for cycle in replayed])
    if share == 1:
        return float(exposure.max())
    weight = np.array([_captured_seconds(cycle, range_seconds) for cycle in replayed])
    order = np.argsort(exposure, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    place = int(np.searchsorted(reached, share - _ROUNDING))
    return float(exposure[order][min(place, len(exposure) - 1)])


_Keeps = Callable[[float, float], bool]
"""Whether a rate keeps the RPO at a phase."""


def _judge(captured: Captured, rule: CycleRule, rpo_seconds: float, percent: Number) -> _Keeps:
    changed, range_seconds = captured.changed, captured.range_seconds
    may_miss = float(1 - percent_share("percent", percent)) * range_seconds + _ROUNDING * range_seconds

    def keeps(rate: float, switch: float) -> bool:
        missed = 0.0
        for cycle in cycles(changed, range_seconds, rule, rate, switch):
            if cycle.applied - cycle.begun > rpo_seconds:
                missed += _captured_seconds(cycle, range_seconds)
                if missed > may_miss:
                    return False
        return True

    def never(_rate: float, _switch: float) -> bool:
        return False

    # What fills the RPO leaves no time for a transfer, however short.
    is_hopeless = rule.cycle_seconds + rule.apply_seconds >= rpo_seconds and may_miss < range_seconds
    return never if is_hopeless else keeps


def _worst(keeps: _Keeps, rule: CycleRule, switches: Sequence[float]) -> tuple[float, int] | None:
    """The rate that keeps the RPO at every phase, and the place of the one that asks for it."""
    if not all(keeps(_AS_IF_AT_ONCE_BITS_PER_SECOND, switch) for switch in switches):
        return None
    rate, place = 0.0, 0
    is_settled = False
    while not is_settled:
        is_settled = True
        for number, switch in enumerate(switches):
            if keeps(rate or _NOTHING_BITS_PER_SECOND, switch):
                continue
            low, high = rate, max(rate, _SMALLEST_BITS_PER_SECOND)
            while not keeps(high, switch):
                low, high = high, 2 * high
            rate, place = _bisected(keeps, switch, low, high), number
            # With a limited queue more may fail where less did not: then look at all phases again.
            is_settled = rule.queue_depth is None
    return rate, place


def _and_all_above(
    captured: Captured, rule: CycleRule, rpo_seconds: float, keeps: _Keeps, found: tuple[float, int]
) -> tuple[float, int]:
    """The smallest rate that keeps the RPO together with all that were tried above it.

    From the rate at which no cycle is late downwards: there windows are those of cycles on time, which are
    shipped the sooner the faster the link is.
    """
    switches, (least, place) = captured.first_switches(rule), found
    on_time = min(rpo_seconds, (1 + (rule.queue_depth or 0)) * rule.cycle_seconds)
    unlimited = replace(rule, queue_depth=None)
    top = _worst(_judge(captured, unlimited, on_time, 100), unlimited, switches)
    highest = _NEVER_ON_TIME * least if top is None else max(top[0], least)
    steps = min(_MOST_RATES, int(log(highest / least) / _RATE_STEP))
    good = highest
    for step in range(1, steps + 1):
        rate = highest * (least / highest) ** (step / steps)
        if _first_broken(keeps, rate, switches) is None:
            good = rate
            continue
        while (broken := _first_broken(keeps, rate, switches)) is not None:
            rate, place = _bisected(keeps, switches[broken], rate, good), broken
        return rate, place
    return least, place


def _first_broken(keeps: _Keeps, rate: float, switches: Sequence[float]) -> int | None:
    return next((number for number, switch in enumerate(switches) if not keeps(rate, switch)), None)


def _bisected(keeps: _Keeps, switch: float, low: float, high: float) -> float:
    while high - low > _CLOSE * high and high > _NOTHING_BITS_PER_SECOND:
        middle = (low + high) / 2
        if keeps(middle, switch):
            high = middle
        else:
            low = middle
    return high


def _captured_seconds(cycle: Cycle, range_seconds: float) -> float:
    """How much of the range it captured."""
    return max(min(cycle.switched, range_seconds) - max(cycle.begun, 0.0), 0.0)
