"""From parts of tables in any order to the newest complete revision of every base interval."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.model.counts import sum_by_group
from streams.model.intervals import US
from streams.store.shelf import Rows, Shelves
from streams.store.stored import Found, StoredInterval, StoredRange, VolumeFacts
from streams.wire.table_columns import TableColumns

__all__ = ["Collector"]

Numbers = NDArray[np.int64]

_Number = TypeVar("_Number", np.int64, np.float64)


class _Part(NamedTuple):
    """What is kept of a message besides its rows. `volumes` are those that it has rows of, each once."""

    number: int
    version: int
    parts: int
    slot_seconds: int
    slots: Numbers | None
    volumes: Numbers
    covered_us_by_slot: Numbers


@dataclass(slots=True)
class _Group:
    """One group while its parts come: parts by length and start, revision and part number."""

    intervals: dict[tuple[int, int], dict[int, dict[int, _Part]]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    names: pa.StringArray | None = None
    codes: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    wanted: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    covered: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    newest_us: int = -(1 << 62)


class Collector:
    """Takes parts of several groups, and makes of them a range of each.

    Args:
        wanted: rows of these volumes only, by name; None takes all.
        shelves: where rows go.
        may_have_rungs: whether tables of rungs may be among those of base intervals.
    """

    def __init__(
        self,
        wanted: Collection[str] | None = None,
        shelves: Shelves | None = None,
        *,
        may_have_rungs: bool = True,
    ) -> None:
        self._wanted = wanted
        self._may_have_rungs = may_have_rungs
        self._shelves = shelves or Shelves()
        self._groups: dict[str, _Group] = {}
        self._starts_us: list[int] = []
        self._facts = VolumeFacts()

    def take(self, columns: Iterable[TableColumns]) -> None:
        """Takes parts as they come."""
        for each in columns:
            self._take(each)

    def ranges(self) -> dict[str, StoredRange]:
        """The ranges of all groups that have an interval; nothing is taken any more."""
        self._shelves.seal()
        found = Found(self._shelves, np.array(self._starts_us, np.int64), self._facts)
        ranges = {}
        for name, group in self._groups.items():
            intervals = tuple(self._intervals(group))
            if intervals:
                ranges[name] = StoredRange(name, intervals, found, tuple(group.numbers.values()))
        return ranges

    def _take(self, columns: TableColumns) -> None:
        head = columns.head
        group = self._groups.setdefault(head.group, _Group())
        number = len(self._starts_us)
        self._starts_us.append(head.start_us)
        numbered = self._numbered(group, columns.names)
        codes = numbered[columns.volume]
        places = np.flatnonzero(codes >= 0)
        vouched = sum_by_group(columns.span_row, columns.span_end - columns.span_start, len(codes))
        rows = Rows(
            part=np.full(len(codes), number, np.uint32),
            volume=codes.astype(np.uint32),
            first_track=columns.first_track.astype(np.uint64),
            size=np.diff(columns.edges),
            writes=columns.writes,
            written_bytes=columns.written_bytes,
            vouched_us=vouched,
            tracks_sum=_or_unknown(columns.tracks_sum, len(codes)),
            bytes_sum=_or_unknown(columns.bytes_sum, len(codes)),
        )
        if len(places) == len(codes):
            self._shelves.add(rows, columns.data)
        elif len(places):
            pieces = [columns.data[columns.edges[at] : columns.edges[at + 1]] for at in places.tolist()]
            self._shelves.add(rows.some(places), b"".join(pieces))
        is_newest = head.start_us >= group.newest_us
        group.newest_us = max(group.newest_us, head.start_us)
        sizes = columns.volume_bytes[places], columns.track_bytes[places]
        self._facts.note(codes[places], *sizes, is_newest=is_newest)
        # Most intervals are covered as the one before: memory holds that once.
        group.covered = _same(_covered_by_slot(columns, codes), group.covered)
        revisions = group.intervals.setdefault((head.rung_seconds, head.start_us), {})
        revisions.setdefault(head.revision, {})[head.part] = _Part(
            number,
            head.definition_version,
            head.parts,
            head.slot_seconds,
            None if head.slots is None else np.array([-1 if n is None else n for n in head.slots], np.int64),
            group.wanted,
            group.covered,
        )

    def _numbered(self, group: _Group, names: pa.StringArray) -> Numbers:
        """The number of each volume, -1 where it is not wanted. Most messages have the same names."""
        if group.names is None or not names.equals(group.names):
            group.codes = np.array([self._code(group, name) for name in names.to_pylist()], np.int64)
            group.wanted = group.codes[group.codes >= 0]
            group.names = names
        return group.codes

    def _code(self, group: _Group, name: str) -> int:
        if self._wanted is not None and name not in self._wanted:
            return -1
        code = group.numbers.get(name)
        if code is None:
            code = group.numbers[name] = self._facts.add(name)
        return code

    def _intervals(self, group: _Group) -> Iterator[StoredInterval]:
        """The base intervals by start, each in its newest complete revision."""
        chosen = []
        for (seconds, start_us), revisions in group.intervals.items():
            if parts := _newest_complete(revisions):
                chosen.append((start_us, seconds, parts))
        volumes = None if self._wanted is None else len(group.numbers)
        base = _without_rungs(chosen) if self._may_have_rungs else chosen
        shares = np.empty(0)
        for start_us, seconds, parts in sorted(base, key=lambda each: each[0]):
            shares = _same(_shares(parts, volumes), shares)
            first, numbers = parts[0], tuple(part.number for part in parts)
            yield StoredInterval(start_us, seconds, first.slot_seconds, first.slots, shares, numbers)


def _without_rungs(chosen: list[tuple[int, int, list[_Part]]]) -> Iterator[tuple[int, int, list[_Part]]]:
    """The base intervals: of every version of the definition those of its shortest length.

    A rung may be closed under a newer version than what lies in it: it overlaps base intervals, which never
    overlap each other.
    """
    shortest: dict[int, int] = {}
    for _, seconds, parts in chosen:
        version = parts[0].version
        shortest[version] = min(seconds, shortest.get(version, seconds))
    taken: list[int] = []
    for start_us, seconds, parts in sorted(chosen, key=lambda each: (each[1], each[0])):
        place = bisect_left(taken, start_us)
        is_rung = place < len(taken) and taken[place] < start_us + seconds * US
        if seconds == shortest[parts[0].version] and not is_rung:
            insort(taken, start_us)
            yield start_us, seconds, parts


def _newest_complete(revisions: dict[int, dict[int, _Part]]) -> list[_Part]:
    """The parts of the newest revision that has all of them, in order; none where no revision has."""
    for revision in sorted(revisions, reverse=True):
        parts = [revisions[revision][part] for part in sorted(revisions[revision])]
        if len(parts) == parts[0].parts:
            return parts
    return []


def _shares(parts: list[_Part], volumes: int | None) -> NDArray[np.float64]:
    """The coverage by slot of an interval of these parts: the mean over so many volumes; None: its own."""
    count = volumes or len(np.unique(np.concatenate([part.volumes for part in parts])))
    covered: Numbers = np.sum([part.covered_us_by_slot for part in parts], axis=0)
    return np.minimum(covered / (parts[0].slot_seconds * US * max(count, 1)), 1.0)


def _or_unknown(counts: Numbers | None, count: int) -> Numbers:
    return np.full(count, -1) if counts is None else counts


def _same(found: NDArray[_Number], before: NDArray[_Number]) -> NDArray[_Number]:
    """The array before where this one is equal to it."""
    return before if np.array_equal(found, before) else found


def _covered_by_slot(columns: TableColumns, codes: Numbers) -> Numbers:
    """Microseconds of each slot that are vouched for, added up over the volumes that are wanted."""
    head = columns.head
    slot_us = head.slot_seconds * US
    edges = head.start_us + np.arange(head.rung_seconds // head.slot_seconds + 1) * slot_us
    spans = np.stack([columns.span_start, columns.span_end])[:, codes[columns.span_row] >= 0]
    # The volumes of an array share their agents' spans, so a few distinct ones stand for all of them.
    if spans.size and (spans == spans[:, :1]).all():
        distinct, counts = spans[:, :1], np.array([spans.shape[1]])
    else:
        distinct, counts = np.unique(spans, axis=1, return_counts=True)
    until = np.clip(edges[:, None], *distinct) - distinct[0]
    covered: Numbers = np.diff(until @ counts)
    return covered
