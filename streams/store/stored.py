"""Stored tables of a range volume by volume, without an object for each entry: what long reports read.

`read_intervals` gives whole intervals as values, which suits a few of them. A month of a large group is
millions of entries: here they stay the columns that they were stored as. A volume's bitmaps become its
history only when it is that volume's turn, and where that is enough one stretch of time after the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import PART_TRACKS
from streams.model.counts import sum_by_group
from streams.model.intervals import US, Span
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History, history_of_bitmaps
from streams.model.sizing.lastseen import goes_by_time
from streams.model.sizing.loops import Loops
from streams.model.sizing.regrid import on_grid
from streams.store.shelf import Rows, Shelved, Shelves

__all__ = ["Found", "StoredInterval", "StoredRange", "StoredVolume", "VolumeFacts"]

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]

_STRETCH_BYTES: Final = 2 << 20
"""Of bitmaps: a million scattered tracks, which take 24 B each once they are written out."""

_SAMPLE_BYTES: Final = 1 << 18

_LARGE_BYTES: Final = 512 << 20
"""Processes take seconds to start, in which one goes through so much with compiled loops, and memory each."""

_LONG_BYTES: Final = 4 << 20
"""Loops take most of a second to load; what goes without them takes a hundred times its bytes of memory."""


class VolumeFacts:
    """By number of a volume: its name, its newest size (-1: unknown), its track, and another that it had."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.volume_bytes, self.track_bytes, self.other_track_bytes = (np.zeros(0, np.int64) for _ in "abc")

    def add(self, name: str) -> int:
        """The number of a new volume."""
        self.names.append(name)
        if len(self.names) > len(self.track_bytes):
            more = np.zeros(len(self.names), np.int64)
            self.volume_bytes = np.concatenate([self.volume_bytes, more - 1])
            self.track_bytes = np.concatenate([self.track_bytes, more])
            self.other_track_bytes = np.concatenate([self.other_track_bytes, more])
        return len(self.names) - 1

    def note(self, codes: Numbers, volume_bytes: Numbers, track_bytes: Numbers, *, is_newest: bool) -> None:
        """Takes what one message says of some volumes."""
        known = self.track_bytes[codes]
        changed = (known != 0) & (known != track_bytes)
        if changed.any():
            self.other_track_bytes[codes[changed]] = (known if is_newest else track_bytes)[changed]
        some = (known == 0) | is_newest
        self.volume_bytes[codes[some]] = volume_bytes[some]
        self.track_bytes[codes[some]] = track_bytes[some]


@dataclass(frozen=True, slots=True, eq=False)
class StoredInterval:
    """One base interval without its tables. `covered_by_slot` is the share of each slot's volume-seconds.

    Bytes of a slot that nobody counted are -1. `parts` are the numbers of the messages that its rows came in.
    """

    start_us: int
    seconds: int
    slot_seconds: int
    written_bytes_by_slot: Numbers | None
    covered_by_slot: Shares
    parts: tuple[int, ...] = ()

    @property
    def end_us(self) -> int:
        """Its end, exclusive."""
        return self.start_us + self.seconds * US


@dataclass(frozen=True, slots=True, eq=False)
class StoredVolume:
    """One volume over the range: its counts, and its bitmaps with the start of their intervals, ascending.

    Bitmaps are read when a history is made of them. `writes` and `written_bytes` are None where a source
    could not count them. All starts are multiples of `unit_seconds`. `tracks_sum` and `bytes_sum` are SUM of
    the intervals as captured; None where the bitmaps are all there is.
    """

    volume: str
    volume_bytes: int | None
    track_bytes: int
    writes: int | None
    written_bytes: int | None
    vouched_us: int
    unit_seconds: int
    start_us: Numbers
    bitmaps: Shelved
    written_rows: Numbers
    write_rows: Numbers
    tracks_sum: int | None = None
    bytes_sum: int | None = None

    def track_writes_by_interval(self, grid: Grid) -> Numbers:
        """How often its tracks were written in every interval of a grid; writes and bytes must be known.

        Every write counts as one track, and as many more as its bytes fill: no less than writes touch that
        begin on an edge, and as many as others do on the average, wherever they begin.
        """
        places = (self.start_us - grid.start_us) // (grid.interval_seconds * US)
        tracks = self.write_rows + self.written_rows // self.track_bytes
        return sum_by_group(places, tracks, len(grid))

    def written_by_interval(self, grid: Grid) -> Numbers:
        """What was written in every interval of a grid as `history` takes it; all of it must be known."""
        places = (self.start_us - grid.start_us) // (grid.interval_seconds * US)
        return sum_by_group(places, self.written_rows, len(grid))

    def history(self, grid: Grid, loops: Loops | None = None) -> History:
        """Its history on a grid that holds all of its intervals; those of the grid may be longer."""
        return self._history(grid, slice(None), loops)

    def goes_by_time(self, grid: Grid, loops: Loops | None) -> bool:
        """Whether figures may take it stretch by stretch: there is much of it, in short runs."""
        size_bytes = int(self.bitmaps.size.sum())
        if loops is None or size_bytes <= _STRETCH_BYTES:
            return False
        step = size_bytes // _SAMPLE_BYTES | 1  # odd: hours of a day are not passed over
        furthest = int(self.bitmaps.first_track.max()) + PART_TRACKS - 1
        sample = np.arange(0, len(self.start_us), step)
        return goes_by_time(self._history(grid, sample, loops), furthest)

    def stretches(self, grid: Grid, whole_seconds: int, loops: Loops | None) -> Iterator[History]:
        """Its history in stretches of time, whose size does not depend on the range.

        Spans of `whole_seconds`, a multiple of the grid's interval, from the grid's start on are not divided.
        """
        span = (self.start_us - grid.start_us) // (whole_seconds * US)
        heads = np.flatnonzero(np.concatenate([[True], span[1:] != span[:-1]])[: len(span)])
        number = np.concatenate([[0], np.cumsum(self.bitmaps.size)])[heads] // _STRETCH_BYTES
        starts = heads[np.concatenate([[True], number[1:] != number[:-1]])[: len(heads)]].tolist()
        for low, high in pairwise([*starts, len(span)]):
            yield self._history(grid, slice(low, high), loops)

    def _history(self, grid: Grid, rows: slice | Numbers, loops: Loops | None) -> History:
        unit = grid
        if grid.interval_seconds != self.unit_seconds:
            count = grid.seconds // self.unit_seconds
            unit = Grid(grid.start_us, self.unit_seconds, np.ones(count, np.bool_))
        interval = (self.start_us[rows] - grid.start_us) // (unit.interval_seconds * US)
        history = history_of_bitmaps(
            unit,
            self.volume,
            self.volume_bytes,
            self.track_bytes,
            interval,
            self.bitmaps.some(rows).read(),
            loops=loops,
        )
        return history if unit is grid else on_grid(history, grid)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the ranges of one reading share: rows, the start of the interval of every message, volumes."""

    shelves: Shelves
    starts_us: Numbers
    facts: VolumeFacts


@dataclass(frozen=True, slots=True, eq=False)
class StoredRange:
    """The base intervals of one group that were found in a range, ordered by start.

    A range, and what it yields, can be sent to other processes; the volumes stay where they are.
    `numbers` are those of its volumes.
    """

    group: str
    intervals: tuple[StoredInterval, ...]
    found: Found = field(default_factory=lambda: Found(Shelves(), np.empty(0, np.int64), VolumeFacts()))
    numbers: tuple[int, ...] = ()

    @property
    def lengths(self) -> list[int]:
        """The seconds that base intervals have, in the order of their first use: one length, as a rule."""
        return list(dict.fromkeys(each.seconds for each in self.intervals))

    @property
    def interval_seconds(self) -> int:
        """The shortest interval that consists of whole base intervals, whichever they are."""
        return math.lcm(*self.lengths)

    @property
    def is_large(self) -> bool:
        """Whether there is so much of it that several processes are worth their start."""
        return self.found.shelves.size_bytes >= _LARGE_BYTES

    @property
    def is_long(self) -> bool:
        """Whether there is so much of it that compiled loops are worth theirs."""
        return self.found.shelves.size_bytes >= _LONG_BYTES

    @property
    def names(self) -> list[str]:
        """Its volumes."""
        return [self.found.facts.names[number] for number in self.numbers]

    def within(self, spans: Sequence[Span]) -> StoredRange:
        """Only the intervals that lie inside one of the spans, which are sorted and disjoint."""
        starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
        begins = np.array([each.start_us for each in self.intervals], np.int64)
        finishes = np.array([each.end_us for each in self.intervals], np.int64)
        place = np.searchsorted(starts, begins, "right") - 1
        inside = (place >= 0) & (finishes <= np.append(ends, 0)[place])
        kept = (self.intervals[at] for at in np.flatnonzero(inside).tolist())
        return replace(self, intervals=tuple(kept))

    def track_sizes(self) -> set[int]:
        """The tracks that its volumes have."""
        numbers = np.array(self.numbers, np.int64)
        return set(np.unique(self.found.facts.track_bytes[numbers]).tolist()) - {0}

    def volumes(self, numbers: Collection[int] | None = None) -> Iterator[StoredVolume]:
        """The volumes one at a time, in the order in which they were first seen; these, or all.

        Raises:
            ValueError: the track size of a volume changes in the range.
        """
        unit = math.gcd(*self.lengths)
        chosen = np.zeros(len(self.found.starts_us), np.bool_)
        chosen[[part for each in self.intervals for part in each.parts]] = True
        for number in self.numbers if numbers is None else sorted(set(self.numbers) & set(numbers)):
            rows, bitmaps = self.found.shelves.read(number)
            places = np.flatnonzero(chosen[rows.part])
            if len(places):
                own, start_us, some = self._by_time(rows, bitmaps, places)
                yield self._volume(number, own, unit, start_us, some)

    def _by_time(self, rows: Rows, bitmaps: Shelved, places: Numbers) -> tuple[Rows, Numbers, Shelved]:
        """The rows at these places by start and first track: as they lie, unless some came late."""
        start_us, first = self.found.starts_us[rows.part[places]], rows.first_track[places]
        later = start_us[1:] > start_us[:-1]
        if not (later | ((start_us[1:] == start_us[:-1]) & (first[1:] >= first[:-1]))).all():
            order = np.lexsort((first, start_us))
            places, start_us = places[order], start_us[order]
        return rows.some(places), start_us, bitmaps.some(places)

    def _volume(self, code: int, rows: Rows, unit: int, start_us: Numbers, bitmaps: Shelved) -> StoredVolume:
        facts = self.found.facts
        name, size, track_bytes = (
            facts.names[code],
            int(facts.volume_bytes[code]),
            int(facts.track_bytes[code]),
        )
        if other := int(facts.other_track_bytes[code]):
            raise ValueError(
                f"track_bytes of {name} changes from {other} to {track_bytes} in this range; "
                "report the ranges before and after the change apart"
            )
        return StoredVolume(
            volume=name,
            volume_bytes=None if size < 0 else size,
            track_bytes=track_bytes,
            writes=_sum_known(rows.writes),
            written_bytes=_sum_known(rows.written_bytes),
            vouched_us=int(rows.vouched_us.sum()),
            unit_seconds=unit,
            start_us=start_us,
            bitmaps=bitmaps,
            written_rows=rows.written_bytes,
            write_rows=rows.writes,
            tracks_sum=_sum_known(rows.tracks_sum),
            bytes_sum=_sum_known(rows.bytes_sum),
        )


def _sum_known(counts: Numbers) -> int | None:
    return None if (counts < 0).any() else int(counts.sum())
