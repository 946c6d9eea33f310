"""Charts of a link: required against installed bandwidth, backlog, attainment, exposure, what stays dirty."""

from __future__ import annotations

import numpy as np

from streams.cli.reports.capacity import Capacity
from streams.cli.reports.charts import thinned
from streams.cli.reports.continuous import Continuous
from streams.cli.reports.cyclic import Cyclic
from streams.cli.reports.document import Chart, Level, Line, Unit
from streams.cli.reports.replicator import Replicator
from streams.cli.reports.resync import Resync
from streams.cli.units import seconds_text
from streams.model.intervals import US, union
from streams.model.sizing.attainment import attainment
from streams.model.sizing.backlog import backlog_bytes
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.usual import mean_rate
from streams.model.sizing.violations import violations

__all__ = ["continuous_charts", "cyclic_charts", "dirty_chart"]

_PERIODS = 240
_RATES = 80
_RPOS_BEFORE = 12  # with so many the rate is at least 12/13 of what any longer time would ask for


def continuous_charts(view: Continuous, replicator: Replicator, capacity: Capacity) -> list[Chart]:
    """Required against installed, backlog, attainment against bandwidth."""
    charts = [_required_chart(view, replicator, capacity)]
    if capacity.payload:
        charts += [_backlog_chart(view, capacity), _attainment_chart(view, replicator, capacity)]
    return charts


def cyclic_charts(view: Cyclic, replicator: Replicator, capacity: Capacity) -> list[Chart]:
    """What cycles ask of the link over time, and their exposure on it."""
    grid, step = view.unions.grid, view.unions.grid.interval_seconds
    length = max(int(view.cycle_seconds // step), 1)
    starts = grid.whole_windows(length)
    rates = np.full(len(grid), np.nan)
    rates[starts] = view.unions.sliding(length) * BITS_PER_BYTE / (length * step)
    places, thin = thinned(rates)
    late = [
        (
            grid.start_us + round(max(cycle.begun, 0) * US),
            grid.start_us + round(min(cycle.switched, grid.seconds) * US),
        )
        for cycle in view.replayed
        if cycle.exposure_seconds > replicator.rpo_seconds
    ]
    begun = np.array([max(cycle.begun, 0) for cycle in view.replayed], np.float64)
    exposure = np.array([cycle.exposure_seconds for cycle in view.replayed], np.float64)
    some, most = thinned(exposure)
    return [
        Chart(
            f"Required against installed bandwidth, cycles of {seconds_text(view.cycle_seconds)}",
            Unit.TIME,
            Unit.RATE,
            [Line("required", grid.start_us + places * float(step * US), thin, steps=True)],
            [Level("installed", float(capacity.reduction.carried(capacity.payload)))],
            union(late),
            "cycles beyond the RPO",
            "Each point: the rate that ships the cycle which begins there within the time of a cycle.",
        ),
        Chart(
            "Exposure of the cycles on the installed paths",
            Unit.TIME,
            Unit.SECONDS,
            [Line("exposure", grid.start_us + begun[some] * US, most, steps=True)],
            [Level("RPO", replicator.rpo_seconds)],
        ),
    ]


def dirty_chart(resync: Resync, interval_seconds: int) -> Chart:
    """What is still to be sent after the worst outage."""
    step, replays = float(interval_seconds), (resync.found.earliest, resync.found.latest)
    curves = [thinned(replay.dirty_bytes.astype(np.float64)) for replay in replays]
    return Chart(
        "Resynchronisation after the worst outage: what is still to be sent",
        Unit.SECONDS,
        Unit.BYTES,
        [
            Line(f"dirty, at the {name}", places * step, values)
            for name, (places, values) in zip(("earliest", "latest"), curves, strict=True)
        ],
        note="Seconds since the outage ended.",
    )


def _required_chart(view: Continuous, replicator: Replicator, capacity: Capacity) -> Chart:
    series, rpo = view.series, replicator.rpo_seconds
    seconds = (series.end_us - series.start_us) // US
    period = max(-(-seconds // _PERIODS), series.slot_seconds)
    period = -(-period // series.slot_seconds) * series.slot_seconds
    before = max(period, int(_RPOS_BEFORE * rpo))
    starts = range(series.start_us, series.end_us, period * US)
    parts = [series.clipped((start - (before - period) * US, start + period * US)) for start in starts]
    needed = [
        float(least_rate(part, rpo).bits_per_second) if part.judged.any() else float("nan") for part in parts
    ]
    shaded = violations(series, capacity.carried, rpo).spans if capacity.payload else ()
    return Chart(
        f"Required against installed bandwidth, RPO {seconds_text(rpo)}",
        Unit.TIME,
        Unit.RATE,
        [Line("required", np.array(starts, np.float64), np.array(needed), steps=True)],
        [
            Level("installed", float(capacity.reduction.carried(capacity.payload))),
            Level("B*, for all of the time", float(view.least.bits_per_second)),
        ],
        shaded,
        "the installed paths break the RPO",
        f"Each point: the smallest rate that keeps the RPO over the {seconds_text(before)} up to its end.",
    )


def _backlog_chart(view: Continuous, capacity: Capacity) -> Chart:
    waiting = backlog_bytes(view.series, capacity.carried)
    places, values = thinned(waiting)
    x = view.series.start_us + places * float(view.series.slot_us)
    return Chart(
        "Backlog on the installed paths",
        Unit.TIME,
        Unit.BYTES,
        [Line("backlog", x, values)],
        [Level("the most: what the journal must hold", float(waiting.max()))],
    )


def _attainment_chart(view: Continuous, replicator: Replicator, capacity: Capacity) -> Chart:
    least, safe, installed = (
        float(rate) for rate in (view.least.bits_per_second, view.safe.bits_per_second, capacity.carried)
    )
    highest = min(1.2 * max(least, min(safe, 2 * least), 1.0), max(1.2 * installed, 1.2 * least, 1.0))
    rates = np.linspace(highest / _RATES, highest, _RATES)
    met = [attainment(view.series, rate, replicator.rpo_seconds) for rate in rates.tolist()]
    levels = [
        Level("mean", float(mean_rate(view.series)), is_place=True),
        Level("B*", least, is_place=True),
        Level("installed", installed, is_place=True),
    ]
    return Chart(
        f"How much of the time, and of the bytes, an RPO of {seconds_text(replicator.rpo_seconds)} is kept",
        Unit.RATE,
        Unit.SHARE,
        [
            Line("of the time", rates, np.array([each.by_time for each in met])),
            Line("of the bytes", rates, np.array([each.by_bytes for each in met])),
        ],
        [level for level in levels if level.value <= highest],
    )
