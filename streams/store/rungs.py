"""Longer intervals from shorter ones: the OR of their bit tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.entries import Entry, Interval
from streams.model.intervals import US, union

__all__ = ["or_of"]


def or_of(intervals: Sequence[Interval], rung_seconds: int) -> list[Interval]:
    """The intervals of `rung_seconds` that base intervals, ordered by start, add up to.

    A rung is aligned to UTC like every interval. It is partial where one of its base intervals is, or is
    missing; its revision counts the versions of them, so it grows whenever one is revised.
    """
    rungs: dict[int, list[Interval]] = {}
    for interval in intervals:
        rungs.setdefault(interval.start_us // (rung_seconds * US), []).append(interval)
    return [_rung(rungs[index], index, rung_seconds) for index in sorted(rungs)]


def _rung(parts: list[Interval], index: int, rung_seconds: int) -> Interval:
    newest = parts[-1]
    slots = [part.written_bytes_by_slot for part in parts]
    whole = len(parts) == rung_seconds // newest.rung_seconds
    by_volume: dict[str, list[Entry]] = {}
    for part in parts:
        for entry in part.entries:
            by_volume.setdefault(entry.volume, []).append(entry)
    return replace(
        newest,
        rung_seconds=rung_seconds,
        start_us=index * rung_seconds * US,
        revision=sum(part.revision + 1 for part in parts),
        partial=not whole or any(part.partial for part in parts),
        entries=tuple(_or_entry(by_volume[volume]) for volume in sorted(by_volume)),
        written_bytes_by_slot=_joined(slots) if whole else None,
        discards=sum(part.discards for part in parts),
        late_writes=sum(part.late_writes for part in parts),
        agent_spans=(),
    )


def _joined(slots: list[tuple[int | None, ...] | None]) -> tuple[int | None, ...] | None:
    """The slots of all parts in a row; None where one part has none."""
    joined: list[int | None] = []
    for part in slots:
        if part is None:
            return None
        joined.extend(part)
    return tuple(joined)


def _or_entry(entries: list[Entry]) -> Entry:
    tracks = BitTable()
    for entry in entries:
        tracks.update(entry.tracks)
    return replace(
        entries[-1],
        tracks=tracks,
        writes=sum_known(entry.writes for entry in entries),
        written_bytes=sum_known(entry.written_bytes for entry in entries),
        covered=union(span for entry in entries for span in entry.covered),
    )
