"""A link with cycle replication: cycle and rate for the RPO, and what the installed paths keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from streams.cli.reports.capacity import Capacity, cost_section, need_columns, planning_section
from streams.cli.reports.demands import ModeDemands
from streams.cli.reports.document import Column, Figure, Section, Unit, Value, facts, listing
from streams.cli.reports.replicator import Replicator
from streams.cli.units import bits_per_second_text, count_text, seconds_text
from streams.model.sizing.attainment import PERCENTS
from streams.model.sizing.bestcycle import CycleOption
from streams.model.sizing.cautions import coarse_intervals
from streams.model.sizing.cost import Ask as CostAsk
from streams.model.sizing.cyclechoice import CycleChoice
from streams.model.sizing.cycledata import cycles_in_gaps
from streams.model.sizing.cyclephases import KeptByPhase, exposure_kept_seconds, late_share
from streams.model.sizing.cycles import Cycle
from streams.model.sizing.exact import exact
from streams.model.sizing.matrix import Ask
from streams.model.sizing.windows import Unions

__all__ = ["Cyclic", "cyclic_sections", "cyclic_view"]

_RPO_FACTORS = (4, 2, 1, Fraction(1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Cyclic:
    """The cycles to choose from, the one taken, and its replay at the installed rate at the worst phase."""

    unions: Unions
    choice: CycleChoice
    ask: Ask
    kept: KeptByPhase | None

    @property
    def cycle_seconds(self) -> float:
        """The cycle that is replayed: the chosen or asked one, else the base interval."""
        return float(self.ask.cycle_seconds or self.unions.grid.interval_seconds)

    @property
    def replayed(self) -> Sequence[Cycle]:
        """The cycles on the installed paths."""
        return () if self.kept is None else self.kept.replayed

    @property
    def need(self) -> Fraction | None:
        """The rate of changed bytes that keeps the RPO."""
        chosen = self.choice.chosen
        return None if chosen is None else exact(chosen.payload_bits_per_second)


def cyclic_view(demands: ModeDemands, replicator: Replicator, capacity: Capacity) -> Cyclic:
    """Replays cycles over the tables, in the replicator's blocks.

    Raises:
        ValueError: the tables cannot show the cycle.
    """
    basis, choice, ask = demands.cycles, demands.choice(replicator.mode), demands.cycle_ask(replicator.mode)
    step = demands.grid.interval_seconds
    shown = Ask(ask.mode, ask.rpo_seconds, cycle_seconds=ask.cycle_seconds or Fraction(step))
    kept = basis.replayed(shown, capacity.carried) if capacity.payload else None
    return Cyclic(basis.unions, choice, ask, kept)


def cyclic_sections(
    view: Cyclic, demands: ModeDemands, percents: Sequence[float] = PERCENTS
) -> Iterator[Section]:
    """All of them.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    capacity = demands.capacity
    yield _option_section(view, demands)
    if view.need is not None:
        yield _percent_section(view, demands, percents)
        yield planning_section(capacity, f"cycles of {seconds_text(view.cycle_seconds)}", view.need)
    if view.kept is not None:
        yield _installed_section(view, view.kept, demands, percents)
    title = f"RPOs, cycles of {seconds_text(view.cycle_seconds)}"
    cost = cost_section(capacity, title, _cost_asks(view, demands))
    if cost is not None:
        yield cost


def _option_section(view: Cyclic, demands: ModeDemands) -> Section:
    capacity, rpo = demands.capacity, float(demands.rpo)
    columns = [
        Column("cycle_seconds", "cycle", Unit.SECONDS),
        *need_columns(),
        Column("luckiest_bits_per_second", "luckiest phase", Unit.RATE),
        Column("ceiling_bits_per_second", "any phase (bound)", Unit.RATE),
        Column("worst_exposure_seconds", "exposure", Unit.SECONDS),
        Column("cache_bytes", "cache", Unit.BYTES),
        Column("on_time_bits_per_second", "closed formula (bound)", Unit.RATE),
        Column("chosen", ""),
    ]
    rows: list[tuple[Value, ...]] = [
        (
            each.cycle_seconds,
            *capacity.row(exact(each.payload_bits_per_second)),
            each.luckiest_bits_per_second,
            each.ceiling_bits_per_second,
            each.worst_exposure_seconds,
            each.cache_bytes,
            each.on_time_bits_per_second,
            _mark(each, view.choice),
        )
        for each in view.choice.options
    ]
    title = f"Cycles that keep an RPO of {seconds_text(rpo)}, replayed from the tables"
    return listing("cycles", title, columns, rows, list(_option_notes(view, demands)))


def _mark(option: CycleOption, choice: CycleChoice) -> str:
    marks = ["chosen"] if option is choice.chosen else []
    best = None if choice.search is None else choice.search.chosen
    if best is not None and option.cycle_seconds == best.cycle_seconds:
        marks.append("cheapest")
    return ", ".join(marks)


def _option_notes(view: Cyclic, demands: ModeDemands) -> Iterator[str]:
    rpo, step, search = float(demands.rpo), view.unions.grid.interval_seconds, view.choice.search
    if view.choice.chosen is None:
        yield f"No cycle that may be chosen keeps an RPO of {seconds_text(rpo)}."
    yield (
        f"Needed at the worst of all phases against the writes, {step} s apart; between these marks no phase "
        "needs more than the bound. A multi-cycle replicator's bound is proven, that of single transmit "
        "replayed."
    )
    if search is not None and search.candidates:
        what = "price" if demands.capacity.terms.prices.any else "rate"
        cheapest = (
            f"The cheapest by {what} of {count_text(search.candidates, 'cycle')} in steps of {step} s: "
        )
        if search.proven:
            yield f"{cheapest}{len(search.options)} replayed, the others cannot be cheaper."
        else:
            least = bits_per_second_text(search.least_of_rest_bits_per_second or 0)
            yield f"{cheapest}{len(search.options)} replayed; another one might need as little as {least}."
    for each in view.choice.options:
        if each.cycle_seconds % step:
            yield (
                f"{each.cycle_seconds:g} s is no multiple of the base interval of {step} s: "
                f"{bits_per_second_text(each.floor_bits_per_second)} are needed at least, with the intervals "
                "that lie inside each cycle; shown is what is enough, with all that it touches."
            )
    caution = coarse_intervals(step, demands.rpo)
    if caution is not None:
        yield caution.sentence


def _percent_section(view: Cyclic, demands: ModeDemands, percents: Sequence[float]) -> Section:
    rows: list[tuple[Value, ...]] = []
    for percent in percents:
        ask = Ask(view.ask.mode, demands.rpo, exact(percent), view.ask.cycle_seconds)
        rate = view.need if percent == 100 else demands.cycles.demand(ask).bits_per_second
        if rate is not None:
            rows.append((f"{percent:g} % of the time", *demands.capacity.row(rate)))
    title = f"The smallest constant rate for cycles of {seconds_text(view.cycle_seconds)}"
    return listing("needs", title, [Column("kept_for", "kept for"), *need_columns()], rows)


def _installed_section(
    view: Cyclic, kept: KeptByPhase, demands: ModeDemands, percents: Sequence[float]
) -> Section:
    rpo, grid = float(demands.rpo), view.unions.grid
    late = [cycle for cycle in kept.replayed if cycle.exposure_seconds > rpo]
    shown = replace(view.ask, cycle_seconds=exact(view.cycle_seconds))
    phases = list(demands.cycles.phases(shown, demands.capacity.carried))
    attained = 1 - max(late_share(replayed, grid.seconds, rpo) for replayed in phases)
    notes = [
        "Each figure at the phase that is the worst for it; cycles are counted where exposure is longest."
    ]
    longest = max(cycle.cycle_seconds for cycle in kept.replayed)
    if longest > 2 * view.cycle_seconds:
        notes.append(f"The link is late: cycles grow up to {seconds_text(longest)}.")
    if longest > view.unions.lengths[-1] * grid.interval_seconds:
        notes.append("Windows as long as that are added up in pieces: exposure and cache are upper bounds.")
    if gaps := cycles_in_gaps(kept.replayed, grid):
        notes.append(f"{gaps} of the cycles touch a gap: what they ship is what was seen, a lower bound.")
    achievable: list[Figure] = []
    for percent in percents:
        value = max(exposure_kept_seconds(replayed, grid.seconds, percent) for replayed in phases)
        label = f"RPO that it keeps {percent:g} % of the time"
        achievable.append((f"achievable_rpo_{percent:g}_seconds", label, Unit.SECONDS, value))
    return facts(
        "installed",
        f"On the installed paths, cycles of {seconds_text(view.cycle_seconds)}",
        [
            ("carried_bits_per_second", "carries changed bytes at", Unit.RATE, demands.capacity.carried),
            ("cycles", "cycles replayed", Unit.COUNT, len(kept.replayed)),
            ("late_cycles", "beyond the RPO", Unit.COUNT, len(late)),
            ("attainment_by_time", "RPO kept, of the time", Unit.SHARE, attained),
            ("worst_exposure_seconds", "worst exposure", Unit.SECONDS, kept.exposure_seconds),
            *achievable,
            ("cache_bytes", "cache, at least", Unit.BYTES, kept.cache_bytes),
        ],
        notes,
    )


def _cost_asks(view: Cyclic, demands: ModeDemands) -> Iterator[CostAsk]:
    """Longer and shorter RPOs with the cycle that was chosen, as far as it keeps them."""
    if not demands.capacity.terms.prices.any or view.ask.cycle_seconds is None:
        return
    for factor in _RPO_FACTORS:
        rpo = factor * demands.rpo
        found = demands.cycles.demand(Ask(view.ask.mode, rpo, cycle_seconds=view.ask.cycle_seconds))
        if found.bits_per_second is not None:
            name = f"RPO {seconds_text(float(rpo))}"
            held, mean = found.buffer_bytes or 0, found.mean_bits_per_second or 0
            yield CostAsk(name, found.bits_per_second, held, mean)
