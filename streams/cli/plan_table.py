"""A matrix of plans as people and machines read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import typer

from streams import __version__
from streams.cli.output import Cell, Layout, print_json, print_rows
from streams.cli.plan_matrix import MatrixPlan, OnPaths, Row
from streams.cli.plan_parameters import json_value
from streams.cli.plan_steps import bound_sentence, step_rows, steps_of_path
from streams.cli.units import bits_per_second_text, bytes_text, count_text, percent_text, seconds_text
from streams.model.intervals import US
from streams.model.sizing.cautions import coarse_slots, low_coverage
from streams.model.sizing.formulas import FORMULAS
from streams.model.sizing.ranges import fold_ratio
from streams.model.sizing.usual import UsualRates, usual_rates
from streams.wire.times import format_time

__all__ = ["matrix_object", "print_matrix"]


def print_matrix(plan: MatrixPlan, layout: Layout) -> None:
    """Prints the plan."""
    match layout:
        case Layout.JSON:
            print_json(matrix_object(plan))
        case Layout.CSV:
            rows = list(_flat_rows(plan))
            print_rows(list(rows[0]), (list(row.values()) for row in rows), layout)
        case Layout.TABLE:
            _print_text(plan)


def matrix_object(plan: MatrixPlan) -> dict[str, object]:
    """The plan for machines; `asked` can be given to `linkgauge plan --file` again."""
    measured, usable, line = plan.measured, plan.usable, plan.asked.path_bits_per_second
    return {
        "plan": "matrix",
        "linkgauge": __version__,
        "formulas": FORMULAS,
        "asked": plan.asked.asked(),
        "data": {
            "title": measured.title,
            "start": format_time(measured.grid.start_us),
            "end": format_time(_end_us(plan)),
            "interval_seconds": measured.grid.interval_seconds,
            "slot_seconds": None if measured.series is None else measured.series.slot_seconds,
            "volumes": plan.sets.volumes,
            "block_bytes": plan.sets.block_bytes,
            "coverage": measured.coverage,
            "gaps": [{"start": format_time(start), "end": format_time(end)} for start, end in measured.gaps],
            "written_bytes": None if measured.series is None else measured.series.total_bytes,
            "changed_bytes_sum": plan.sets.changed_bytes_sum,
            "changed_bytes_or": plan.sets.changed_bytes_or,
            "resync_bytes": plan.sets.resync_bytes,
            "fold_ratio": fold_ratio(plan.sets.changed_bytes_sum, plan.sets.changed_bytes_or),
        },
        "usable_path_bits_per_second": None if usable is None else float(usable.bits_per_second),
        "bound": None if usable is None else usable.binding,
        "planning_factor": float(plan.asked.margins.factor),
        "steps": []
        if line is None
        else [
            {"of": s.of, "step": s.step, "factor": s.factor, "bits_per_second": s.bits_per_second}
            for s in steps_of_path(line, plan.asked)
        ],
        "rows": list(_flat_rows(plan)),
        "usual_methods": [_usual_object(rpo, usual) for rpo, usual in _usual(plan)],
        "cautions": [*_cautions(plan), *plan.left_out.values()],
    }


def _flat_rows(plan: MatrixPlan) -> Iterator[dict[str, Cell]]:
    """A row for each place of the matrix and each number of paths that was asked for."""
    for row in plan.rows:
        for on_paths in row.on_paths or (None,):
            yield {**_row_object(row), **_paths_object(on_paths)}


def _row_object(row: Row) -> dict[str, Cell]:
    demand, ask = row.demand, row.demand.ask
    return {
        "mode": ask.mode,
        "rpo_seconds": _cell(ask.rpo_seconds),
        "percent": _cell(ask.percent),
        "cycle_seconds": _cell(ask.cycle_seconds),
        "changed_bits_per_second": _cell(demand.bits_per_second),
        "by_bytes_bits_per_second": _cell(demand.by_bytes_bits_per_second),
        "safe_bits_per_second": _cell(demand.safe_bits_per_second),
        "need_bits_per_second": _cell(row.need_bits_per_second),
        "planned_bits_per_second": _cell(row.planned_bits_per_second),
        "paths_now": row.paths_now,
        "paths_planned": row.paths_planned,
        "buffer_bytes": demand.buffer_bytes,
        "fits_journal": row.fits_journal,
        "cost_per_month": _cell(row.cost_per_month),
    }


def _paths_object(on_paths: OnPaths | None) -> dict[str, Cell]:
    return {
        "paths": None if on_paths is None else on_paths.paths,
        "headroom_ratio": None if on_paths is None else _finite(on_paths.headroom_ratio),
        "kept_seconds": None if on_paths is None else on_paths.kept.seconds,
        "kept_buffer_bytes": None if on_paths is None else on_paths.kept.buffer_bytes,
    }


def _usual(plan: MatrixPlan) -> list[tuple[Fraction, UsualRates]]:
    """The usual methods for every RPO of continuous replication."""
    series = plan.measured.series
    asks = [row.demand.ask for row in plan.rows if row.demand.ask.mode == "continuous"]
    rpos = sorted({ask.rpo_seconds for ask in asks if ask.rpo_seconds is not None})
    return [] if series is None else [(rpo, usual_rates(series, rpo)) for rpo in rpos]


def _usual_object(rpo: Fraction, usual: UsualRates) -> dict[str, Cell]:
    return {
        "rpo_seconds": _cell(rpo),
        "percentile_95_bits_per_second": float(usual.percentile_95),
        "rolling_average_bits_per_second": float(usual.rolling_average),
        "fixed_overlap_bits_per_second": float(usual.fixed_overlap),
        "mean_bits_per_second": float(usual.mean),
    }


def _print_text(plan: MatrixPlan) -> None:
    measured, asked = plan.measured, plan.asked
    grid = measured.grid
    fold = fold_ratio(plan.sets.changed_bytes_sum, plan.sets.changed_bytes_or)
    written = None if measured.series is None else measured.series.total_bytes
    typer.echo(
        f"plan for {measured.title}, {format_time(grid.start_us)} to {format_time(_end_us(plan))}\n"
        f"{count_text(len(grid), 'interval')} of {grid.interval_seconds} s, "
        f"{count_text(plan.sets.volumes, 'volume')}, blocks of {plan.sets.block_bytes} B, "
        f"coverage {percent_text(measured.coverage)}\n"
        f"{bytes_text(written)} written; changed {bytes_text(plan.sets.changed_bytes_sum)} as SUM, "
        f"{bytes_text(plan.sets.changed_bytes_or)} as OR, fold factor "
        f"{'none, nothing changed' if fold is None else f'{fold:.4f}'}\n"
    )
    _print_lines(plan, _needs)
    if line := asked.path_bits_per_second:
        typer.echo()
        _print_lines(plan, _orders)
        typer.echo()
        rows = step_rows(steps_of_path(line, asked))
        print_rows(["what one path gives", "factor", "rate"], rows, Layout.TABLE, ("rate",))
        typer.echo(f"\n{bound_sentence(line, asked)}")
    typer.echo(
        "\nNeed is today's payload for the percentage of the time; of bytes: for that of the bytes; worst\n"
        "order: however bytes come within slots; buffer: journal or cache. Room on n: headroom of n paths;\n"
        "keeps on n: the RPO that they keep, or the time that the resync takes. Planned is\n"
        f"need x {float(asked.safety_factor):g} safety x (1 + {float(asked.growth_per_year):g}) ^ "
        f"{float(asked.horizon_years):g} years, with {count_text(asked.spare_paths, 'spare path')}."
    )
    for best in _best(plan):
        typer.echo(best)
    _print_usual(plan)
    for caution in [*_cautions(plan), *plan.left_out.values()]:
        typer.echo(f"Note: {caution}.")
    for start, end in measured.gaps:
        typer.echo(f"gap: {format_time(start)} to {format_time(end)}")


def _best(plan: MatrixPlan) -> Iterator[str]:
    """For every RPO the row with the smallest need, at the highest percentage; the first of equals."""
    known = [row for row in plan.rows if row.demand.ask.rpo_seconds and row.need_bits_per_second is not None]
    percent = max((row.demand.ask.percent for row in known), default=Fraction(100))
    for rpo in sorted({row.demand.ask.rpo_seconds for row in known if row.demand.ask.rpo_seconds}):
        rows = [
            row for row in known if (row.demand.ask.rpo_seconds, row.demand.ask.percent) == (rpo, percent)
        ]
        least = min(rows, key=lambda row: row.need_bits_per_second or Fraction(0))
        cycle = least.demand.ask.cycle_seconds
        yield (
            f"Least need for an RPO of {_seconds(rpo)}, {float(percent):g} % of the time: "
            f"{least.demand.ask.mode}{'' if cycle is None else f', cycles of {_seconds(cycle)}'}, "
            f"{_rate(least.need_bits_per_second)}."
        )


def _print_usual(plan: MatrixPlan) -> None:
    usual = _usual(plan)
    if not usual:
        return
    typer.echo(
        "\nWhat is usually done with the same data, before any margin (docs/sizing.md says where it errs):"
    )
    columns = ["RPO", "P95 of 5 min", "peak rolling average", "the same less 30 %", "mean"]
    rows = [
        (
            _seconds(rpo),
            *(
                bits_per_second_text(float(rate))
                for rate in (each.percentile_95, each.rolling_average, each.fixed_overlap, each.mean)
            ),
        )
        for rpo, each in usual
    ]
    print_rows(columns, rows, Layout.TABLE, columns)


def _print_lines(plan: MatrixPlan, cells: Callable[[Row, MatrixPlan], dict[str, str]]) -> None:
    """A table of all rows, without the columns in which no row has anything; narrow enough for a terminal."""
    lines = [{**_place(row), **cells(row, plan)} for row in plan.rows]
    columns = [column for column in lines[0] if any(line[column] for line in lines)]
    rows = ([line[column] for column in columns] for line in lines)
    print_rows(columns, rows, Layout.TABLE, columns[1:])


def _place(row: Row) -> dict[str, str]:
    ask = row.demand.ask
    return {
        "mode": ask.mode,
        "RPO": _seconds(ask.rpo_seconds),
        "of time": "" if ask.rpo_seconds is None else f"{float(ask.percent):g} %",
        "cycle": _seconds(ask.cycle_seconds),
    }


def _needs(row: Row, plan: MatrixPlan) -> dict[str, str]:
    demand = row.demand
    return {
        "need": "none is enough" if row.need_bits_per_second is None else _rate(row.need_bits_per_second),
        "of bytes": _rate(_shipped(demand.by_bytes_bits_per_second, plan)),
        "worst order": _rate(_shipped(demand.safe_bits_per_second, plan)),
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


def _shipped(rate: Fraction | None, plan: MatrixPlan) -> Fraction | None:
    return None if rate is None else plan.asked.reduction.shipped(rate)


def _cautions(plan: MatrixPlan) -> list[str]:
    series = plan.measured.series
    others = list(_cycle_cautions(plan))
    if series is None:
        gaps = ["a part of the range was not measured: all figures are lower bounds"]
        return [*(gaps if plan.measured.coverage < 1 else []), *others]
    rpos = sorted({row.demand.ask.rpo_seconds for row in plan.rows if row.demand.ask.rpo_seconds is not None})
    is_continuous = any(row.demand.ask.mode == "continuous" for row in plan.rows)
    found = [coarse_slots(series.slot_seconds, rpo) for rpo in rpos[:1] if is_continuous]
    sentences = [caution.sentence for caution in [*found, low_coverage(series)] if caution is not None]
    return [*sentences, *others]


def _cycle_cautions(plan: MatrixPlan) -> Iterator[str]:
    if any(row.need_bits_per_second is None for row in plan.rows):
        yield "where none is enough, capture and apply of a cycle leave no time to ship within the RPO"
    asked = set(plan.asked.rpo_seconds)
    shown = {ask.rpo_seconds for ask in (row.demand.ask for row in plan.rows) if ask.cycle_seconds}
    if not plan.asked.modes and not plan.asked.profile and asked - shown:
        yield (
            f"no cycles for an RPO of {', '.join(_seconds(rpo) for rpo in sorted(asked - shown))}: the base "
            f"interval of {plan.measured.grid.interval_seconds} s leaves no time to ship within it"
        )
    if any(row.demand.ask.mode == "bitmap_resync" for row in plan.rows):
        outage = plan.asked.outage_seconds
        what = "in the whole range" if outage is None else f"at most in any outage of {_seconds(outage)}"
        yield (
            f"bitmap_resync ships what changed {what} within {_seconds(plan.resync_seconds)} (--time) "
            "while nothing is written; `linkgauge report` replays it while writing goes on"
        )


def _end_us(plan: MatrixPlan) -> int:
    return plan.measured.grid.start_us + plan.measured.grid.seconds * US


def _seconds(value: Fraction | None) -> str:
    """As always, without a fraction that is none: narrower."""
    return "" if value is None else seconds_text(float(value)).replace(".00 ", " ")


def _rate(value: Fraction | None) -> str:
    return "" if value is None else bits_per_second_text(float(value))


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _cell(value: Fraction | None) -> Cell:
    found = None if value is None else json_value(value)
    return found if isinstance(found, int | float) else None
