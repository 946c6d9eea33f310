"""What each mode asks of a link, over RPOs, percentages and cycles; and what some paths would do for it.

Rates are of written or changed bytes, before compression and deduplication: `linkplan` and `link` take them
from there. Continuous replication is judged on the series, cycles by their replay on the unions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from streams.model.sizing.attainment import achievable_rpo_seconds, rates_for_percents
from streams.model.sizing.backlog import journal_bytes
from streams.model.sizing.basis import Mode
from streams.model.sizing.claims import BITS_PER_BYTE, required_bits_per_second, seconds_needed
from streams.model.sizing.cycledata import outer_changes, require_cycle
from streams.model.sizing.cycles import Cycle, CycleRule, cache_bytes, cycles
from streams.model.sizing.cycleshare import PiecedUnions, exposure_kept_seconds, rate_for_cycle_percent
from streams.model.sizing.exact import Number, exact
from streams.model.sizing.leastrate import safe_rate
from streams.model.sizing.series import Series
from streams.model.sizing.synchronous import peak_rate
from streams.model.sizing.usual import mean_rate

__all__ = ["Ask", "ContinuousBasis", "CycleBasis", "Demand", "Kept", "ResyncBasis", "SynchronousBasis"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One place of the matrix; what does not apply to the mode is None."""

    mode: Mode
    rpo_seconds: Fraction | None = None
    percent: Fraction = Fraction(100)
    cycle_seconds: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What an ask needs: None where no rate is enough.

    The percentage is of the time; `by_bytes_bits_per_second` meets the RPO for that percentage of the bytes,
    `safe_bits_per_second` however bytes arrive within slots. `buffer_bytes` is the journal or cache at the
    rate. `mean_bits_per_second` is shipped on the average.
    """

    ask: Ask
    bits_per_second: Fraction | None
    by_bytes_bits_per_second: Fraction | None = None
    safe_bits_per_second: Fraction | None = None
    buffer_bytes: float | None = None
    mean_bits_per_second: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a given rate does: the RPO that it keeps (the time that a resync takes) and the buffer for it."""

    seconds: float | None
    buffer_bytes: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ContinuousBasis:
    """Continuous replication ships the series."""

    series: Series

    def demands(self, rpo_seconds: Number, percents: Sequence[Fraction]) -> Iterator[Demand]:
        """A demand for each percentage of the time."""
        rates = rates_for_percents(self.series, rpo_seconds, percents)
        by_bytes = rates_for_percents(self.series, rpo_seconds, percents, "bytes")
        for percent, rate, bytes_rate in zip(percents, rates, by_bytes, strict=True):
            yield Demand(
                Ask("continuous", exact(rpo_seconds), percent),
                rate,
                bytes_rate,
                safe_rate(self.series, rpo_seconds).bits_per_second if percent == 100 else None,
                journal_bytes(self.series, rate) if rate else None,
                mean_rate(self.series),
            )

    def kept(self, ask: Ask, bits_per_second: Fraction) -> Kept:
        """The RPO that the rate keeps, and the journal."""
        if not bits_per_second:
            return Kept(None)
        seconds = achievable_rpo_seconds(self.series, bits_per_second, ask.percent)
        return Kept(seconds, journal_bytes(self.series, bits_per_second))


@dataclass(frozen=True, slots=True, eq=False)
class SynchronousBasis:
    """Synchronous replication ships the busiest slot at once."""

    series: Series

    def demand(self) -> Demand:
        """The peak rate."""
        peak = peak_rate(self.series).bits_per_second
        return Demand(Ask("synchronous"), peak, mean_bits_per_second=mean_rate(self.series))


@dataclass(frozen=True, slots=True, eq=False)
class CycleBasis:
    """Cycle replication ships the union of each cycle. The unions have all lengths up to their longest."""

    unions: PiecedUnions
    apply_seconds: float = 0

    def demand(self, ask: Ask) -> Demand:
        """The smallest rate, with its cache, by replay of the outer unions.

        Raises:
            ValueError: the tables cannot show the cycle.
        """
        rule, changed = self._rule(ask), cache(outer_changes(self.unions))
        seconds = self.unions.grid.seconds
        rpo = float(ask.rpo_seconds or 0)
        rate = rate_for_cycle_percent(changed, seconds, rule, rpo, ask.percent)
        if not rate:
            return Demand(ask, None if rate is None else Fraction(0))
        replayed = list(cycles(changed, seconds, rule, rate))
        buffer = cache_bytes(replayed, changed, self.unions.grid.interval_seconds)
        return Demand(ask, exact(rate), buffer_bytes=buffer, mean_bits_per_second=_mean(replayed))

    def kept(self, ask: Ask, bits_per_second: Fraction) -> Kept:
        """The exposure at a rate, and the cache."""
        if not bits_per_second:
            return Kept(None)
        rule, changed = self._rule(ask), cache(outer_changes(self.unions))
        seconds = self.unions.grid.seconds
        replayed = list(cycles(changed, seconds, rule, float(bits_per_second)))
        exposure = exposure_kept_seconds(replayed, seconds, rule, ask.percent)
        return Kept(exposure, cache_bytes(replayed, changed, self.unions.grid.interval_seconds))

    def _rule(self, ask: Ask) -> CycleRule:
        cycle = float(ask.cycle_seconds or 0)
        require_cycle(self.unions.grid, cycle)
        rule = CycleRule(cycle, self.apply_seconds)
        return rule if ask.mode == "cycle_single" else replace(rule, queue_depth=None)


@dataclass(frozen=True, slots=True)
class ResyncBasis:
    """A resynchronisation of the whole range ships its union once, in `seconds`."""

    union_bytes: int
    seconds: Fraction

    def demand(self) -> Demand:
        """The rate for it, while nothing is written."""
        return Demand(Ask("bitmap_resync"), required_bits_per_second(self.union_bytes, self.seconds))

    def kept(self, bits_per_second: Fraction) -> Kept:
        """The time that it takes."""
        if not bits_per_second:
            return Kept(None)
        return Kept(float(seconds_needed(self.union_bytes, 1, bits_per_second)))


def _mean(replayed: Sequence[Cycle]) -> Fraction | None:
    if not replayed:
        return None
    shipped = sum(exact(cycle.changed_bytes) for cycle in replayed)
    return BITS_PER_BYTE * shipped / exact(replayed[-1].switched)
