"""What each mode of replication asks of a link, once: the report of a mode and the modes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import Capacity
from streams.cli.reports.outlook import period_of
from streams.cli.reports.replicator import Replicator
from streams.errors import MissingData
from streams.model.sizing.basis import Mode, require_written
from streams.model.sizing.claims import required_bits_per_second
from streams.model.sizing.cyclechoice import CycleChoice, CycleTerms
from streams.model.sizing.cycledata import PiecedUnions, cycle_lengths, require_cycle
from streams.model.sizing.exact import exact
from streams.model.sizing.forecast import Need, needs_by_period, set_needs_by_period
from streams.model.sizing.grid import Grid
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.matrix import (
    Ask,
    ContinuousBasis,
    CycleBasis,
    Demand,
    ResyncBasis,
    SynchronousBasis,
)
from streams.model.sizing.outagesets import WorstOutage, outage_intervals, worst_outage
from streams.model.sizing.series import Series
from streams.model.sizing.synchronous import peak_rate
from streams.model.sizing.windows import Unions

__all__ = ["ModeDemands", "shipped_lengths"]


def shipped_lengths(grid: Grid, replicator: Replicator, outage_seconds: float) -> list[int]:
    """The windows that the demands of all modes are found in."""
    seconds = [replicator.rpo_seconds, float(replicator.cycle_seconds or 0)]
    return sorted({*cycle_lengths(grid, seconds), outage_intervals(grid, outage_seconds)})


@dataclass(frozen=True, eq=False)
class ModeDemands:
    """The demands of all modes on the same data, for one RPO; what is found once is kept.

    `series` is None where nobody counted the bytes written.
    """

    series: Series | None
    changes: BlockChanges
    replicator: Replicator
    capacity: Capacity
    outage_seconds: float
    _choices: dict[Mode, CycleChoice] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """The base intervals."""
        return self.changes.grid

    @property
    def rpo(self) -> Fraction:
        """The RPO of the link."""
        return exact(self.replicator.rpo_seconds)

    def demand(self, mode: Mode) -> Demand:
        """What a mode needs for the RPO at all times; of a resynchronisation: after the worst outage.

        Raises:
            ValueError: the tables cannot show the asked cycle.
            MissingData: the bytes that the mode ships were not captured.
        """
        if mode == "bitmap_resync":
            return ResyncBasis(self.outage.changed_bytes, exact(self.capacity.link.resync_seconds)).demand()
        if mode in ("cycle_single", "cycle_multi"):
            return CycleBasis.demand_of(self.cycle_ask(mode), self.choice(mode).chosen)
        if mode == "synchronous":
            return SynchronousBasis(self._written(mode)).demand()
        return next(ContinuousBasis(self._written(mode)).demands(self.rpo, [Fraction(100)]))

    def by_period(self, mode: Mode) -> Sequence[Need]:
        """The same for every whole period of the range: weeks, or days of a shorter one."""
        period = period_of(self.grid.seconds)
        if mode == "bitmap_resync":
            return set_needs_by_period(self.grid, self._resync_in, period)
        if mode in ("cycle_single", "cycle_multi"):
            ask = self.cycle_ask(mode)
            if ask.cycle_seconds is None:
                return []
            return set_needs_by_period(
                self.grid, lambda start, end: self.cycles.need_in(ask, start, end), period
            )
        return needs_by_period(self._written(mode), self.of_series, period)

    def of_series(self, series: Series) -> Fraction:
        """The need of other written bytes in the link's mode."""
        if self.replicator.mode == "synchronous":
            return peak_rate(series).bits_per_second
        return least_rate(series, self.rpo).bits_per_second

    @property
    def unique_lengths(self) -> Sequence[int]:
        """The windows that `of_unions` needs."""
        if self.replicator.mode == "bitmap_resync":
            return [self._outages[1]]
        return self.cycles.unions.lengths

    def of_unions(self, unions: Unions) -> Fraction | None:
        """The need of other changes with the chosen cycle, or the outage; None where there is none."""
        if self.replicator.mode == "bitmap_resync":
            found = worst_outage(unions, self._outages[1])
            return None if found is None else self._resync_rate(found)
        ask = self.cycle_ask(self.replicator.mode)
        if self.choice(self.replicator.mode).chosen is None:
            return None
        basis = CycleBasis(PiecedUnions.of(unions), self.replicator.apply_seconds)
        return basis.need_in(ask, 0, len(self.grid))

    def cycle_ask(self, mode: Mode) -> Ask:
        """The RPO with the cycle that was chosen, else the one that was asked for, if any."""
        chosen, asked = self.choice(mode).chosen, self._asked_cycle(mode)
        seconds = asked if chosen is None else chosen.cycle_seconds
        return Ask(mode, self.rpo, cycle_seconds=None if seconds is None else exact(seconds))

    def choice(self, mode: Mode) -> CycleChoice:
        """The cycles to show for a mode, and the one to take."""
        if mode not in self._choices:
            profile, asked = self.replicator.profile, self._asked_cycle(mode)
            terms = CycleTerms(
                () if asked is None else (float(asked),),
                asked_alone=mode != self.replicator.mode,
                least_seconds=profile.least_cycle_seconds if profile else None,
                most_seconds=profile.most_cycle_seconds if profile else None,
                cost=self.capacity.terms.of_cycle,
            )
            self._choices[mode] = self.cycles.choice(Ask(mode, self.rpo), terms)
        return self._choices[mode]

    @cached_property
    def cycles(self) -> CycleBasis:
        """The windows that cycles ship."""
        lengths = cycle_lengths(self.grid, [float(self.rpo), float(self.replicator.cycle_seconds or 0)])
        unions = PiecedUnions.of(self.changes.unions(lengths))
        return CycleBasis(unions, self.replicator.apply_seconds)

    @cached_property
    def outage(self) -> WorstOutage:
        """The outage that leaves most to be resynchronised."""
        unions, intervals = self._outages
        found = worst_outage(unions, intervals)
        if found is None:
            raise MissingData("nothing was measured in the asked range; widen it")
        return found

    @cached_property
    def _outages(self) -> tuple[Unions, int]:
        intervals = outage_intervals(self.grid, self.outage_seconds)
        return self.changes.unions([intervals]), intervals

    def _resync_in(self, start: int, end: int) -> Fraction | None:
        found = worst_outage(*self._outages, part=(start, end))
        return None if found is None else self._resync_rate(found)

    def _resync_rate(self, found: WorstOutage) -> Fraction:
        return required_bits_per_second(found.changed_bytes, exact(self.capacity.link.resync_seconds))

    def _asked_cycle(self, mode: Mode) -> float | None:
        """The asked cycle; that of a profile for another mode only where the tables can show it."""
        asked = self.replicator.cycle_seconds
        if asked is None or mode == self.replicator.mode:
            return asked
        try:
            require_cycle(self.grid, asked)
        except ValueError:
            return None
        return asked

    def _written(self, mode: Mode) -> Series:
        require_written(mode, has_slots=self.series is not None)
        assert self.series is not None  # noqa: S101  # for the type checker: the line above refuses it
        return self.series
