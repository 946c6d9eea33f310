"""What each mode asks of a link, over RPOs, percentages and cycles; and what some paths would do for it.

Rates are of written or changed bytes, before compression and deduplication: `linkplan` and `link` take them
from there. Continuous replication is judged on the series, cycles by their replay on the unions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.model.sizing.attainment import achievable_rpo_seconds, rates_for_percents
from streams.model.sizing.backlog import journal_bytes
from streams.model.sizing.basis import Mode
from streams.model.sizing.bestcycle import CycleOption, cycle_option, cycle_rate, touched
from streams.model.sizing.claims import required_bits_per_second, seconds_needed
from streams.model.sizing.cyclechoice import CycleChoice, CycleTerms, choose_cycle
from streams.model.sizing.cycledata import PiecedUnions, require_cycle
from streams.model.sizing.cyclephases import KeptByPhase, kept_by_phase, replays
from streams.model.sizing.cycles import Cycle, CycleRule
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
    `safe_bits_per_second` however bytes arrive within slots, or wherever between the marks of base intervals
    cycles begin. `buffer_bytes` is the journal or cache at the rate. `mean_bits_per_second` is shipped on the
    average. `option` says more of a cycle.
    """

    ask: Ask
    bits_per_second: Fraction | None
    by_bytes_bits_per_second: Fraction | None = None
    safe_bits_per_second: Fraction | None = None
    buffer_bytes: float | None = None
    mean_bits_per_second: Fraction | None = None
    option: CycleOption | None = None


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
    """Cycle replication ships the union of each cycle, at the worst phase of the cycles.

    The unions have all lengths up to their longest: `cycle_lengths`.
    """

    unions: PiecedUnions
    apply_seconds: float = 0

    def demand(self, ask: Ask) -> Demand:
        """The smallest rate, with its cache, by replay at every phase.

        Raises:
            ValueError: the tables cannot show the cycle.
        """
        rpo = float(ask.rpo_seconds or 0)
        return self.demand_of(ask, cycle_option(self.unions, self.rule(ask), rpo, ask.percent))

    def choice(self, ask: Ask, terms: CycleTerms) -> CycleChoice:
        """The cycles to show for an RPO, and the one to take; `ask` names the mode.

        Raises:
            ValueError: the tables cannot show an asked cycle.
        """
        rule = CycleRule(self.unions.grid.interval_seconds, self.apply_seconds, _depth(ask.mode))
        return choose_cycle(self.unions, rule, float(ask.rpo_seconds or 0), terms)

    @staticmethod
    def demand_of(ask: Ask, option: CycleOption | None) -> Demand:
        """An option as a demand."""
        if option is None:
            return Demand(ask, None)
        ceiling = option.ceiling_bits_per_second
        return Demand(
            ask,
            exact(option.payload_bits_per_second),
            safe_bits_per_second=None if ceiling is None else exact(ceiling),
            buffer_bytes=option.cache_bytes,
            mean_bits_per_second=exact(option.mean_bits_per_second),
            option=option,
        )

    def kept(self, ask: Ask, bits_per_second: Fraction) -> Kept:
        """The exposure at a rate, and the cache, at the worst phase."""
        if not bits_per_second:
            return Kept(None)
        found = self.replayed(ask, bits_per_second)
        return Kept(found.exposure_seconds, found.cache_bytes)

    def replayed(self, ask: Ask, bits_per_second: Fraction) -> KeptByPhase:
        """The same with the cycles themselves.

        Raises:
            ValueError: the tables cannot show the cycle, or the rate is not more than zero.
        """
        return kept_by_phase(touched(self.unions), self.rule(ask), float(bits_per_second), ask.percent)

    def phases(self, ask: Ask, bits_per_second: Fraction) -> Iterator[Sequence[Cycle]]:
        """The cycles at each phase, of which for each percentage another one may be the worst.

        Raises:
            ValueError: as above.
        """
        return replays(touched(self.unions), self.rule(ask), float(bits_per_second))

    def need_in(self, ask: Ask, start: int, end: int) -> Fraction | None:
        """The smallest rate for the RPO in the base intervals `start` to `end` (exclusive) alone."""
        rate = cycle_rate(self.unions.part(start, end), self.rule(ask), float(ask.rpo_seconds or 0))
        return None if rate is None else exact(rate)

    def rule(self, ask: Ask) -> CycleRule:
        """The rule of the asked mode and cycle.

        Raises:
            ValueError: the tables cannot show the cycle.
        """
        cycle = float(ask.cycle_seconds or 0)
        require_cycle(self.unions.grid, cycle)
        return CycleRule(cycle, self.apply_seconds, _depth(ask.mode))


@dataclass(frozen=True, slots=True)
class ResyncBasis:
    """A resynchronisation ships a union once, in `seconds`: of the whole range, or of the worst outage."""

    union_bytes: int
    seconds: Number

    def demand(self) -> Demand:
        """The rate for it, while nothing is written."""
        return Demand(Ask("bitmap_resync"), required_bits_per_second(self.union_bytes, self.seconds))

    def kept(self, bits_per_second: Fraction) -> Kept:
        """The time that it takes."""
        if not bits_per_second:
            return Kept(None)
        return Kept(float(seconds_needed(self.union_bytes, 1, bits_per_second)))


def _depth(mode: Mode) -> int | None:
    """How many cycles may wait besides the open one."""
    return None if mode == "cycle_multi" else 1
