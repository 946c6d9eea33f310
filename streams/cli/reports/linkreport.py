"""The report of a link: what its mode of replication needs, what the paths give, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.reports.capacity import Capacity, capacity_of, path_section
from streams.cli.reports.charts import changed_charts
from streams.cli.reports.common import about, gap_section, group_section, remarks, replay_remarks
from streams.cli.reports.continuous import continuous_sections, continuous_view
from streams.cli.reports.cyclic import cyclic_sections, cyclic_view
from streams.cli.reports.demand import demand_section
from streams.cli.reports.demands import ModeDemands, shipped_lengths
from streams.cli.reports.document import Chart, Figure, Report, Section, Unit, facts
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.linkcharts import continuous_charts, cyclic_charts, dirty_chart
from streams.cli.reports.modes import modes_section
from streams.cli.reports.outlook import exhaustion_of, outlook_section, period_of
from streams.cli.reports.replicator import Replicator, replicator_of
from streams.cli.reports.resync import initial_section, resync_of, resync_section, worst_outage_sections
from streams.cli.reports.sets import Shipped, sets_of, track_bytes_of
from streams.cli.reports.setsections import fold_section
from streams.cli.reports.sharing import sharing_sections
from streams.cli.reports.synchronous import synchronous_sections
from streams.cli.reports.trackwrites import track_writes
from streams.model.sizing.forecast import Need
from streams.model.sizing.rollups import total
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
    written = gathered.written
    replicator = replicator_of(link, track_bytes_of(gathered), has_written=written is not None)
    capacity, lengths = capacity_of(link), shipped_lengths(gathered.grid, replicator, outage_seconds)
    sets = sets_of(gathered, progress, Shipped(lengths, replicator.block_bytes))
    changes = sets.changes
    demands = ModeDemands(written, changes, replicator, capacity, outage_seconds)
    answer = _answer(demands, gathered, percents)
    period = period_of(gathered.grid.seconds)
    sections = [
        about("link", gathered, sets, [("link", "link", Unit.TEXT, name), *_about(replicator, capacity)]),
        _summary(answer, capacity),
        demand_section(total(sets.volumes), link),
        *answer.sections,
        modes_section(demands),
        path_section(capacity),
    ]
    if answer.need is not None:
        sections.append(outlook_section(answer.by_period, answer.need, capacity, period))
    charts = [*changed_charts(gathered, sets), *answer.charts]
    if capacity.payload:
        writes = track_writes(gathered.grid, sets.groups)
        resync = resync_of(changes, outage_seconds, capacity.carried, writes)
        sections.append(resync_section(resync, outage_seconds, capacity.carried))
        sections += initial_section(changes, capacity.carried, writes)
        charts += [] if resync is None else [dirty_chart(resync, gathered.grid.interval_seconds)]
    sections += [fold_section(sets), group_section(gathered, sets), *sharing_sections(gathered, demands)]
    sections.append(gap_section(gathered))
    said = [*remarks(gathered, sets), *(replay_remarks(changes) if capacity.payload else ())]
    return Report(f"link {name}", sections, "claims", said, charts)


def _answer(demands: ModeDemands, gathered: Gathered, percents: Sequence[float]) -> _Answer:
    replicator, capacity, series = demands.replicator, demands.capacity, demands.series
    mode = replicator.mode
    charts: Sequence[Chart] = []
    if replicator.has_cycles:
        view = cyclic_view(demands, replicator, capacity)
        sections = list(cyclic_sections(view, demands, percents))
        charts = cyclic_charts(view, replicator, capacity)
    elif series is not None and mode == "continuous":
        continuous, calendar = continuous_view(series, replicator), gathered.choice.calendar
        outage = demands.outage_seconds
        sections = list(continuous_sections(continuous, replicator, capacity, calendar, outage, percents))
        charts = continuous_charts(continuous, replicator, capacity)
    elif series is not None and mode == "synchronous":
        sections = list(synchronous_sections(series, capacity))
    else:
        sections = list(worst_outage_sections(demands))
    return _Answer(demands.demand(mode).bits_per_second, demands.by_period(mode), sections, charts)


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
