"""A link with cycle replication: cycle and rate for the RPO, and what the installed paths keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import Capacity, need_columns
from streams.cli.reports.document import Column, Section, Unit, Value, facts, listing
from streams.cli.reports.replicator import Replicator
from streams.cli.units import seconds_text
from streams.model.sizing.bestcycle import CycleOption, candidate_cycles, cheapest, cycle_options
from streams.model.sizing.cycledata import cycles_in_gaps, outer_changes, require_cycle
from streams.model.sizing.cycles import Cycle, cache_bytes, cycles, worst_exposure_seconds
from streams.model.sizing.grid import Grid
from streams.model.sizing.windows import Unions, lengths_up_to

__all__ = ["Cyclic", "cycle_lengths", "cyclic_sections", "cyclic_view"]

_MOST_CANDIDATES = 12
_LATE_FACTOR = 4  # cycles that grow to so many RPOs are late enough


@dataclass(frozen=True, slots=True, eq=False)
class Cyclic:
    """The options, the chosen one, and the replay at the installed rate.

    `chosen` is None where no cycle can keep the RPO, or not the one that was asked for. `replayed` ends
    early, with `grew_beyond_seconds`, where cycles become longer than windows were counted.
    """

    unions: Unions
    options: Sequence[CycleOption]
    chosen: CycleOption | None
    cycle_seconds: float
    replayed: Sequence[Cycle]
    grew_beyond_seconds: float | None

    @property
    def need(self) -> Fraction | None:
        """The rate of changed bytes that keeps the RPO."""
        return None if self.chosen is None else Fraction(self.chosen.payload_bits_per_second)


def cyclic_view(changes: BlockChanges, replicator: Replicator, capacity: Capacity) -> Cyclic:
    """Replays cycles over the tables, in the replicator's blocks.

    Raises:
        ValueError: the tables cannot show the cycle.
    """
    grid = changes.grid
    rpo, asked = replicator.rpo_seconds, replicator.cycle_seconds
    if asked is not None:
        require_cycle(grid, asked)
    unions = changes.unions(cycle_lengths(grid, replicator))
    candidates = _candidates(candidate_cycles(grid, rpo, replicator.apply_seconds), replicator)
    options = cycle_options(unions, candidates, rpo, replicator.rule(candidates[0] if candidates else 1))
    wanted = options if asked is None else [each for each in options if each.cycle_seconds == asked]
    chosen = cheapest(wanted)
    seconds = asked or (chosen.cycle_seconds if chosen else grid.interval_seconds)
    replayed, beyond = _replay(unions, replicator, seconds, capacity)
    return Cyclic(unions, options, chosen, seconds, replayed, beyond)


def cycle_lengths(grid: Grid, replicator: Replicator) -> range:
    """The windows that the replays need: of cycles of any length until they are late enough."""
    longest = _LATE_FACTOR * max(replicator.rpo_seconds, replicator.cycle_seconds or 0, grid.interval_seconds)
    return lengths_up_to(grid, longest)


def cyclic_sections(view: Cyclic, replicator: Replicator, capacity: Capacity) -> Iterator[Section]:
    """All of them."""
    yield _option_section(view, replicator, capacity)
    if capacity.payload:
        yield _installed_section(view, replicator, capacity)


def _candidates(every: range, replicator: Replicator) -> list[int]:
    """So many at most, spread evenly by their ratio, and the one that was asked for."""
    profile = replicator.profile
    least = (profile and profile.least_cycle_seconds) or 0
    most = (profile and profile.most_cycle_seconds) or float("inf")
    legal = [seconds for seconds in every if least <= seconds <= most]
    places = np.geomspace(1, max(len(legal), 1), min(len(legal), _MOST_CANDIDATES)).round().astype(int) - 1
    chosen = {legal[place] for place in places.tolist()}
    asked = replicator.cycle_seconds
    if asked is not None and asked + replicator.apply_seconds < replicator.rpo_seconds:
        chosen.add(asked)
    return sorted(chosen)


def _replay(
    unions: Unions, replicator: Replicator, seconds: float, capacity: Capacity
) -> tuple[list[Cycle], float | None]:
    """The cycles at the installed rate, as far as windows were counted."""
    if not capacity.payload:
        return [], None
    changed, counted = outer_changes(unions), unions.lengths[-1] * unions.grid.interval_seconds
    replayed: list[Cycle] = []
    walk = cycles(changed, unions.grid.seconds, replicator.rule(seconds), float(capacity.carried))
    try:
        replayed.extend(walk)
    except ValueError:
        return replayed, float(counted)
    return replayed, None


def _option_section(view: Cyclic, replicator: Replicator, capacity: Capacity) -> Section:
    columns = [
        Column("cycle_seconds", "cycle", Unit.SECONDS),
        *need_columns(),
        Column("worst_exposure_seconds", "exposure", Unit.SECONDS),
        Column("cache_bytes", "cache", Unit.BYTES),
        Column("on_time_bits_per_second", "closed formula (bound)", Unit.RATE),
        Column("chosen", ""),
    ]
    rows: list[tuple[Value, ...]] = [
        (
            each.cycle_seconds,
            *capacity.row(Fraction(each.payload_bits_per_second)),
            each.worst_exposure_seconds,
            each.cache_bytes,
            each.on_time_bits_per_second,
            "chosen" if each is view.chosen else "",
        )
        for each in view.options
    ]
    rpo = seconds_text(replicator.rpo_seconds)
    notes = [] if view.chosen else [f"No cycle that may be chosen keeps an RPO of {rpo}."]
    notes += [
        f"{int(each.cycle_seconds)} s is no multiple of the base interval: at least "
        f"{float(each.least_bits_per_second) / 1e6:.2f} Mbit/s are needed, and the figure shown is enough."
        for each in view.options
        if each.cycle_seconds % view.unions.grid.interval_seconds
    ]
    title = f"Cycles that keep an RPO of {rpo}, replayed from the tables"
    return listing("cycles", title, columns, rows, notes)


def _installed_section(view: Cyclic, replicator: Replicator, capacity: Capacity) -> Section:
    rpo = replicator.rpo_seconds
    late = sum(cycle.exposure_seconds > rpo for cycle in view.replayed)
    step = view.unions.grid.interval_seconds
    notes = []
    cache: float | None = None
    if view.grew_beyond_seconds is not None:
        notes.append(
            f"The link cannot keep up: cycles grow beyond {seconds_text(view.grew_beyond_seconds)}, "
            "and the replay ends there."
        )
    else:
        cache = cache_bytes(view.replayed, outer_changes(view.unions), step)
    if gaps := cycles_in_gaps(view.replayed, view.unions.grid):
        notes.append(f"{gaps} of the cycles touch a gap: what they ship is what was seen, a lower bound.")
    kept = 1 - late / len(view.replayed) if view.replayed else None
    return facts(
        "installed",
        f"On the installed paths, cycles of {seconds_text(view.cycle_seconds)}",
        [
            ("carried_bits_per_second", "carries changed bytes at", Unit.RATE, capacity.carried),
            ("cycles", "cycles replayed", Unit.COUNT, len(view.replayed)),
            ("late_cycles", "beyond the RPO", Unit.COUNT, late),
            ("attainment_by_cycles", "RPO kept, of the cycles", Unit.SHARE, kept),
            (
                "worst_exposure_seconds",
                "worst exposure: the RPO that it keeps",
                Unit.SECONDS,
                worst_exposure_seconds(view.replayed),
            ),
            ("cache_bytes", "cache, at least", Unit.BYTES, cache),
        ],
        notes,
    )
