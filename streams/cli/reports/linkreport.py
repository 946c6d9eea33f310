"""The report of a link: what its mode of replication needs, what the paths give, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.reports.bitmap import bitmap_need, outage_intervals
from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import Capacity, capacity_of, path_section, planning_section
from streams.cli.reports.charts import changed_charts
from streams.cli.reports.common import about, gap_section, group_section, remarks
from streams.cli.reports.continuous import continuous_sections, continuous_view
from streams.cli.reports.cyclic import cycle_lengths, cyclic_sections, cyclic_view
from streams.cli.reports.demand import demand_section
from streams.cli.reports.document import Chart, Figure, Report, Section, Unit, facts
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.linkcharts import continuous_charts, cyclic_charts, dirty_chart
from streams.cli.reports.modes import modes_section
from streams.cli.reports.outlook import exhaustion_of, outlook_section, period_of, window_needs
from streams.cli.reports.replicator import Replicator, replicator_of
from streams.cli.reports.resync import initial_section, resync_of, resync_section
from streams.cli.reports.sets import Shipped, sets_of, track_bytes_of
from streams.cli.reports.setsections import fold_section
from streams.cli.reports.synchronous import synchronous_sections
from streams.model.sizing.forecast import Need, needs_by_period
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.rollups import total
from streams.model.sizing.series import Series
from streams.model.sizing.shared import diversity_factor, peak_diversity_factor
from streams.model.sizing.synchronous import peak_rate
from streams.settings import Link

__all__ = ["link_report"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a mode comes to: its need (None where nothing keeps the RPO), by period, sections and charts."""

    need: Fraction | None
    by_period: Sequence[Need]
    sections: Sequence[Section]
    charts: Sequence[Chart]


def link_report(
    name: str,
    link: Link,
    gathered: Gathered,
    outage_seconds: float,
    percents: Sequence[float],
    progress: Progress,
) -> Report:
    """The report.

    Raises:
        ValueError: settings that do not fit what was measured; the message names the field.
        MissingData: what the mode ships was not captured.
    """
    has_written = gathered.written is not None
    replicator = replicator_of(link, track_bytes_of(gathered), has_written=has_written)
    capacity = capacity_of(link)
    lengths = [*cycle_lengths(gathered.grid, replicator), outage_intervals(gathered.grid, outage_seconds)]
    sets = sets_of(gathered, progress, Shipped(lengths, replicator.block_bytes))
    changes = sets.changes
    answer = _answer(gathered, changes, replicator, capacity, outage_seconds, percents)
    period = period_of(gathered.grid.seconds)
    sections = [
        about("link", gathered, sets, [("link", "link", Unit.TEXT, name), *_about(replicator, capacity)]),
        _summary(answer, capacity),
        demand_section(total(sets.volumes), link),
        *answer.sections,
        modes_section(gathered.written, changes, replicator, capacity, outage_seconds),
        path_section(capacity),
    ]
    if answer.need is not None:
        sections.append(outlook_section(answer.by_period, answer.need, capacity, period))
    charts = [*changed_charts(gathered, sets), *answer.charts]
    if capacity.payload:
        resync = resync_of(changes, outage_seconds, capacity.carried)
        sections.append(resync_section(resync, outage_seconds, capacity.carried))
        sections += initial_section(changes, capacity.carried)
        charts += [] if resync is None else [dirty_chart(resync, gathered.grid.interval_seconds)]
    sections += [fold_section(sets), group_section(gathered, sets), *_sharing(gathered, replicator)]
    sections.append(gap_section(gathered))
    return Report(f"link {name}", sections, "claims", list(remarks(gathered, sets)), charts)


def _answer(
    gathered: Gathered,
    changes: BlockChanges,
    replicator: Replicator,
    capacity: Capacity,
    outage_seconds: float,
    percents: Sequence[float],
) -> _Answer:
    period = period_of(gathered.grid.seconds)
    series = gathered.written
    if replicator.basis == "written" and series is not None:
        return _written_answer(series, gathered, replicator, capacity, outage_seconds, percents)
    if replicator.has_cycles:
        view = cyclic_view(changes, replicator, capacity)
        length = max(int(view.cycle_seconds // gathered.grid.interval_seconds), 1)
        by_period: Sequence[Need] = window_needs(view.unions, length, period, view.cycle_seconds)
        sections = list(cyclic_sections(view, replicator, capacity))
        if view.need is not None:
            sections.append(planning_section(capacity, "the chosen cycle", view.need))
        return _Answer(view.need, by_period, sections, cyclic_charts(view, replicator, capacity))
    need, by_period = bitmap_need(changes, capacity, outage_seconds, period)
    planned = planning_section(capacity, "the worst outage, resynchronised in time", need)
    return _Answer(need, by_period, [planned], [])


def _written_answer(
    series: Series,
    gathered: Gathered,
    replicator: Replicator,
    capacity: Capacity,
    outage_seconds: float,
    percents: Sequence[float],
) -> _Answer:
    least, period = gathered.choice.least_coverage, period_of(gathered.grid.seconds)
    by_period: Sequence[Need] = needs_by_period(series, replicator.rpo_seconds, period, least)
    if replicator.mode == "synchronous":
        return _Answer(
            peak_rate(series).bits_per_second, by_period, list(synchronous_sections(series, capacity)), []
        )
    view = continuous_view(series, replicator)
    calendar = gathered.choice.calendar
    sections = list(continuous_sections(view, replicator, capacity, calendar, outage_seconds, percents))
    charts = continuous_charts(view, replicator, capacity)
    return _Answer(view.least.bits_per_second, by_period, sections, charts)


def _about(replicator: Replicator, capacity: Capacity) -> list[Figure]:
    profile = replicator.profile
    figures: list[Figure] = [
        ("mode", "mode", Unit.TEXT, replicator.mode),
        ("mode_chosen", "mode is", Unit.TEXT, replicator.chosen_by),
        ("basis", "ships", Unit.TEXT, f"{replicator.basis} bytes"),
        ("profile", "profile", Unit.TEXT, "none" if profile is None else profile.title),
        ("rpo_seconds", "RPO", Unit.SECONDS, replicator.rpo_seconds),
        ("block_bytes", "block", Unit.BYTES, replicator.block_bytes),
        ("cycle_seconds", "cycle", Unit.SECONDS, replicator.cycle_seconds),
        ("apply_seconds", "time to apply", Unit.SECONDS, replicator.apply_seconds),
    ]
    wanted = len(figures) if replicator.has_cycles else 6 if replicator.basis == "unique" else 5
    return [*(figure for figure in figures[:wanted] if figure[3] is not None), *capacity.about()]


def _summary(answer: _Answer, capacity: Capacity) -> Section:
    if answer.need is None:
        return facts("summary", "In short", [], ["No rate keeps the RPO in this mode: see below."])
    rate, payload, headroom, paths, planned = capacity.row(answer.need)
    found = exhaustion_of(answer.by_period, capacity)
    few = "none is enough"
    today, later = (few if count is None else count for count in (paths, planned))
    return facts(
        "summary",
        "In short",
        [
            ("bits_per_second", "needs, of the bytes that it ships", Unit.RATE, rate),
            ("payload_bits_per_second", "payload of that", Unit.RATE, payload),
            ("headroom_ratio", "headroom on the installed paths", Unit.SHARE, headroom),
            ("paths", "paths needed today", Unit.COUNT, today),
            ("planned_paths", "paths planned, with all margins", Unit.COUNT, later),
            ("paths_installed", "paths installed", Unit.COUNT, capacity.link.paths),
            ("exhaustion_days", "days to exhaustion by trend", Unit.DAYS, found.days),
        ],
    )


def _sharing(gathered: Gathered, replicator: Replicator) -> Iterator[Section]:
    """What the groups save by sharing the link."""
    whole = gathered.written
    parts = [group.written for group in gathered.groups if group.written is not None]
    if whole is None or len(parts) < 2 or replicator.basis != "written":
        return
    rpo = replicator.rpo_seconds
    alone = [least_rate(part.coarsened(whole.slot_seconds), rpo).bits_per_second for part in parts]
    apart = sum(alone, Fraction(0))
    together = least_rate(whole, rpo).bits_per_second
    yield facts(
        "sharing",
        "What the groups save by sharing the link",
        [
            ("separate_bits_per_second", "links of their own need in all", Unit.RATE, apart),
            ("shared_bits_per_second", "the shared link needs", Unit.RATE, together),
            ("diversity_factor", "diversity factor", Unit.FACTOR, diversity_factor(alone, together)),
            ("peak_diversity_factor", "that of the peaks", Unit.FACTOR, peak_diversity_factor(parts)),
        ],
    )
