"""Which cycles an answer shows, and which of them it takes: the asked one, or the cheapest of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from streams.model.sizing.bestcycle import (
    Cost,
    CycleOption,
    Search,
    best_cycle,
    by_rate,
    candidate_cycles,
    cheapest,
    cycle_option,
)
from streams.model.sizing.cycledata import PiecedUnions, require_cycle
from streams.model.sizing.cycles import CycleRule

__all__ = ["CycleChoice", "CycleTerms", "choose_cycle"]


@dataclass(frozen=True, slots=True)
class CycleTerms:
    """What limits the choice: the cycles asked for, the bounds of the replicator, and what links cost.

    With `asked_alone` no other cycle is looked at where some were asked for.
    """

    asked_seconds: Sequence[float] = ()
    asked_alone: bool = False
    least_seconds: float | None = None
    most_seconds: float | None = None
    cost: Cost = by_rate


@dataclass(frozen=True, slots=True)
class CycleChoice:
    """Options by cycle time: those asked for, the base interval and its doubles, and the cheapest of all.

    `chosen` is the cheapest of those asked for; of all, where none was; None where none keeps the RPO.
    `search` says how the cheapest of all was found; None where it was not looked for.
    """

    options: Sequence[CycleOption]
    chosen: CycleOption | None
    search: Search | None


def choose_cycle(unions: PiecedUnions, rule: CycleRule, rpo_seconds: float, terms: CycleTerms) -> CycleChoice:
    """The choice; the cycle time of the rule is replaced.

    Raises:
        ValueError: the RPO is not more than zero, or the tables cannot show an asked cycle.
    """
    for seconds in terms.asked_seconds:
        require_cycle(unions.grid, seconds)
    search, shown = None, set(terms.asked_seconds)
    if not (terms.asked_alone and terms.asked_seconds):
        allowed = terms.least_seconds, terms.most_seconds
        candidates = candidate_cycles(unions.grid, rpo_seconds, rule.apply_seconds, allowed)
        search = best_cycle(unions, candidates, rule, rpo_seconds, terms.cost)
        shown |= set(_doubles(candidates))
    known = {} if search is None else {option.cycle_seconds: option for option in search.options}
    for seconds in shown - known.keys():
        option = cycle_option(unions, replace(rule, cycle_seconds=seconds), rpo_seconds)
        if option is not None:
            known[seconds] = option
    asked = [known[seconds] for seconds in terms.asked_seconds if seconds in known]
    best = None if search is None else search.chosen
    chosen = cheapest(asked, terms.cost) if terms.asked_seconds else best
    if best is not None:
        shown.add(best.cycle_seconds)
    options = [known[seconds] for seconds in sorted(shown & known.keys())]
    return CycleChoice(options, chosen, search)


def _doubles(candidates: Sequence[int]) -> list[int]:
    """The first one, and twice, four, eight times as much, as far as they are candidates."""
    found = candidates[:1]
    legal = set(candidates)
    while found and 2 * found[-1] in legal:
        found = [*found, 2 * found[-1]]
    return list(found)
