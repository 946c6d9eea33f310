"""The modes of replication side by side on the same link and the same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streams.cli.reports.bitmap import bitmap_need
from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import Capacity, need_columns
from streams.cli.reports.cyclic import cyclic_view
from streams.cli.reports.document import Column, Section, Unit, Value, listing
from streams.cli.reports.outlook import period_of
from streams.cli.reports.replicator import Replicator
from streams.model.sizing.backlog import journal_bytes
from streams.model.sizing.basis import Mode
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series
from streams.model.sizing.synchronous import peak_rate

__all__ = ["modes_section"]

_CYCLIC: tuple[Mode, ...] = ("cycle_single", "cycle_multi")


def modes_section(
    series: Series | None,
    changes: BlockChanges,
    replicator: Replicator,
    capacity: Capacity,
    outage_seconds: float,
) -> Section:
    """What each mode needs for the RPO, and what it holds back at that rate."""
    columns = [
        Column("mode", "mode"),
        *need_columns(),
        Column("held_bytes", "journal or cache", Unit.BYTES),
        Column("cycle_seconds", "cycle", Unit.SECONDS),
    ]
    rows = [*_written_rows(series, replicator, capacity), *_cyclic_rows(changes, replicator, capacity)]
    need, _ = bitmap_need(changes, capacity, outage_seconds, period_of(changes.grid.seconds))
    rows.append(("bitmap_resync", *capacity.row(need), None, None))
    notes = [
        "Bitmap replication is to repair the worst outage in the link's time, the others keep an RPO.",
        "Journal and cache are those at the rate needed.",
    ]
    if series is None:
        notes.append("Written bytes were not captured: modes that ship every write cannot be sized.")
    return listing("modes", "The modes side by side", columns, rows, notes)


def _written_rows(
    series: Series | None, replicator: Replicator, capacity: Capacity
) -> Iterator[tuple[Value, ...]]:
    if series is None:
        return
    yield "synchronous", *capacity.row(peak_rate(series).bits_per_second), 0, None
    rate = least_rate(series, replicator.rpo_seconds).bits_per_second
    held = journal_bytes(series, rate) if rate else 0
    yield "continuous", *capacity.row(rate), held, None


def _cyclic_rows(
    changes: BlockChanges, replicator: Replicator, capacity: Capacity
) -> Iterator[tuple[Value, ...]]:
    asked = replicator.cycle_seconds
    if asked is not None and asked < changes.grid.interval_seconds:
        asked = None  # of the profile of a mode that was not chosen: the best cycle stands for it
    for mode in _CYCLIC:
        other = replace(replicator, mode=mode, cycle_seconds=asked)
        view = cyclic_view(changes, other, capacity)
        chosen, need = view.chosen, view.need
        if chosen is None or need is None:
            yield mode, *(None,) * len(need_columns()), None, None
        else:
            yield mode, *capacity.row(need), chosen.cache_bytes, chosen.cycle_seconds
