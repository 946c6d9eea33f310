"""What changed bytes ask of a link, as SUM and as OR: bandwidth, headroom, paths, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.cli.reports.document import Section, Unit, Value, sides
from streams.cli.units import count_text, seconds_text
from streams.model.sizing.link import (
    headroom_ratio,
    need_bits_per_second,
    paths_for,
    planned_paths,
    ship_seconds,
    usable_per_path,
)
from streams.model.sizing.rollups import Changes
from streams.settings import Link

__all__ = ["Demand", "demand", "demand_section"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What some changed bytes ask of a link.

    On a link that gives nothing there are no paths that are enough (None), and the time is infinite.
    """

    changed_bytes: int
    required_bits_per_second: float
    headroom_ratio: float
    paths: int | None
    planned_paths: int | None
    resync_seconds: float


def demand(changed_bytes: int, link: Link) -> Demand:
    """The link model on these bytes: today without growth and safety, planned with both and spare paths."""
    usable = usable_per_path(link.path()).bits_per_second
    need = need_bits_per_second(changed_bytes, link.resync_seconds, link.compression_ratio, link.dedupe_ratio)
    return Demand(
        changed_bytes=changed_bytes,
        required_bits_per_second=float(need),
        headroom_ratio=headroom_ratio(need, link.paths, usable),
        paths=paths_for(need, usable),
        planned_paths=planned_paths(need, usable, link.plan()),
        resync_seconds=ship_seconds(need, link.resync_seconds, link.paths, usable),
    )


def demand_section(changes: Changes, link: Link) -> Section:
    """SUM and OR of the whole range beside each other."""
    both = demand(changes.changed_bytes_sum, link), demand(changes.changed_bytes_or, link)
    return sides("The whole range to be shipped", ("sum", "or"), _figures(both, link))


def _figures(both: tuple[Demand, Demand], link: Link) -> Iterator[tuple[str, str, Unit, Sequence[Value]]]:
    labels = {
        "changed_bytes": ("changed bytes", Unit.BYTES),
        "required_bits_per_second": (
            f"payload to ship them in {seconds_text(link.resync_seconds)}",
            Unit.RATE,
        ),
        "headroom_ratio": ("headroom", Unit.SHARE),
        "paths": ("paths required", Unit.COUNT),
        "planned_paths": ("paths planned, with growth and spare", Unit.COUNT),
        "resync_seconds": (f"time on {count_text(link.paths, 'path')}", Unit.SECONDS),
    }
    for key, (label, unit) in labels.items():
        values: list[Value] = [getattr(each, key) for each in both]
        if unit is Unit.COUNT:
            values = ["none is enough" if value is None else value for value in values]
        yield key, label, unit, values
