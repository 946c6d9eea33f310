"""A link with synchronous replication: it must carry the peak, and every write waits for its round trips."""

from __future__ import annotations

from collections.abc import Iterator

from streams.cli.reports.capacity import Capacity, cost_section, need_columns, planning_section
from streams.cli.reports.document import Column, Section, Unit, facts, listing
from streams.model.sizing.cautions import hidden_peaks
from streams.model.sizing.cost import Ask as CostAsk
from streams.model.sizing.series import Series
from streams.model.sizing.synchronous import added_latency_seconds, peak_rate
from streams.model.sizing.usual import mean_rate

__all__ = ["synchronous_sections"]


def synchronous_sections(series: Series, capacity: Capacity) -> Iterator[Section]:
    """All of them."""
    peak = peak_rate(series)
    caution = hidden_peaks(series.slot_seconds)
    yield listing(
        "needs",
        f"The busiest slot of {series.slot_seconds} s",
        [Column("slot", "begins", Unit.TIME), *need_columns()],
        [(peak.slot[0], *capacity.row(peak.bits_per_second))],
        [caution.sentence] if caution else [],
    )
    yield planning_section(capacity, "the busiest slot", peak.bits_per_second)
    asked = CostAsk("the busiest slot", peak.bits_per_second, 0, mean_rate(series))
    if (cost := cost_section(capacity, "synchronous", [asked])) is not None:
        yield cost
    rtt = capacity.link.rtt_seconds
    if not rtt:
        note = "The link's rtt_seconds is 0: give it, and every write's added latency is told."
        yield facts("latency", "Latency that replication adds to a write", [], [note])
        return
    one, two = (added_latency_seconds(rtt, trips) for trips in (1, 2))
    yield facts(
        "latency",
        "Latency that replication adds to a write, at least",
        [
            ("one_round_trip_seconds", "one round trip", Unit.SECONDS, one),
            ("two_round_trips_seconds", "two, without acceleration", Unit.SECONDS, two),
        ],
    )
