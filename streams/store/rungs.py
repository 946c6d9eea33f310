"""Longer intervals from shorter ones: the OR of their bit tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.entries import Entry, Interval
from streams.model.intervals import US, union

__all__ = ["closed_rungs", "or_of"]


def closed_rungs(
    intervals: Sequence[Interval], rung_seconds: int, closed: Collection[int] = ()
) -> tuple[list[Interval], list[Interval]]:
    """The rungs that are over, ordered by start, and the intervals of one that may still get more.

    An interval that is as long already, or that does not divide the rung, stands as it is: the lake has hours
    and days where data is old. A rung is over where something reaches its end, or where its start is among
    `closed`, for its last intervals may be missing.

    Args:
        intervals: of one group, ordered by start, none over another.
        rung_seconds: the length of a rung.
        closed: starts of rungs of which a summary tells.
    """
    short = [each for each in intervals if each.rung_seconds < rung_seconds]
    short = [each for each in short if rung_seconds % each.rung_seconds == 0]
    alone = {each.start_us for each in intervals} - {each.start_us for each in short}
    end_us = max((each.end_us for each in intervals), default=0)
    rungs = or_of(short, rung_seconds)
    is_over = {rung.start_us for rung in rungs if rung.end_us <= end_us or rung.start_us in closed}
    shown = [each for each in intervals if each.start_us in alone]
    shown += [rung for rung in rungs if rung.start_us in is_over]
    step_us = rung_seconds * US
    waiting = [each for each in short if each.start_us // step_us * step_us not in is_over]
    return sorted(shown, key=lambda each: each.start_us), waiting


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
    whole = sum(part.rung_seconds for part in parts) == rung_seconds
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
