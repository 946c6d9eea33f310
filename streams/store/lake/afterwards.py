"""The rows of a day as those of a group that was defined afterwards, of whatever groups they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.errors import MissingData
from streams.model.groups import Definition
from streams.model.intervals import US, Span, union
from streams.store.definitions import GroupVersion
from streams.store.lake.chosen import Chosen, Numbers, columns_of, heads_of
from streams.store.lake.requiring import coarser_text, holds, longer_text, spans_of

__all__ = ["Later", "as_one"]

_BEGINNING: Final = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Later:
    """A group that was defined afterwards, and the versions of those that were there at capture."""

    defined: Definition
    known: Mapping[str, Sequence[GroupVersion]]

    def versions_of(self, group: str, start_us: Numbers) -> Numbers:
        """The place of the version that holds at each time; -1 before the first one."""
        known = self.known.get(group, ())
        since = [_BEGINNING if each.effective_from_us is None else each.effective_from_us for each in known]
        return np.searchsorted(np.array(since, np.int64), start_us, "right") - 1

    def measured(self, group: str, place: int, volume: str) -> Definition | None:
        """By which definition a volume was measured: that of this version, else the newest that has it."""
        known = self.known.get(group, ())
        tried = (*known[max(place, 0) :][:1], *reversed(known))
        return next((each.definition for each in tried if volume in each.definition.by_id), None)


def as_one(rows: Chosen, later: Later) -> Chosen:
    """The rows as those of one group: each once, of intervals that all of them fill.

    Where groups measured a volume in tracks of several sizes at a time, the finest count of those in which
    all that is asked for of it was measured. Where none was, the volume counts as not measured.

    Raises:
        MissingData: only coarser tracks, or longer intervals, were captured than are asked for.
    """
    if not len(rows):
        return rows
    asked_seconds = later.defined.geometry.interval_seconds
    length = int(np.lcm.reduce(np.unique(np.append(rows.seconds, asked_seconds))))
    start_us = rows.start_us // (length * US) * (length * US)
    finest = _finest(rows, start_us, later)
    rows = Chosen(
        **{
            **columns_of(rows),
            "group": np.zeros(len(rows), np.int64),
            "start_us": start_us,
            "seconds": np.full(len(rows), length),
            "groups": [later.defined.group],
            "as_captured": length > asked_seconds,
        }
    ).some(finest)
    rows = rows.some(np.lexsort((rows.source, rows.row, rows.part)))
    return rows.some(heads_of(rows.part, rows.row))


def _finest(rows: Chosen, start_us: Numbers, later: Later) -> NDArray[np.bool_]:
    """Which rows are of the finest tracks, of a volume and interval, that hold all that is asked for."""
    kind, members, seconds = _measured(rows, later)
    order = np.lexsort((kind, rows.track_bytes, start_us, rows.volume))
    columns = [each[order] for each in (rows.volume, start_us, rows.track_bytes, kind)]
    heads = np.flatnonzero(heads_of(*columns))  # each kind of a table once
    table = np.cumsum(heads_of(*columns[:3]))[heads] - 1
    is_whole = np.zeros(len(rows), np.bool_)
    wanted = {at: spans_of(later.defined.by_id[name]) for at, name in enumerate(rows.names)}
    known: dict[tuple[int, ...], bool] = {}
    edges = [*np.flatnonzero(heads_of(table)).tolist(), len(table)]
    ends = [*heads.tolist(), len(rows)]
    for low, high in pairwise(edges):
        kinds = tuple(columns[3][heads[low:high]].tolist())
        if kinds not in known:
            there = union(span for each in kinds for span in members[each])
            known[kinds] = holds(there, wanted[int(columns[0][heads[low]])])
        is_whole[ends[low] : ends[high]] = known[kinds]
    place = np.cumsum(heads_of(*columns[:2])) - 1
    finest = np.full(len(rows), np.iinfo(np.int64).max)
    np.minimum.at(finest, place[is_whole], columns[2][is_whole])
    chosen = np.empty(len(rows), np.bool_)
    chosen[order] = columns[2] == finest[place]
    _require_fine(rows.some(chosen), seconds[kind[chosen]], later.defined)
    return chosen


def _measured(rows: Chosen, later: Later) -> tuple[Numbers, list[Sequence[Span]], Numbers]:
    """Each row's number of a version's volume, and by number its bytes and interval."""
    version = np.empty(len(rows), np.int64)
    for source in np.unique(rows.source).tolist():
        own = rows.source == source
        version[own] = later.versions_of(rows.groups[source], rows.start_us[own])
    kinds, kind = np.unique(np.stack([rows.source, version, rows.volume]), axis=1, return_inverse=True)
    spans: list[Sequence[Span]] = []
    seconds = []
    for source, at, volume in kinds.T.tolist():
        name = rows.names[volume]
        found = later.measured(rows.groups[source], at, name)
        spans.append([] if found is None else spans_of(found.by_id[name]))
        seconds.append(1 if found is None else found.geometry.interval_seconds)
    return kind.reshape(-1), spans, np.array(seconds, np.int64)


def _require_fine(rows: Chosen, seconds: Numbers, asked: Definition) -> None:
    """Refuses rows of coarser tracks than are asked for, and volumes captured in longer intervals alone.

    Raises:
        MissingData: names the volume.
    """
    if not len(rows):
        return
    if (rows.track_bytes > asked.geometry.track_bytes).any():
        at = int(np.argmax(rows.track_bytes))
        raise MissingData(coarser_text(asked, rows.names[int(rows.volume[at])], int(rows.track_bytes[at])))
    shortest = np.full(len(rows.names), 0)
    shortest[rows.volume] = np.iinfo(np.int64).max
    np.minimum.at(shortest, rows.volume, seconds)
    at = int(np.argmax(shortest))
    if shortest[at] > asked.geometry.interval_seconds:
        raise MissingData(longer_text(asked, rows.names[at], int(shortest[at])))
