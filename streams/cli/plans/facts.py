"""A matrix of plans for machines: what it rests on, a row for each place and number of paths, cautions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from streams import __version__
from streams.cli.output import Cell
from streams.cli.plans.matrix import MatrixPlan, OnPaths, Row
from streams.cli.plans.parameters import json_value
from streams.cli.plans.steps import steps_of_path
from streams.cli.units import bits_per_second_text, seconds_text
from streams.model.intervals import US
from streams.model.sizing.cautions import coarse_intervals, coarse_slots, hidden_peaks, low_coverage
from streams.model.sizing.formulas import FORMULAS
from streams.model.sizing.outagesets import outage_is_cut
from streams.model.sizing.ranges import fold_ratio
from streams.model.sizing.usual import UsualRates, usual_rates
from streams.wire.times import format_time

__all__ = ["cautions_of", "end_us", "flat_rows", "matrix_object", "narrow_seconds", "usual_of"]


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
            "source": measured.source,
            "start": format_time(measured.grid.start_us),
            "end": format_time(end_us(plan)),
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
        "rows": list(flat_rows(plan)),
        "usual_methods": [_usual_object(rpo, usual) for rpo, usual in usual_of(plan)],
        "cautions": [*cautions_of(plan), *plan.left_out.values()],
    }


def flat_rows(plan: MatrixPlan) -> Iterator[dict[str, Cell]]:
    """A row for each place of the matrix and each number of paths that was asked for."""
    for row in plan.rows:
        for on_paths in row.on_paths or (None,):
            yield {**_row_object(row), **_paths_object(on_paths)}


def usual_of(plan: MatrixPlan) -> list[tuple[Fraction, UsualRates]]:
    """The usual methods for every RPO of continuous replication."""
    series = plan.measured.series
    asks = [row.demand.ask for row in plan.rows if row.demand.ask.mode == "continuous"]
    rpos = sorted({ask.rpo_seconds for ask in asks if ask.rpo_seconds is not None})
    return [] if series is None else [(rpo, usual_rates(series, rpo)) for rpo in rpos]


def cautions_of(plan: MatrixPlan) -> list[str]:
    """What a reader must know before relying on the figures, as sentences."""
    series, others = plan.measured.series, list(_cycle_cautions(plan))
    if series is None:
        gaps = ["a part of the range was not measured: all figures are lower bounds"]
        return [*(gaps if plan.measured.coverage < 1 else []), *others]
    asks = [row.demand.ask for row in plan.rows]
    rpos = {ask.rpo_seconds for ask in asks if ask.mode == "continuous" and ask.rpo_seconds is not None}
    found = [coarse_slots(series.slot_seconds, rpo) for rpo in sorted(rpos)]
    found += [hidden_peaks(series.slot_seconds)] if any(ask.mode == "synchronous" for ask in asks) else []
    sentences = [caution.sentence for caution in [*found, low_coverage(series)] if caution is not None]
    return [*sentences, *others]


def end_us(plan: MatrixPlan) -> int:
    """End of the measured range."""
    return plan.measured.grid.start_us + plan.measured.grid.seconds * US


def narrow_seconds(value: Fraction | None) -> str:
    """As always, without a fraction that is none: narrower."""
    return "" if value is None else seconds_text(float(value)).replace(".00 ", " ")


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
        "phases": None if demand.option is None else demand.option.phases,
        "luckiest_bits_per_second": None if demand.option is None else demand.option.luckiest_bits_per_second,
        "floor_bits_per_second": None if demand.option is None else demand.option.floor_bits_per_second,
        "on_time_bits_per_second": None if demand.option is None else demand.option.on_time_bits_per_second,
        "is_cheapest": row.is_cheapest if ask.cycle_seconds else None,
    }


def _paths_object(on_paths: OnPaths | None) -> dict[str, Cell]:
    return {
        "paths": None if on_paths is None else on_paths.paths,
        "headroom_ratio": None if on_paths is None else _finite(on_paths.headroom_ratio),
        "kept_seconds": None if on_paths is None else on_paths.kept.seconds,
        "kept_buffer_bytes": None if on_paths is None else on_paths.kept.buffer_bytes,
    }


def _usual_object(rpo: Fraction, usual: UsualRates) -> dict[str, Cell]:
    return {
        "rpo_seconds": _cell(rpo),
        "percentile_95_bits_per_second": float(usual.percentile_95),
        "rolling_average_bits_per_second": float(usual.rolling_average),
        "fixed_overlap_bits_per_second": float(usual.fixed_overlap),
        "mean_bits_per_second": float(usual.mean),
    }


def _cycle_cautions(plan: MatrixPlan) -> Iterator[str]:
    if any(row.need_bits_per_second is None for row in plan.rows):
        yield "where none is enough, capture and apply of a cycle leave no time to ship within the RPO"
    yield from _phase_cautions(plan)
    asked = set(plan.asked.rpo_seconds)
    shown = {ask.rpo_seconds for ask in (row.demand.ask for row in plan.rows) if ask.cycle_seconds}
    if not plan.asked.modes and not plan.asked.profile and asked - shown:
        rpos = ", ".join(narrow_seconds(rpo) for rpo in sorted(asked - shown))
        yield (
            f"no cycles for an RPO of {rpos}: the base "
            f"interval of {plan.measured.grid.interval_seconds} s leaves no time to ship within it"
        )
    if any(row.demand.ask.mode == "bitmap_resync" for row in plan.rows):
        outage = plan.asked.outage_seconds
        what = (
            "in the whole range" if outage is None else f"at most in any outage of {narrow_seconds(outage)}"
        )
        yield (
            f"bitmap_resync ships what changed {what} within {narrow_seconds(plan.resync_seconds)} (--time) "
            "while nothing is written; `linkgauge report` replays it while writing goes on"
        )
        yield from _outage_cautions(plan)


def _outage_cautions(plan: MatrixPlan) -> Iterator[str]:
    """What makes the union of an outage a lower bound."""
    asked, worst = plan.asked.outage_seconds, plan.sets.outage
    if asked is None or worst is None:
        return
    if outage_is_cut(plan.measured.grid, asked):
        yield (
            f"an outage of {narrow_seconds(asked)} is longer than the range of "
            f"{plan.measured.grid.seconds} s: bitmap_resync is a lower bound, with all that changed in it"
        )
    elif worst.touches_gap:
        yield "the worst outage touches a gap: bitmap_resync is a lower bound"


def _phase_cautions(plan: MatrixPlan) -> Iterator[str]:
    """What is not seen of cycles: phases between marks, and cycles that were not replayed."""
    step = plan.measured.grid.interval_seconds
    cyclic = [row for row in plan.rows if row.demand.ask.cycle_seconds]
    rpos = {row.demand.ask.rpo_seconds for row in cyclic if row.demand.ask.rpo_seconds is not None}
    cautions = [coarse_intervals(step, rpo) for rpo in sorted(rpos)]
    yield from (caution.sentence for caution in cautions if caution is not None)
    off_marks = {float(row.demand.ask.cycle_seconds or 0) for row in cyclic}
    for seconds in sorted(each for each in off_marks if each % step):
        yield (
            f"cycles of {seconds:g} s are no multiple of the base interval of {step} s: need is with all the "
            "intervals that each touches, floor_bits_per_second of --json with those inside it alone"
        )
    for ask, search in plan.searches:
        if not search.proven:
            least = bits_per_second_text(search.least_of_rest_bits_per_second or 0)
            yield (
                f"{ask.mode}, RPO of {narrow_seconds(ask.rpo_seconds)}: {len(search.options)} of "
                f"{search.candidates} cycles were replayed; another one might need as little as {least}"
            )


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _cell(value: Fraction | None) -> Cell:
    found = None if value is None else json_value(value)
    return found if isinstance(found, int | float) else None
