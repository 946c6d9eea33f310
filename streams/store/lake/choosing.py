"""Which rows of a day count: those that are asked for, in the newest revision of each interval, once each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from streams.model.intervals import US
from streams.store.lake.asking import Ask
from streams.store.lake.candidates import asked_rows
from streams.store.lake.chosen import Chosen, Numbers, heads_of
from streams.store.lake.rowgroups import RowGroup

__all__ = ["chosen_rows"]


def chosen_rows(parts: Sequence[RowGroup], ask: Ask) -> Chosen:
    """The rows that count, of all row groups of a day."""
    chosen = _intervals(_newest(asked_rows(parts, ask)))
    return chosen if ask.as_group is None else _as_one(chosen, ask)


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
    for group in np.unique(rows.group).tolist():
        own = rows.group == group
        lengths = sorted(set(rows.seconds[own].tolist()))
        for place, long in enumerate(lengths[1:], 1):
            for start in np.unique(rows.start_us[own & (rows.seconds == long)]).tolist():
                inside = own & keep & (rows.start_us >= start) & (rows.start_us < start + long * US)
                shorter = inside & np.isin(rows.seconds, lengths[:place])
                if not shorter.any():
                    continue
                longer = inside & (rows.seconds == long)
                places = np.stack([rows.volume, start_us, seconds])[:, shorter]
                volume, _, each = np.unique(places, axis=1)
                full = np.flatnonzero(np.bincount(volume, each) >= long)
                gone = longer & np.isin(rows.volume, full)
                keep &= ~gone
                if (longer & ~gone).any():
                    start_us[shorter], seconds[shorter] = start, long
    return Chosen(**{**_columns(rows), "start_us": start_us, "seconds": seconds}).some(keep)


def _as_one(rows: Chosen, ask: Ask) -> Chosen:
    """The rows of all groups as those of one: each once, of intervals that all of them fill.

    Where groups measured a volume in tracks of several sizes at a time, the finest count.
    """
    if not len(rows):
        return rows
    length = int(np.lcm.reduce(np.unique(np.append(rows.seconds, ask.least_seconds))))
    start_us = rows.start_us // (length * US) * (length * US)
    place = np.unique(np.stack([rows.volume, start_us]), axis=1, return_inverse=True)[1].reshape(-1)
    finest = np.full(len(rows), np.iinfo(np.int64).max)
    np.minimum.at(finest, place, rows.track_bytes)
    is_finest = rows.track_bytes == finest[place]
    rows = Chosen(
        **{
            **_columns(rows),
            "group": np.zeros(len(rows), np.int64),
            "start_us": start_us,
            "seconds": np.full(len(rows), length),
            "groups": [ask.as_group or ""],
        }
    ).some(is_finest)
    rows = rows.some(np.lexsort((rows.source, rows.row, rows.part)))
    return rows.some(heads_of(rows.part, rows.row))


def _columns(rows: Chosen) -> dict[str, Any]:
    return {name: getattr(rows, name) for name in Chosen.__dataclass_fields__}
