"""Which rows of a day count: those that are asked for, in the newest revision of each interval, once each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.model.intervals import US
from streams.store.lake.afterwards import as_one
from streams.store.lake.asking import Ask
from streams.store.lake.candidates import asked_rows
from streams.store.lake.chosen import Chosen, Numbers, columns_of, heads_of
from streams.store.lake.rowgroups import RowGroup

__all__ = ["chosen_rows"]


def chosen_rows(parts: Sequence[RowGroup], ask: Ask) -> Chosen:
    """The rows that count, of all row groups of a day."""
    chosen = _intervals(_newest(asked_rows(parts, ask)))
    return chosen if ask.later is None else as_one(chosen, ask.later)


def _newest(rows: Chosen) -> Chosen:
    """The rows of the newest revision of a volume's interval, each once; of equal ones the last taken in."""
    if not len(rows):
        return rows
    rows = rows.some(np.lexsort((rows.revision, rows.volume, rows.start_us, rows.seconds, rows.group)))
    run = np.cumsum(heads_of(rows.group, rows.seconds, rows.start_us, rows.volume)) - 1
    newest = np.zeros(run[-1] + 1, np.int64)
    newest[run] = rows.revision  # ascending within a run: the last one stays
    rows = rows.some(rows.revision == newest[run])
    key = _key(rows)
    rows = rows.some(np.lexsort((rows.ingested_us, *key)))
    return rows.some(np.append(heads_of(*_key(rows))[1:], True))  # the last of each run


def _key(rows: Chosen) -> tuple[Numbers, ...]:
    return rows.first_track, rows.track_bytes, rows.volume, rows.start_us, rows.seconds, rows.group


def _intervals(rows: Chosen) -> Chosen:
    """The rows of intervals that do not overlap.

    A volume's longer interval gives way to shorter ones of it that fill it. Where longer ones stay, shorter
    ones become part of them: late writes that came behind their making, or volumes that compaction has not
    come to.
    """
    start_us, seconds = rows.start_us.copy(), rows.seconds.copy()
    keep = np.ones(len(rows), np.bool_)
    for long in np.unique(rows.seconds)[1:].tolist():
        is_long = rows.seconds == long
        place, number = _places(rows, long)
        shorter = np.flatnonzero(keep & (rows.seconds < long) & np.isin(place, place[is_long]))
        if not len(shorter):
            continue
        longer = np.flatnonzero(is_long)
        order = np.lexsort((seconds[shorter], start_us[shorter], number[shorter]))
        own = [each[shorter][order] for each in (number, start_us, seconds)]
        once = heads_of(*own)  # a volume's chunks are of one interval
        filled = np.bincount(own[0][once], own[2][once], len(rows)) >= long
        gone = filled[number[longer]]
        keep[longer[gone]] = False
        joining = shorter[np.isin(place[shorter], place[longer[~gone]])]
        start_us[joining], seconds[joining] = rows.start_us[joining] // (long * US) * (long * US), long
    return Chosen(**{**columns_of(rows), "start_us": start_us, "seconds": seconds}).some(keep)


def _places(rows: Chosen, seconds: int) -> tuple[Numbers, Numbers]:
    """The number of each row's group and interval of this length, and of its volume in there."""
    start_us = rows.start_us // (seconds * US)
    order = np.lexsort((rows.volume, start_us, rows.group))
    columns = [each[order] for each in (rows.group, start_us, rows.volume)]
    place, number = (np.empty(len(rows), np.int64) for _ in "pn")
    place[order] = np.cumsum(heads_of(*columns[:2])) - 1
    number[order] = np.cumsum(heads_of(*columns)) - 1
    return place, number
