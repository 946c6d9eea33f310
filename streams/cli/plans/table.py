"""A matrix of plans for people: what is needed, what to order, and what to keep in mind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import typer

from streams.cli.output import Layout, print_json, print_rows
from streams.cli.plans.facts import cautions_of, end_us, flat_rows, matrix_object, narrow_seconds, usual_of
from streams.cli.plans.matrix import MatrixPlan, Row
from streams.cli.plans.steps import bound_sentence, step_rows, steps_of_path
from streams.cli.shaped import print_shaped, print_text
from streams.cli.units import bits_per_second_text, bytes_text, count_text, percent_text, seconds_text
from streams.model.sizing.exact import exact
from streams.model.sizing.matrix import Demand
from streams.model.sizing.ranges import fold_ratio
from streams.wire.times import format_time

__all__ = ["print_matrix"]

_PLACE = ("mode", "RPO", "of time", "cycle")
"""The columns that tell rows apart."""


def print_matrix(plan: MatrixPlan, layout: Layout) -> None:
    """Prints the plan."""
    match layout:
        case Layout.JSON:
            print_json(matrix_object(plan))
        case Layout.CSV:
            rows = list(flat_rows(plan))
            print_rows(list(rows[0]), (list(row.values()) for row in rows), layout)
        case Layout.TABLE:
            _print_text(plan)


def _print_text(plan: MatrixPlan) -> None:
    measured, asked = plan.measured, plan.asked
    grid = measured.grid
    fold = fold_ratio(plan.sets.changed_bytes_sum, plan.sets.changed_bytes_or)
    written = None if measured.series is None else measured.series.total_bytes
    print_text(f"plan for {measured.title}, {format_time(grid.start_us)} to {format_time(end_us(plan))}")
    print_text(
        f"{count_text(len(grid), 'interval')} of {grid.interval_seconds} s, "
        f"{count_text(plan.sets.volumes, 'volume')}, blocks of {plan.sets.block_bytes} B, "
        f"coverage {percent_text(measured.coverage)}"
    )
    print_text(
        f"{bytes_text(written)} written; changed {bytes_text(plan.sets.changed_bytes_sum)} as SUM, "
        f"{bytes_text(plan.sets.changed_bytes_or)} as OR, fold factor "
        f"{'none, nothing changed' if fold is None else f'{fold:.4f}'}"
    )
    typer.echo()
    _print_lines(plan, _needs)
    if line := asked.path_bits_per_second:
        typer.echo()
        _print_lines(plan, _orders)
        typer.echo()
        rows = step_rows(steps_of_path(line, asked))
        print_shaped(["what one path gives", "factor", "rate"], rows, ("rate",))
        typer.echo()
        print_text(bound_sentence(line, asked))
    typer.echo()
    print_text(
        "Need is today's payload for the percentage of the time, of cycles at the worst of their phases; "
        "luckiest: at the best of them; of bytes: for the percentage of the bytes; worst case: a bound for "
        "100 % of the time, however bytes come within slots, or wherever between base intervals cycles "
        "begin; buffer: journal or cache. Room on n: headroom of n paths; keeps on n: the RPO that they "
        "keep, or the time that the resync takes. Planned is "
        f"need x {float(asked.safety_factor):g} safety x (1 + {float(asked.growth_per_year):g}) ^ "
        f"{float(asked.horizon_years):g} years, with {count_text(asked.spare_paths, 'spare path')}."
    )
    for best in _best(plan):
        print_text(best)
    _print_usual(plan)
    for caution in [*cautions_of(plan), *plan.left_out.values()]:
        print_text(f"Note: {caution}.")
    for start, end in measured.gaps:
        typer.echo(f"gap: {format_time(start)} to {format_time(end)}")


def _print_lines(plan: MatrixPlan, cells: Callable[[Row, MatrixPlan], dict[str, str]]) -> None:
    """A table of all rows, without the columns in which no row has anything; narrow enough for a terminal."""
    lines = [{**_place(row), **cells(row, plan)} for row in plan.rows]
    columns = [column for column in lines[0] if any(line[column] for line in lines)]
    rows = ([line[column] for column in columns] for line in lines)
    print_shaped(columns, rows, columns[1:], keys=sum(column in columns for column in _PLACE))


def _place(row: Row) -> dict[str, str]:
    ask = row.demand.ask
    percent = "" if ask.rpo_seconds is None else f"{float(ask.percent):g} %"
    cells = ask.mode, narrow_seconds(ask.rpo_seconds), percent, narrow_seconds(ask.cycle_seconds)
    return dict(zip(_PLACE, cells, strict=True))


def _needs(row: Row, plan: MatrixPlan) -> dict[str, str]:
    demand = row.demand
    return {
        "need": "none is enough" if row.need_bits_per_second is None else _rate(row.need_bits_per_second),
        "of bytes": _rate(_shipped(demand.by_bytes_bits_per_second, plan)),
        "luckiest": _luckiest(demand, plan),
        "worst case": _rate(_shipped(demand.safe_bits_per_second, plan)),
        "planned": _rate(row.planned_bits_per_second),
        "buffer": "" if demand.buffer_bytes is None else bytes_text(round(demand.buffer_bytes)),
        "it fits": {None: "", True: "yes", False: "no"}[row.fits_journal],
    }


def _orders(row: Row, plan: MatrixPlan) -> dict[str, str]:
    line = {
        "paths now": _count(row.paths_now),
        "to order": _count(row.paths_planned),
        "per month": "" if row.cost_per_month is None else f"{float(row.cost_per_month):.2f}",
    }
    for paths in plan.asked.paths:
        found = next((each for each in row.on_paths if each.paths == paths), None)
        left = None if found is None else found.headroom_ratio
        seconds = None if found is None else found.kept.seconds
        line[f"room on {paths}"] = "" if left is None else percent_text(left)
        line[f"keeps on {paths}"] = "" if seconds is None else seconds_text(seconds)
    return line


def _best(plan: MatrixPlan) -> Iterator[str]:
    """For every RPO the row with the smallest need, at the highest percentage; the first of equals."""
    known = [row for row in plan.rows if row.demand.ask.rpo_seconds and row.need_bits_per_second is not None]
    percent = max((row.demand.ask.percent for row in known), default=Fraction(100))
    for rpo in sorted({row.demand.ask.rpo_seconds for row in known if row.demand.ask.rpo_seconds}):
        rows = [
            row for row in known if (row.demand.ask.rpo_seconds, row.demand.ask.percent) == (rpo, percent)
        ]
        least = min(rows, key=lambda row: row.need_bits_per_second or Fraction(0))
        about = f"for an RPO of {narrow_seconds(rpo)}, {float(percent):g} % of the time"
        yield f"Least need {about}: {_mode(least)}, {_rate(least.need_bits_per_second)}."
        priced = [row for row in rows if row.cost_per_month is not None]
        if priced:
            cheapest = min(priced, key=lambda row: row.cost_per_month or Fraction(0))
            yield f"Least cost {about}: {_mode(cheapest)}, {float(cheapest.cost_per_month or 0):.2f} a month."
    yield from _cheapest_cycles(plan)


def _cheapest_cycles(plan: MatrixPlan) -> Iterator[str]:
    """Which cycle was found to be the cheapest, of how many."""
    what = "rate" if plan.asked.prices is None else "price"
    for ask, search in plan.searches:
        if search.chosen is not None:
            how = f"{len(search.options)} of {count_text(search.candidates, 'cycle')} replayed"
            proof = ", the others cannot be cheaper" if search.proven else ""
            yield (
                f"Cheapest cycle by {what} of {ask.mode} for an RPO of {narrow_seconds(ask.rpo_seconds)}: "
                f"{seconds_text(search.chosen.cycle_seconds)} ({how}{proof})."
            )


def _mode(row: Row) -> str:
    """A mode with its cycle."""
    cycle = row.demand.ask.cycle_seconds
    return f"{row.demand.ask.mode}{'' if cycle is None else f', cycles of {narrow_seconds(cycle)}'}"


def _print_usual(plan: MatrixPlan) -> None:
    usual = usual_of(plan)
    if not usual:
        return
    typer.echo()
    print_text(
        "What is usually done with the same data, before any margin (docs/sizing.md says where it errs):"
    )
    columns = ["RPO", "P95 of 5 min", "peak rolling average", "the same less 30 %", "mean"]
    rows = [
        (
            narrow_seconds(rpo),
            *(
                bits_per_second_text(float(rate))
                for rate in (each.percentile_95, each.rolling_average, each.fixed_overlap, each.mean)
            ),
        )
        for rpo, each in usual
    ]
    print_shaped(columns, rows, columns)


def _luckiest(demand: Demand, plan: MatrixPlan) -> str:
    """What the luckiest phase needs, where there are several."""
    option = demand.option
    if option is None or option.phases < 2:
        return ""
    return _rate(_shipped(exact(option.luckiest_bits_per_second), plan))


def _shipped(rate: Fraction | None, plan: MatrixPlan) -> Fraction | None:
    return None if rate is None else plan.asked.reduction.shipped(rate)


def _rate(value: Fraction | None) -> str:
    return "" if value is None else bits_per_second_text(float(value))


def _count(value: int | None) -> str:
    return "" if value is None else str(value)
