"""A plan from three quantities to the fourth: now and as planned side by side, with every step between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import typer

from streams import __version__
from streams.cli.output import Cell, Layout, print_json, print_rows
from streams.cli.plans.bounds import require_paths
from streams.cli.plans.parameters import Parameters, json_value
from streams.cli.plans.steps import PlanStep, bound_sentence, step_rows, steps_of_need, steps_of_path
from streams.cli.shaped import print_shaped, print_text
from streams.cli.units import bits_per_second_text, bytes_text, percent_text, seconds_text
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.formulas import FORMULAS
from streams.model.sizing.link import Plan, usable_per_path
from streams.model.sizing.linkplan import Solved, Unknown, solve_link, unknown_of

__all__ = ["ClaimPlan", "claim_plan", "print_claim"]

_OPTION: dict[Unknown, str] = {
    "changed_bytes": "--changed",
    "paths": "--paths",
    "path_bits_per_second": "--path",
    "resync_seconds": "--time",
}
_NAME: dict[Unknown, str] = {
    "changed_bytes": "changed bytes",
    "paths": "paths",
    "path_bits_per_second": "line rate of a path",
    "resync_seconds": "time",
}
_GB = 10**9
_AS_FAST_AS_LIGHT = Fraction(10**24)


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """What was asked for, both answers, and the steps to the planned one."""

    asked: Parameters
    unknown: Unknown
    now: Solved
    planned: Solved
    steps: tuple[PlanStep, ...]

    @property
    def is_answered(self) -> bool:
        """Whether there is an amount that is enough."""
        return None not in (getattr(self.now, self.unknown), getattr(self.planned, self.unknown))


def claim_plan(asked: Parameters) -> ClaimPlan:
    """Solves what was asked.

    Raises:
        ValueError: over-determined, under-determined, or an amount that cannot be; the message names the
            options and the remedy.
    """
    given = asked.given
    try:
        unknown = unknown_of(given)
    except ValueError as error:
        raise ValueError(_by_option(str(error))) from error
    now = solve_link(given, asked.path, asked.reduction, Plan())
    planned = solve_link(given, asked.path, asked.reduction, asked.margins)
    for solved in (now, planned):
        require_paths(solved.paths)
    steps: list[PlanStep] = []
    if planned.changed_bytes is not None and planned.resync_seconds:
        steps += steps_of_need(BITS_PER_BYTE * planned.changed_bytes / planned.resync_seconds, asked)
    if planned.path_bits_per_second:
        steps += steps_of_path(planned.path_bits_per_second, asked)
    return ClaimPlan(asked, unknown, now, planned, tuple(steps))


def print_claim(plan: ClaimPlan, layout: Layout) -> None:
    """Prints the plan."""
    both = {"now": plan.now, "planned": plan.planned}
    match layout:
        case Layout.JSON:
            print_json(claim_object(plan))
        case Layout.CSV:
            rows = [{"basis": basis, "solved": plan.unknown, **_answer(s, plan)} for basis, s in both.items()]
            print_rows(list(rows[0]), (list(row.values()) for row in rows), layout)
        case Layout.TABLE:
            _print_text(plan)


def claim_object(plan: ClaimPlan) -> dict[str, object]:
    """The plan for machines; `asked` can be given to `linkgauge plan --file` again."""
    return {
        "plan": "claim",
        "linkgauge": __version__,
        "formulas": FORMULAS,
        "asked": plan.asked.asked(),
        "solved": plan.unknown,
        "now": _answer(plan.now, plan),
        "planned": _answer(plan.planned, plan),
        "steps": [
            {"of": s.of, "step": s.step, "factor": s.factor, "bits_per_second": s.bits_per_second}
            for s in plan.steps
        ],
    }


def _answer(solved: Solved, plan: ClaimPlan) -> dict[str, Cell]:
    usable, prices = solved.usable, plan.asked.prices
    answer: dict[str, Cell] = {
        "changed_bytes": _cell(solved.changed_bytes),
        "paths": solved.paths,
        "path_bits_per_second": _cell(solved.path_bits_per_second),
        "resync_seconds": _cell(solved.resync_seconds),
        "need_bits_per_second": _cell(solved.need_bits_per_second),
        "usable_path_bits_per_second": None if usable is None else _cell(usable.bits_per_second),
        "link_bits_per_second": _cell(solved.link_bits_per_second),
        "headroom_ratio": solved.headroom_ratio,
        "bound": None if usable is None else usable.binding,
    }
    if prices is not None:
        month = None if solved.paths is None else solved.paths * Fraction(prices.path_month)
        shipped = None if solved.changed_bytes is None else plan.asked.reduction.shipped(solved.changed_bytes)
        answer["cost_per_month"] = _cell(month)
        answer["cost_per_shipment"] = (
            None if shipped is None else _cell(shipped / _GB * Fraction(prices.gigabyte))
        )
    return answer


def _print_text(plan: ClaimPlan) -> None:
    now, planned, asked = plan.now, plan.planned, plan.asked
    print_text(f"plan: {_NAME[plan.unknown]} from {', '.join(_NAME[q] for q in _NAME if q != plan.unknown)}")
    typer.echo()
    print_shaped(["", "now", "planned"], _lines(plan), ("now", "planned"))
    for of, title in (("need", "payload to ship, as planned"), ("path", "what one path gives")):
        steps = [step for step in plan.steps if step.of == of]
        if steps:
            typer.echo()
            print_shaped([title, "factor", "rate"], step_rows(steps), ("rate",))
    typer.echo()
    if planned.path_bits_per_second:
        print_text(bound_sentence(planned.path_bits_per_second, asked))
    for solved, when in ((now, "now"), (planned, "as planned")):
        if getattr(solved, plan.unknown) is None:
            print_text(f"Nothing is enough {when}: {_why(solved, plan)}")
    print_text(
        "Now is today's need on all paths. Planned adds safety, growth and spare paths; nothing else does."
    )


def _lines(plan: ClaimPlan) -> Iterator[tuple[str, ...]]:
    pair = (plan.now, plan.planned)
    yield _label("changed_bytes", plan), *(bytes_text(_float(each.changed_bytes)) for each in pair)
    yield _label("resync_seconds", plan), *(_time_text(each) for each in pair)
    yield _label("path_bits_per_second", plan), *(_rate_text(each.path_bits_per_second) for each in pair)
    yield _label("paths", plan), *(_paths_text(each) for each in pair)
    yield "payload needed", *(_rate_text(each.need_bits_per_second) for each in pair)
    yield "payload the working paths give", *(_rate_text(each.link_bits_per_second) for each in pair)
    yield "headroom", *(percent_text(each.headroom_ratio) for each in pair)
    for name, title in (("cost_per_month", "cost per month"), ("cost_per_shipment", "cost of one shipment")):
        costs = [_answer(each, plan) for each in pair]
        if name in costs[0]:
            yield title, *("?" if cost[name] is None else f"{cost[name]:.2f}" for cost in costs)


def _label(quantity: Unknown, plan: ClaimPlan) -> str:
    return f"{_NAME[quantity]}{' (asked for)' if quantity == plan.unknown else ''}"


def _paths_text(solved: Solved) -> str:
    if solved.paths is None:
        return "none is enough"
    spare = solved.paths - (solved.working_paths or 0)
    return f"{solved.paths}, {spare} of them spare" if spare else str(solved.paths)


def _time_text(solved: Solved) -> str:
    return "never" if solved.resync_seconds is None else seconds_text(float(solved.resync_seconds))


def _rate_text(rate: Fraction | None) -> str:
    return "?" if rate is None else bits_per_second_text(float(rate))


def _why(solved: Solved, plan: ClaimPlan) -> str:
    if plan.unknown != "path_bits_per_second":
        return (
            "heartbeat and background traffic leave nothing of a path; plan a faster --path or less of them."
        )
    at_most = usable_per_path(plan.asked.at(_AS_FAST_AS_LIGHT).path)
    need = (solved.need_bits_per_second or Fraction(0)) / (solved.working_paths or 1)
    return (
        f"however fast its line, a path gives at most {_rate_text(at_most.bits_per_second)}, bound by "
        f"{at_most.binding}, and each must give {_rate_text(need)}; plan more --streams, a larger --window "
        "or more --paths."
    )


def _by_option(message: str) -> str:
    for quantity, option in _OPTION.items():
        message = message.replace(quantity, option)
    hint = "; --group, --link or --trace plan from measured data instead"
    return f"{message}{hint if message.startswith('under') else ''}"


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _cell(value: Fraction | None) -> Cell:
    found = None if value is None else json_value(value)
    return found if isinstance(found, int | float) else None
