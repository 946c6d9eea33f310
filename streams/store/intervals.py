"""Closed intervals with their bit tables, put together from the parts on the tables topic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from streams.errors import MessageError
from streams.model.entries import Interval
from streams.store.definitions import group_versions
from streams.store.reading import read_topic
from streams.store.source import Source
from streams.store.summaries import in_range
from streams.wire.keys import parse_table_key
from streams.wire.tables import decode_tables

__all__ = ["read_intervals"]

_Parts = dict[int, bytes]


def read_intervals(
    source: Source,
    group: str,
    from_us: int | None = None,
    to_us: int | None = None,
    volumes: Collection[str] | None = None,
) -> list[Interval]:
    """The base intervals of the group that start in the range, each in its newest complete revision.

    A revision is complete when all parts of its tables are there; while a worker is writing the next one,
    the one before is returned.

    Args:
        source: where the topics are.
        group: the data group.
        from_us: start of the range; None is unbounded.
        to_us: end of the range, exclusive; None is unbounded.
        volumes: entries of these volumes only, `array/volume`; None takes all.

    Returns:
        Intervals ordered by start. None for a known group that nothing was measured of.

    Raises:
        MissingData: there is no such group.
    """
    found: dict[int, dict[int, dict[int, _Parts]]] = {}
    is_known = False
    for row in read_topic(source, "tables", group=group):
        is_known = True
        key = parse_table_key(row.key)
        if row.value is not None and in_range(key.start_us, from_us, to_us):
            revisions = found.setdefault(key.rung_seconds, {}).setdefault(key.start_us, {})
            revisions.setdefault(key.revision, {})[key.part] = row.value
    if not is_known:
        group_versions(source, group)
    if not found:
        return []
    starts = found[min(found)]  # tables of rungs, if anybody asked for them, are longer
    newest = (_newest_complete(starts[start]) for start in sorted(starts))
    return [_only(interval, volumes) for interval in newest if interval is not None]


def _newest_complete(revisions: dict[int, _Parts]) -> Interval | None:
    for revision in sorted(revisions, reverse=True):
        try:
            return decode_tables(list(revisions[revision].values()))
        except MessageError as error:
            if error.reason != "missing-part":
                raise
    return None


def _only(interval: Interval, volumes: Collection[str] | None) -> Interval:
    if volumes is None:
        return interval
    return replace(interval, entries=tuple(entry for entry in interval.entries if entry.volume in volumes))
