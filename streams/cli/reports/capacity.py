"""The link's side of the account: what its paths give, step by step, and what a need leaves of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.reports.document import Column, Figure, Section, Unit, Value, listing
from streams.errors import MissingData
from streams.model.sizing.cost import Ask, CostRow, Prices, Terms, cost_table
from streams.model.sizing.link import Plan, Usable, headroom_ratio, paths_for, planned_paths, usable_per_path
from streams.model.sizing.linkclaims import need_steps, path_steps
from streams.model.sizing.reduction import Reduction
from streams.settings import Link

__all__ = ["Capacity", "capacity_of", "cost_section", "need_columns", "path_section", "planning_section"]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a link can be relied on for; all needs are rates of written or changed bytes, before reduction."""

    link: Link
    usable: Usable
    reduction: Reduction
    plan: Plan

    @property
    def payload(self) -> Fraction:
        """Of all paths together."""
        return self.link.paths * self.usable.bits_per_second

    @property
    def carried(self) -> Fraction:
        """The rate of written or changed bytes that the payload stands for.

        Raises:
            MissingData: other traffic takes all of it.
        """
        if not self.payload:
            raise MissingData(
                "the paths give nothing: heartbeat and background take all that the utilisation ceiling "
                "leaves; lower them or widen the paths"
            )
        return self.reduction.carried(self.payload)

    @property
    def terms(self) -> Terms:
        """What turns a need into paths and money."""
        link = self.link
        prices = Prices(link.price_path_month, link.price_gigabyte, link.price_buffer_gigabyte)
        return Terms(self.reduction, self.usable.bits_per_second, self.plan, prices)

    def row(self, rate: Fraction) -> tuple[Value, ...]:
        """A need in the columns of `need_columns`."""
        need = self.reduction.shipped(rate)
        usable = self.usable.bits_per_second
        paths, planned = paths_for(need, usable), planned_paths(need, usable, self.plan)
        headroom = headroom_ratio(need, self.link.paths, usable)
        return rate, need, headroom, paths, planned

    def about(self) -> list[Figure]:
        """The link for the head of a report."""
        return [
            ("paths_installed", "paths installed", Unit.COUNT, self.link.paths),
            ("path_bits_per_second", "line rate of a path", Unit.RATE, self.link.path_bits_per_second),
            ("usable_path_bits_per_second", "usable of it", Unit.RATE, self.usable.bits_per_second),
            ("bound", "bound by", Unit.TEXT, self.usable.binding),
            ("usable_bits_per_second", "usable of all paths", Unit.RATE, self.payload),
            ("reduction_ratio", "compression x deduplication", Unit.FACTOR, self.reduction.ratio),
            ("asked_resync_seconds", "time to resynchronise in", Unit.SECONDS, self.link.resync_seconds),
        ]


def capacity_of(link: Link) -> Capacity:
    """The capacity that the link's settings describe."""
    reduction = Reduction(link.compression_ratio, link.dedupe_ratio)
    return Capacity(link, usable_per_path(link.path()), reduction, link.plan())


def need_columns() -> list[Column]:
    """A need, what it is on the link, what it leaves, and the paths for it."""
    return [
        Column("bits_per_second", "needs", Unit.RATE),
        Column("payload_bits_per_second", "payload", Unit.RATE),
        Column("headroom_ratio", "headroom", Unit.SHARE),
        Column("paths", "paths", Unit.COUNT),
        Column("planned_paths", "planned", Unit.COUNT),
    ]


def path_section(capacity: Capacity) -> Section:
    """From the line to what one path may be planned with."""
    columns = [Column("step", "what a path gives"), Column("bits_per_second", "rate", Unit.RATE)]
    rows = [(step.name, step.bits_per_second) for step in path_steps(capacity.link.path())]
    return listing("path_steps", "A path, step by step", columns, rows)


def planning_section(capacity: Capacity, name: str, rate: Fraction) -> Section:
    """From a need of today to the paths that are planned for it, every margin by itself."""
    columns = [Column("step", "what is needed"), Column("bits_per_second", "rate", Unit.RATE)]
    rows = [(step.name, step.bits_per_second) for step in need_steps(rate, capacity.reduction, capacity.plan)]
    link, (*_, today, planned) = capacity.link, capacity.row(rate)
    margins = (
        f"Margins: safety {link.safety_factor:g}, growth {100 * link.growth_per_year:g} % a year for "
        f"{link.horizon_years:g} years, spare paths {link.spare_paths}."
    )
    notes = [
        margins,
        f"Paths for today's need: {_paths(today)}; planned: {_paths(planned)}; installed: {link.paths}.",
    ]
    return listing("need_steps", f"Planning for: {name}", columns, rows, notes)


def cost_section(capacity: Capacity, title: str, asks: Iterable[Ask]) -> Section | None:
    """What each need costs a month, and what each adds; None without prices."""
    if not capacity.terms.prices.any:
        return None
    columns = [
        Column("need", "need"),
        Column("payload_bits_per_second", "payload", Unit.RATE),
        Column("planned_paths", "paths", Unit.COUNT),
        Column("cost_per_month", "cost a month", Unit.MONEY),
        Column("marginal_per_month", "more than the row above", Unit.MONEY),
    ]
    notes = ["Paths are those planned, with all margins; what is shipped is that of today."]
    rows = map(_cost_row, cost_table(asks, capacity.terms))
    return listing("cost", f"What it costs: {title}", columns, rows, notes)


def _cost_row(row: CostRow) -> tuple[Value, ...]:
    return row.name, row.need_bits_per_second, row.paths, row.cost_per_month, row.marginal_per_month


def _paths(count: Value) -> str:
    return "none is enough" if count is None else str(count)
