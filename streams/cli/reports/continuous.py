"""A link with continuous replication: the rate for the RPO, and what the installed one keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.reports.calendar import Calendar
from streams.cli.reports.capacity import Capacity, cost_section, need_columns, planning_section
from streams.cli.reports.document import Column, Figure, Section, Unit, Value, facts, listing
from streams.cli.reports.replicator import Replicator
from streams.cli.units import seconds_text
from streams.errors import MissingData
from streams.model.sizing.attainment import (
    PERCENTS,
    achievable_rpo_seconds,
    attainment,
    rates_for_percents,
)
from streams.model.sizing.backlog import journal_bytes
from streams.model.sizing.cautions import Caution, coarse_slots
from streams.model.sizing.cost import Ask as CostAsk
from streams.model.sizing.leastrate import LeastRate, least_rate, safe_rate
from streams.model.sizing.outage import worst_outages
from streams.model.sizing.series import Series
from streams.model.sizing.usual import mean_rate, usual_rates
from streams.model.sizing.violations import violations, worst_by_day

__all__ = ["Continuous", "continuous_sections", "continuous_view"]

_RPO_FACTORS = (4, 2, 1, Fraction(1, 2), Fraction(1, 4))
_WORST_DAYS = 40
_WORST_SPANS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Continuous:
    """The figures that a report leads with."""

    series: Series
    least: LeastRate
    safe: LeastRate
    cautions: Sequence[Caution]


def continuous_view(series: Series, replicator: Replicator) -> Continuous:
    """The smallest rates for the RPO, and what to know of them."""
    rpo = replicator.rpo_seconds
    cautions = [found for found in [coarse_slots(series.slot_seconds, rpo)] if found]
    return Continuous(series, least_rate(series, rpo), safe_rate(series, rpo), cautions)


def continuous_sections(
    view: Continuous,
    replicator: Replicator,
    capacity: Capacity,
    calendar: Calendar,
    outage_seconds: float,
    percents: Sequence[float] = PERCENTS,
) -> Iterator[Section]:
    """All of them.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    series, rpo = view.series, replicator.rpo_seconds
    yield _need_section(view, rpo, capacity, percents)
    yield _usual_section(view, rpo, capacity)
    yield planning_section(capacity, f"RPO {seconds_text(rpo)} at all times", view.least.bits_per_second)
    if capacity.payload:
        yield _installed_section(series, replicator, capacity, percents)
        yield _violation_section(series, capacity.carried, rpo)
        yield _days_section(series, capacity.carried, calendar)
        yield _outage_section(series, capacity.carried, outage_seconds)
    asks = _cost_asks(series, Fraction(rpo)) if capacity.terms.prices.any else ()
    if (cost := cost_section(capacity, "RPOs", asks)) is not None:
        yield cost


def _cost_asks(series: Series, rpo: Fraction) -> Iterator[CostAsk]:
    """Longer and shorter RPOs, the longest first."""
    mean = mean_rate(series)
    for factor in _RPO_FACTORS:
        rate = least_rate(series, factor * rpo).bits_per_second
        name = f"RPO {seconds_text(float(factor * rpo))}"
        yield CostAsk(name, rate, journal_bytes(series, rate) if rate else 0, mean)


def _need_section(view: Continuous, rpo: float, capacity: Capacity, percents: Sequence[float]) -> Section:
    rows: list[tuple[Value, ...]] = []
    for weighting in ("time", "bytes"):
        rates = rates_for_percents(view.series, rpo, percents, weighting)
        rows += [
            (f"{percent:g} % of the {weighting}", *capacity.row(rate))
            for percent, rate in zip(percents, rates, strict=True)
        ]
    rows.append(("safe: however bytes arrive in a slot", *capacity.row(view.safe.bits_per_second)))
    notes = [caution.sentence for caution in view.cautions]
    title = f"The smallest constant rate that keeps an RPO of {seconds_text(rpo)}"
    return listing("needs", title, [Column("kept_for", "kept for"), *need_columns()], rows, notes)


def _usual_section(view: Continuous, rpo: float, capacity: Capacity) -> Section:
    usual, least = usual_rates(view.series, rpo), view.least.bits_per_second
    methods = {
        "B* (this report)": least,
        "95th percentile of 5 minutes": usual.percentile_95,
        "peak rolling average over the RPO": usual.rolling_average,
        "that less a fixed 30 % for overlap": usual.fixed_overlap,
        "mean": usual.mean,
    }
    columns = [
        Column("method", "method"),
        *need_columns(),
        Column("against_least", "against B*", Unit.FACTOR),
    ]
    rows = [(name, *capacity.row(rate), rate / least if least else None) for name, rate in methods.items()]
    return listing("usual", "The usual methods on the same data", columns, rows)


def _installed_section(
    series: Series, replicator: Replicator, capacity: Capacity, percents: Sequence[float]
) -> Section:
    rate, rpo = capacity.carried, replicator.rpo_seconds
    met, journal = attainment(series, rate, rpo), journal_bytes(series, rate)
    if replicator.profile is not None:
        journal = replicator.profile.journal_bytes(journal)
    achievable: list[Figure] = []
    for percent in percents:
        value = achievable_rpo_seconds(series, rate, percent)
        label = f"RPO that it keeps {percent:g} % of the time"
        achievable.append((f"achievable_rpo_{percent:g}_seconds", label, Unit.SECONDS, value))
    return facts(
        "installed",
        "On the installed paths",
        [
            ("carried_bits_per_second", "carries written bytes at", Unit.RATE, rate),
            ("attainment_by_time", "RPO kept, of the time", Unit.SHARE, met.by_time),
            ("attainment_by_bytes", "RPO kept, of the bytes", Unit.SHARE, met.by_bytes),
            *achievable,
            ("journal_bytes", "journal, at least", Unit.BYTES, journal),
        ],
    )


def _violation_section(series: Series, rate: Fraction, rpo: float) -> Section:
    found = violations(series, rate, rpo)
    columns = [
        Column("start", "bytes written from", Unit.TIME),
        Column("end", "to", Unit.TIME),
        Column("seconds", "for", Unit.SECONDS),
    ]
    longest = sorted(found.spans, key=lambda span: (span[0] - span[1], span[0]))[:_WORST_SPANS]
    rows = [(start, end, (end - start) / 1e6) for start, end in sorted(longest)]
    title = f"Violations of the RPO: {found.count}"
    if not found.count:
        return listing("violations", title, columns, rows)
    listed = "all" if len(rows) == found.count else f"the {len(rows)} longest"
    longest_text = seconds_text(found.longest_seconds)
    note = f"In all {seconds_text(found.total_seconds)}, the longest {longest_text}; {listed} are listed."
    return listing("violations", title, columns, rows, [note])


def _days_section(series: Series, rate: Fraction, calendar: Calendar) -> Section:
    columns = [Column("day", "day begins", Unit.TIME), Column("rpo_seconds", "worst RPO", Unit.SECONDS)]
    days = worst_by_day(series, rate, calendar.days((series.start_us, series.end_us)))
    shown = days if len(days) <= _WORST_DAYS else sorted(days, key=lambda day: -(day.rpo_seconds or 0))
    rows = sorted((day.start_us, day.rpo_seconds) for day in shown[:_WORST_DAYS])
    notes = [f"The {_WORST_DAYS} worst of {len(days)} days."] if len(days) > _WORST_DAYS else []
    return listing("days", "The worst of each day", columns, rows, notes)


def _outage_section(series: Series, rate: Fraction, outage_seconds: float) -> Section:
    title = f"The link down for {seconds_text(outage_seconds)}, at the worst moment"
    try:
        worst = worst_outages(series, rate, outage_seconds)
    except MissingData as error:
        return facts("outage", title, [], [str(error)])
    slowest = worst.slowest
    return facts(
        "outage",
        title,
        [
            ("backlog_bytes", "waits when it ends", Unit.BYTES, worst.largest.backlog_bytes),
            ("largest_start", "that outage begins", Unit.TIME, worst.largest.start_us),
            (
                "recovery_seconds",
                "slowest recovery behind one",
                Unit.SECONDS,
                None if slowest is None else slowest.recovery_seconds,
            ),
            ("unrecovered", "outages not recovered in the range", Unit.COUNT, worst.unrecovered),
            ("outages", "of outages tried", Unit.COUNT, worst.starts),
        ],
    )
