"""The matrix of plans over measured data: RPO x percentage x mode x cycle x paths, each row with its link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from streams.cli.plans.bounds import require_paths
from streams.cli.plans.data import Measured, Progress
from streams.cli.plans.parameters import Parameters
from streams.cli.plans.sets import Sets, sets_of
from streams.errors import MissingData
from streams.model.sizing.basis import MODES, Mode, require_mode, require_written
from streams.model.sizing.bestcycle import Search
from streams.model.sizing.cost import Prices, Terms
from streams.model.sizing.cyclechoice import CycleTerms
from streams.model.sizing.link import Usable, headroom_ratio, paths_for, planned_paths, usable_per_path
from streams.model.sizing.matrix import (
    Ask,
    ContinuousBasis,
    CycleBasis,
    Demand,
    Kept,
    ResyncBasis,
    SynchronousBasis,
)
from streams.model.sizing.profiles import Profile, require_profile
from streams.model.sizing.series import Series

__all__ = ["MatrixPlan", "OnPaths", "Row", "matrix_plan"]

_PERCENTS = (Fraction(100), Fraction(99), Fraction(95), Fraction(90))
_RESYNC_SECONDS = Fraction(3600)


@dataclass(frozen=True, slots=True)
class OnPaths:
    """What so many paths do for a demand; no headroom where no need is known."""

    paths: int
    headroom_ratio: float | None
    kept: Kept


@dataclass(frozen=True, slots=True)
class Row:
    """A demand on a link: payload now and planned, paths for both, and what given numbers of paths do.

    None where there is no line rate, or nothing is enough. `is_cheapest` of the cycles of its mode and RPO.
    """

    demand: Demand
    need_bits_per_second: Fraction | None
    planned_bits_per_second: Fraction | None
    paths_now: int | None
    paths_planned: int | None
    fits_journal: bool | None
    cost_per_month: Fraction | None
    on_paths: tuple[OnPaths, ...]
    is_cheapest: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MatrixPlan:
    """All rows, what they rest on, and why modes that the data cannot tell are missing."""

    asked: Parameters
    measured: Measured
    sets: Sets
    usable: Usable | None
    rows: tuple[Row, ...]
    left_out: Mapping[str, str]
    searches: Sequence[tuple[Ask, Search]]

    @property
    def resync_seconds(self) -> Fraction:
        """The time that a resynchronisation may take."""
        return self.asked.resync_seconds or _RESYNC_SECONDS


def matrix_plan(asked: Parameters, measured: Measured, report: Progress) -> MatrixPlan:
    """Every combination of what was asked.

    Raises:
        ValueError: a value that cannot be, such as a cycle shorter than the base interval.
        MissingData: a mode was asked for whose bytes were not captured.
    """
    profile = require_profile(asked.profile) if asked.profile else None
    modes, left_out = _modes(asked, profile, measured)
    usable = usable_per_path(asked.path) if asked.path_bits_per_second else None
    block = asked.block_bytes or (profile.block_bytes if profile else None) or measured.track_bytes
    data = _Data(asked, measured, profile, sets_of(asked, measured, (modes, block), report))
    jobs = list(data.jobs(modes))
    rows: list[Row] = []
    for done, job in enumerate(jobs):
        report("planning", done, len(jobs))
        rows += [
            _row(demand, kept, asked, usable, is_cheapest=data.is_cheapest(demand)) for demand, kept in job()
        ]
    report("planning", len(jobs), len(jobs))
    if not rows:
        raise ValueError(
            f"rpo_seconds {float(min(data.rpos)):g}: cycles from the base interval of "
            f"{measured.grid.interval_seconds} s on leave no time to ship within it; choose a longer RPO, or "
            "a shorter base interval for the group"
        )
    return MatrixPlan(asked, measured, data.sets, usable, tuple(rows), left_out, data.searches)


_Judge = Callable[[Fraction], Kept]
_Found = Iterator[tuple[Demand, _Judge]]


class _Data:
    """The bases of all modes, made when first needed, and the jobs over them."""

    def __init__(self, asked: Parameters, measured: Measured, profile: Profile | None, sets: Sets) -> None:
        self._asked, self._measured, self._profile = asked, measured, profile
        self.rpos = asked.rpos
        self._percents = asked.percents or _PERCENTS
        self.sets = sets
        self.searches: list[tuple[Ask, Search]] = []
        self._cheapest: dict[tuple[Mode, Fraction | None], float] = {}

    def jobs(self, modes: Sequence[Mode]) -> Iterator[Callable[[], _Found]]:
        """What there is to do, in the order of the rows."""
        for mode in modes:
            match mode:
                case "continuous":
                    for rpo in self.rpos:
                        yield partial(self._continuous, rpo)
                case "synchronous":
                    yield self._synchronous
                case "bitmap_resync":
                    yield self._resync
                case _:
                    for rpo in self.rpos:
                        yield partial(self._cycles, mode, rpo)

    def _continuous(self, rpo: Fraction) -> _Found:
        basis = ContinuousBasis(self._series())
        for demand in basis.demands(rpo, self._percents):
            yield demand, partial(basis.kept, demand.ask)

    def _synchronous(self) -> _Found:
        yield SynchronousBasis(self._series()).demand(), lambda _: Kept(None)

    def _resync(self) -> _Found:
        basis = ResyncBasis(self.sets.resync_bytes, self._asked.resync_seconds or _RESYNC_SECONDS)
        yield basis.demand(), basis.kept

    def _cycles(self, mode: Mode, rpo: Fraction) -> _Found:
        """The cycles to show, each for every percentage; those alone that were asked for, where some were."""
        if self.sets.unions is None:
            raise MissingData(f"mode {mode}: no volume has a table in this range; widen it")
        basis = CycleBasis(self.sets.unions, float(self._asked.apply_seconds or 0))
        terms = self._terms()
        choice = basis.choice(Ask(mode, rpo), terms)
        if choice.search is not None:
            self.searches.append((Ask(mode, rpo), choice.search))
        if choice.chosen is not None:
            self._cheapest[mode, rpo] = choice.chosen.cycle_seconds
        known = {option.cycle_seconds: option for option in choice.options}
        shown: Sequence[float] = terms.asked_seconds or list(known)
        if not shown and self._asked.modes:
            shown = [self._measured.grid.interval_seconds]  # it is said that none is enough
        for seconds in shown:
            for percent in self._percents:
                ask = Ask(mode, rpo, percent, Fraction(seconds))
                whole = basis.demand_of(ask, known.get(seconds))
                yield whole if percent == 100 else basis.demand(ask), partial(basis.kept, ask)

    def is_cheapest(self, demand: Demand) -> bool:
        """Whether the demand is of the cheapest cycle for its RPO: of those asked for, or of all."""
        ask = demand.ask
        return ask.cycle_seconds is not None and ask.cycle_seconds == self._cheapest.get(
            (ask.mode, ask.rpo_seconds)
        )

    def _terms(self) -> CycleTerms:
        """The cycles asked for, or the profile's; and what a link costs."""
        asked, profile = self._asked, self._profile
        cycles = [float(cycle) for cycle in asked.cycle_seconds]
        for cycle in asked.cycle_seconds:
            if profile:
                profile.cycle(int(cycle))
        if profile and profile.cycle_seconds and not cycles:
            cycles = [float(profile.cycle_seconds)]
        terms = cost_terms(asked)
        return CycleTerms(
            tuple(cycles),
            asked_alone=True,
            least_seconds=profile.least_cycle_seconds if profile else None,
            most_seconds=profile.most_cycle_seconds if profile else None,
            cost=terms.of_cycle,
        )

    def _series(self) -> Series:
        if self._measured.series is None:
            raise MissingData("the bytes written were not captured")
        return self._measured.series


def _modes(
    asked: Parameters, profile: Profile | None, measured: Measured
) -> tuple[tuple[Mode, ...], dict[str, str]]:
    """The modes asked for; else the profile's; else all that the data can tell, and why not the others."""
    has_slots = measured.series is not None
    if asked.modes or profile:
        chosen = tuple(map(require_mode, asked.modes)) or ((profile.mode,) if profile else ())
        for mode in chosen:
            require_written(mode, has_slots=has_slots)
        return chosen, {}
    left_out: dict[str, str] = {}
    for mode in MODES:
        try:
            require_written(mode, has_slots=has_slots)
        except MissingData as error:
            left_out[mode] = str(error)
    return tuple(mode for mode in MODES if mode not in left_out), left_out


def cost_terms(asked: Parameters) -> Terms:
    """What turns a rate into paths and money; without a line rate only bytes and buffers have a price."""
    prices = asked.prices or Prices()
    if not asked.path_bits_per_second:
        free = Prices(0, prices.gigabyte, prices.buffer_gigabyte_month)
        return Terms(asked.reduction, Fraction(1), asked.margins, free)
    return Terms(asked.reduction, usable_per_path(asked.path).bits_per_second, asked.margins, prices)


def _row(
    demand: Demand, judge: _Judge, asked: Parameters, usable: Usable | None, *, is_cheapest: bool
) -> Row:
    rate, gives = demand.bits_per_second, None if usable is None else usable.bits_per_second
    need = None if rate is None else asked.reduction.shipped(rate)
    planned = None if need is None or gives is None else planned_paths(need, gives, asked.margins)
    require_paths(planned)
    fits = None
    if asked.journal_bytes is not None and demand.buffer_bytes is not None:
        fits = demand.buffer_bytes <= asked.journal_bytes
    on_paths: list[OnPaths] = []
    for paths in asked.paths if gives is not None else ():
        link = paths * (gives or Fraction(0))
        left = None if need is None else headroom_ratio(need, 1, link)
        on_paths.append(OnPaths(paths, left, judge(asked.reduction.carried(link))))
    return Row(
        demand=demand,
        need_bits_per_second=need,
        planned_bits_per_second=None if need is None else need * asked.margins.factor,
        paths_now=None if need is None or gives is None else require_paths(paths_for(need, gives)),
        paths_planned=planned,
        fits_journal=fits,
        cost_per_month=_cost(demand, asked),
        on_paths=tuple(on_paths),
        is_cheapest=is_cheapest,
    )


def _cost(demand: Demand, asked: Parameters) -> Fraction | None:
    """The planned paths, the buffer, and what is shipped in a month at the mean rate of today."""
    rate = demand.bits_per_second
    if asked.prices is None or rate is None:
        return None
    return cost_terms(asked).per_month(rate, demand.buffer_bytes or 0, demand.mean_bits_per_second or 0)
