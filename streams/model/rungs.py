"""Rungs: longer intervals as the OR of their base intervals."""

from __future__ import annotations

from itertools import chain

from streams.model.bittable import BitTable
from streams.model.counts import MAX_COUNT, sum_known
from streams.model.entries import Entry, Interval
from streams.model.intervals import union
from streams.model.opengroup import OpenGroup

__all__ = ["rung_interval"]


def rung_interval(group: OpenGroup, rung: int, size: int) -> tuple[Interval, tuple[int, int]]:
    """The rung with index `rung`, `size` base intervals long, and its SUM of tracks and of bytes.

    It is partial where a base interval is, or has no row. Its revision counts the versions of its base
    intervals, so it grows whenever one of them is revised.
    """
    rows = [group.rows[k] for k in range(rung * size, (rung + 1) * size) if k in group.rows]
    newest = rows[-1]
    sums = (
        min(sum(entry.changed_tracks for row in rows for entry in row.entries), MAX_COUNT),
        min(sum(entry.changed_bytes for row in rows for entry in row.entries), MAX_COUNT),
    )
    interval = Interval(
        group=newest.group,
        definition_version=newest.definition_version,
        rung_seconds=size * newest.rung_seconds,
        start_us=rung * size * group.geometry.interval_us,
        revision=sum(row.revision + 1 for row in rows),
        partial=len(rows) < size or any(row.partial for row in rows),
        entries=_or_entries(rows),
        slot_seconds=newest.slot_seconds,
        written_bytes_by_slot=_slots(group, rung, size),
        discards=sum(row.discards for row in rows),
        late_writes=sum(row.late_writes for row in rows),
    )
    return interval, sums


def _or_entries(rows: list[Interval]) -> tuple[Entry, ...]:
    by_volume: dict[str, list[Entry]] = {}
    for row in rows:
        for entry in row.entries:
            by_volume.setdefault(entry.volume, []).append(entry)
    return tuple(_or_entry(by_volume[volume]) for volume in sorted(by_volume))


def _or_entry(entries: list[Entry]) -> Entry:
    tracks = BitTable()
    for entry in entries:
        tracks.update(entry.tracks)
    newest = entries[-1]
    return Entry(
        volume=newest.volume,
        volume_bytes=newest.volume_bytes,
        track_bytes=newest.track_bytes,
        tracks=tracks,
        writes=sum_known(entry.writes for entry in entries),
        written_bytes=sum_known(entry.written_bytes for entry in entries),
        covered=union(chain.from_iterable(entry.covered for entry in entries)),
    )


def _slots(group: OpenGroup, rung: int, size: int) -> tuple[int | None, ...] | None:
    """The slots of all base intervals in a row; None for those of an interval without a row."""
    slots: list[int | None] = []
    for k in range(rung * size, (rung + 1) * size):
        row = group.rows.get(k)
        if row is None:
            slots += [None] * group.geometry.slots
        elif row.written_bytes_by_slot is None:
            return None
        else:
            slots += row.written_bytes_by_slot
    return tuple(slots)
