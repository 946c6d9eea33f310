"""A trace straight into the lake: its intervals as those of a group of all its volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from streams.errors import LakeError
from streams.lake.formats.table import Table
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval, Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US, clip
from streams.model.state import Version
from streams.model.tracks import track_spans
from streams.model.writes import WriteBatch
from streams.store.definitions import GroupVersion
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table, summary_row
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS

__all__ = ["backfill", "intervals_of_writes"]

_INTERVALS_AT_ONCE = 288


def intervals_of_writes(writes: WriteBatch, group: str, geometry: Geometry) -> Iterator[Interval]:
    """The base intervals from the first write to the last, idle ones too. Discards set no bit here.

    The first and the last are covered from the first write and to the last one; all between are whole.
    """
    discards = 0 if writes.discard is None else int(writes.discard.sum())
    if writes.discard is not None:
        writes = writes.take(~writes.discard)
    if not len(writes):
        return
    order = np.argsort(writes.time_us, kind="stable")
    writes = writes.take(order)
    step_us = geometry.interval_us
    begin, end = int(writes.time_us[0]), int(writes.time_us[-1]) + 1
    index = writes.time_us // step_us
    for number in range(begin // step_us, (end - 1) // step_us + 1):
        some = writes.take(slice(*np.searchsorted(index, [number, number + 1])))
        window = (number * step_us, (number + 1) * step_us)
        covered = clip([(begin, end)], window)
        slots = np.zeros(geometry.slots, np.int64)
        np.add.at(
            slots,
            (some.time_us - window[0]) // (geometry.slot_seconds * US),
            some.length_bytes.astype(np.int64),
        )
        yield Interval(
            group=group,
            definition_version=1,
            rung_seconds=geometry.interval_seconds,
            start_us=window[0],
            revision=0,
            partial=False,
            entries=tuple(_entry(some, code, name, geometry, covered) for name, code in _volumes(writes)),
            slot_seconds=geometry.slot_seconds,
            written_bytes_by_slot=tuple(slots.tolist()),
            discards=discards,
            late_writes=0,
        )
        discards = 0  # the trace's, on its first interval


def backfill(
    tables: dict[str, Table],
    writes: WriteBatch,
    group: str,
    geometry: Geometry,
    origin: Origin,
    existing: GroupVersion | None = None,
) -> tuple[int, int]:
    """Adds the intervals of a trace that the lake does not have of this group; how many, and how many it has.

    Definitions come first and summaries last, as from topics: what a crash leaves out a second run adds.

    Args:
        tables: of the lake, by name.
        writes: the trace.
        group: its name.
        geometry: what a new group shall have; of one that exists, its track and interval.
        origin: where the rows come from.
        existing: the newest version that the lake has of the group.

    Raises:
        LakeError: the group exists otherwise; or the storage does not take it.
    """
    names = [name for name, _ in _volumes(writes)]
    if existing is None:
        members = tuple(Member(array, volume) for array, _, volume in (each.partition("/") for each in names))
        version = Version(1, None, 0, Definition(group, members, geometry))
        tables[DEFINITIONS.name].append(rows_table(DEFINITIONS, [definition_row(version, origin)]))
    else:
        _require_alike(existing.definition, names, geometry)
        geometry = existing.definition.geometry
    number = 1 if existing is None else existing.version
    there = _starts(tables[SUMMARY.name], group)
    added = known = 0
    waiting: list[Interval] = []
    for interval in intervals_of_writes(writes, group, geometry):
        if interval.start_us in there:
            known += 1
            continue
        added += 1
        waiting.append(replace(interval, definition_version=number))
        if len(waiting) == _INTERVALS_AT_ONCE:
            _append(tables, waiting, origin)
            waiting = []
    if waiting:
        _append(tables, waiting, origin)
    return added, known


def _require_alike(existing: Definition, volumes: Sequence[str], geometry: Geometry) -> None:
    remedy = "put the trace into a new group (another --group)"
    for name, asked, has in (
        ("track", geometry.track_bytes, existing.geometry.track_bytes),
        ("interval", geometry.interval_seconds, existing.geometry.interval_seconds),
    ):
        if asked != has:
            raise LakeError(
                f"group {existing.group} exists with --{name} {has}, not {asked}: say so, or {remedy}"
            )
    lacking = sorted(set(volumes) - existing.by_id.keys())
    if lacking:
        raise LakeError(
            f"group {existing.group} exists without volumes of the trace, {len(lacking)} of them, such as "
            f"{lacking[0]}: {remedy}"
        )
    for name in volumes:
        if existing.by_id[name].extents is not None:
            raise LakeError(
                f"group {existing.group} exists with some extents of {name}, and a trace has all of it: "
                f"{remedy}"
            )


def _append(tables: dict[str, Table], intervals: list[Interval], origin: Origin) -> None:
    tables[TRACKS.name].append(pa.concat_tables([interval_rows(each, origin) for each in intervals]))
    rows = [{**summary_row(summarise(each, Totals(), None), origin), "totals": None} for each in intervals]
    tables[SUMMARY.name].append(rows_table(SUMMARY, rows))


def _starts(summary: Table, group: str) -> set[int]:
    """Of which intervals the lake tells, by their start."""
    snapshot = summary.snapshot()
    found: set[int] = set()
    for folder in snapshot.folders():
        rows = snapshot.read(folder, ["data_group", "interval_start"])
        times = rows.column("interval_start").cast(pa.int64()).to_pylist()
        names = rows.column("data_group").to_pylist()
        found.update(time for time, name in zip(times, names, strict=True) if name == group)
    return found


def _volumes(writes: WriteBatch) -> list[tuple[str, int]]:
    return sorted((name, code) for code, name in enumerate(writes.volumes))


def _entry(
    writes: WriteBatch, code: int, volume: str, geometry: Geometry, covered: list[tuple[int, int]]
) -> Entry:
    own = writes.take(writes.volume_codes == code)
    tracks = BitTable()
    tracks.mark(*track_spans(own.offset_bytes, own.length_bytes, geometry.track_bytes))
    return Entry(
        volume=volume,
        volume_bytes=None,
        track_bytes=geometry.track_bytes,
        tracks=tracks,
        writes=len(own),
        written_bytes=int(own.length_bytes.sum()),
        covered=covered,
    )
