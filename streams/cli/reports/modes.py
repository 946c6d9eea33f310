"""The modes of replication side by side on the same link and the same data."""

from __future__ import annotations

from streams.cli.reports.capacity import need_columns
from streams.cli.reports.demands import ModeDemands
from streams.cli.reports.document import Column, Section, Unit, Value, listing
from streams.cli.units import seconds_text
from streams.model.sizing.basis import BASIS_OF, MODES
from streams.model.sizing.matrix import Demand
from streams.model.sizing.outagesets import outage_is_cut

__all__ = ["modes_section"]


def modes_section(demands: ModeDemands) -> Section:
    """What each mode needs for the RPO, what it holds back at that rate, and what it costs."""
    has_prices = demands.capacity.terms.prices.any
    columns = [
        Column("mode", "mode"),
        *need_columns(),
        Column("held_bytes", "journal or cache", Unit.BYTES),
        Column("cycle_seconds", "cycle", Unit.SECONDS),
        *([Column("cost_per_month", "cost a month", Unit.MONEY)] if has_prices else []),
    ]
    rows: list[tuple[Value, ...]] = []
    about = (
        f"Bitmap replication repairs the worst outage of {seconds_text(demands.outage_seconds)} within "
        f"{seconds_text(demands.capacity.link.resync_seconds)}; the others keep an RPO of "
        f"{seconds_text(float(demands.rpo))} at all times. Journal and cache are those at the rate needed."
    )
    notes = [about]
    for mode in MODES:
        if mode == "bitmap_resync" and outage_is_cut(demands.grid, demands.outage_seconds):
            notes.append("The range is shorter than the outage: bitmap_resync is a lower bound.")
        if BASIS_OF[mode] == "written" and demands.series is None:
            continue
        try:
            demand = demands.demand(mode)
        except ValueError as error:
            notes.append(f"{mode} cannot be sized: {error}.")
            continue
        rows.append((mode, *_row(demand, demands, has_prices=has_prices)))
    if demands.series is None:
        notes.append("Written bytes were not captured: modes that ship every write cannot be sized.")
    return listing("modes", "The modes side by side", columns, rows, notes)


def _row(demand: Demand, demands: ModeDemands, *, has_prices: bool) -> tuple[Value, ...]:
    rate = demand.bits_per_second
    if rate is None:
        return (*(None,) * len(need_columns()), None, None, *((None,) if has_prices else ()))
    capacity, cycle = demands.capacity, demand.ask.cycle_seconds
    held = 0 if demand.ask.mode == "synchronous" else demand.buffer_bytes
    cost = capacity.terms.per_month(rate, demand.buffer_bytes or 0, demand.mean_bits_per_second or 0)
    return (
        *capacity.row(rate),
        held,
        None if cycle is None else float(cycle),
        *((cost,) if has_prices else ()),
    )
