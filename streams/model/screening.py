"""What of an agent's message is accepted, interval by interval, and why the rest is not.

Checks come in two kinds. Stateless ones need the message alone: a message that comes again after a crash is
screened by them again, with the same result. The others ask the definition in force at the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.model.batchmembers import BatchMembers
from streams.model.groups import MAX_INTERVALS, Geometry
from streams.model.intervals import US, Span
from streams.model.kernel import NUMPY, Kernel
from streams.model.messages import Fold
from streams.model.writes import WriteBatch

__all__ = [
    "REASONS",
    "Screen",
    "by_interval",
    "check_members",
    "collected",
    "fold_fault",
    "fold_interval",
    "stateless",
]

REASONS = {
    "ahead-of-clock": "the time lies more than max_clock_ahead_seconds after the message was appended",
    "before-1970": "the time is negative",
    "extent": "offset + length is beyond 2^63, or the length beyond 1 TiB",
    "too-wide": "the writes of one message are longer than 2^35 tracks together: the longest are refused",
    "scattered": "the time lies more than 4096 base intervals before the message's watermark",
    "too-late": "the time is older than the group's late window",
    "unknown-volume": "the group's definition in force at that time does not have this volume",
    "beyond-volume": "the extent ends beyond the volume's declared size",
    "fold-span": "a fold is empty or reaches across the end of a base interval",
    "fold-track": "the fold's track is no whole part of the group's track",
    "stale-epoch": "the agent has started again since",
    "forgotten-sequence": "the sequence number is older than the gaps that are remembered",
    "watermark-ahead": "the watermark lies more than max_clock_ahead_seconds after the append time",
    "span": "observed_from is after the watermark",
    "unknown-group": "no definition of this group was seen",
    "group-deleted": "the group was deleted",
    "too-many-definitions": "versions that late writes still need fill the state; wait for the late window",
    "geometry-changed": "a definition may not change what shapes stored rows; use a new name",
}
"""Why a message or a part of it is refused, beside what the wire finds: the code and what it says."""

_CODES = {reason: number for number, reason in enumerate(REASONS, 1)}
_NAMES = dict(enumerate(REASONS, 1))
_EXTENT_END = np.uint64(1 << 63)
_MAX_LENGTH = np.uint64(1 << 40)  # one garbled length must not fill the memory; no device writes as much
# What one message may mark: 16 TiB in tracks of 512 B, 40 MB of bitmaps. 8,192 writes of 1 GiB reach half of
# it; without it a few hundred garbled lengths would fill the memory of a worker.
_MAX_TRACKS = 1 << 35


@dataclass(slots=True)
class Screen:
    """One verdict for each write of a message: 0 is fine, else the number of a reason.

    While `clean` no write is refused; most messages stay so, and nobody need look at a column of zeros.
    `first_us` and `last_us` are the earliest and the latest time of them all.
    """

    verdicts: NDArray[np.int8]
    first_us: int
    last_us: int
    clean: bool = True

    @classmethod
    def of(cls, writes: WriteBatch) -> Screen:
        """The screen that lets all pass."""
        if not len(writes):
            return cls(np.zeros(0, np.int8), 0, 0)
        return cls(np.zeros(len(writes), np.int8), int(writes.time_us.min()), int(writes.time_us.max()))

    def refuse(self, rows: NDArray[np.int64] | NDArray[np.bool_], reason: str) -> None:
        """Marks rows as refused."""
        self.verdicts[rows] = _CODES[reason]
        self.clean = False

    def refused(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each reason that occurred, in a fixed order, with the mask of its writes."""
        if self.clean:
            return
        for code in np.flatnonzero(np.bincount(self.verdicts[self.verdicts != 0])).tolist():
            yield _NAMES[code], self.verdicts == code


def stateless(
    writes: WriteBatch, append_us: int, watermark_us: int, geometry: Geometry, kernel: Kernel = NUMPY
) -> Screen:
    """Refuses what no definition and no state could make right.

    `append_us` and `watermark_us` are those of the message.
    """
    if not len(writes):
        return Screen.of(writes)
    columns = writes.time_us, writes.offset_bytes, writes.length_bytes
    first_us, last_us, highest_bytes, longest_bytes = kernel.extremes(*columns)
    screen = Screen(np.zeros(len(writes), np.int8), first_us, last_us)
    # Most batches have nothing to refuse; their extremes say so for less than a column of verdicts costs.
    limit_us = append_us + geometry.max_clock_ahead_seconds * US
    if screen.last_us > limit_us:
        screen.refuse(writes.time_us > limit_us, "ahead-of-clock")
    if screen.first_us < 0:
        screen.refuse(writes.time_us < 0, "before-1970")
    earliest_us = _earliest_us(watermark_us, geometry)
    if screen.first_us < earliest_us:
        screen.refuse((writes.time_us < earliest_us) & (screen.verdicts == 0), "scattered")
    if longest_bytes > _MAX_LENGTH or highest_bytes + longest_bytes > int(_EXTENT_END):
        _refuse_extents(writes, screen)
    if longest_bytes * len(writes) > _MAX_TRACKS * geometry.track_bytes:
        _refuse_widest(writes, screen, geometry)
    return screen


def _earliest_us(watermark_us: int, geometry: Geometry) -> int:
    """Older parts of a message are refused: between garbled times lie millions of intervals to be closed."""
    return watermark_us - MAX_INTERVALS * geometry.interval_us


def _refuse_extents(writes: WriteBatch, screen: Screen) -> None:
    screen.refuse(writes.length_bytes > _MAX_LENGTH, "extent")
    beyond = writes.offset_bytes > _EXTENT_END
    room = _EXTENT_END - np.minimum(writes.offset_bytes, _EXTENT_END)
    screen.refuse(beyond | (writes.length_bytes > room), "extent")


def _refuse_widest(writes: WriteBatch, screen: Screen, geometry: Geometry) -> None:
    """Refuses the longest writes of a message that would mark more than it may; the others stay."""
    limit_bytes = _MAX_TRACKS * geometry.track_bytes
    marking = screen.verdicts == 0
    if writes.discard is not None and not geometry.discards_mark:
        marking &= ~writes.discard
    rows = np.flatnonzero(marking)
    rows = rows[np.argsort(writes.length_bytes[rows], kind="stable")]
    total_bytes = np.cumsum(writes.length_bytes[rows].astype(np.uint64))
    screen.refuse(rows[total_bytes > limit_bytes], "too-wide")


def by_interval(
    writes: WriteBatch, screen: Screen, interval_us: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """`(interval, rows)` of the writes that are fine so far, in order of time."""
    rows = np.arange(len(writes)) if screen.clean else np.flatnonzero(screen.verdicts == 0)
    if not len(rows):
        return
    first, last = screen.first_us // interval_us, screen.last_us // interval_us
    if first == last:
        yield first, rows
        return
    index = writes.time_us[rows] // interval_us
    order = np.argsort(index, kind="stable")
    rows, index = rows[order], index[order]
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), len(rows)]):
        yield int(index[start]), rows[start:end]


def check_members(writes: WriteBatch, found: BatchMembers) -> list[tuple[str, NDArray[np.bool_]]]:
    """Writes to unknown volumes or beyond a declared size: each reason that occurs, with their mask."""
    if not len(writes):
        return []
    sizes = np.array([member.volume_bytes or 1 << 63 if member else 0 for member in found.members], np.uint64)
    ends = writes.offset_bytes + writes.length_bytes
    if ends.max() <= sizes.min() and None not in found.members:
        return []
    limits = found.by_code(sizes)[writes.volume_codes]
    faults = {"unknown-volume": limits == 0, "beyond-volume": (ends > limits) & (limits > 0)}
    return [(reason, mask) for reason, mask in faults.items() if mask.any()]


def collected(time_us: NDArray[np.int64], windows: Sequence[Span]) -> NDArray[np.bool_]:
    """Which of the times lie inside a window of collection."""
    if len(time_us) and any(start <= time_us.min() and time_us.max() < end for start, end in windows):
        return np.ones(len(time_us), np.bool_)
    inside = np.zeros(len(time_us), np.bool_)
    for start, end in windows:
        inside |= (time_us >= start) & (time_us < end)
    return inside


def fold_interval(fold: Fold, interval_us: int) -> int | None:
    """The base interval that the fold lies in, None where it is empty or crosses an end."""
    index = fold.start_us // interval_us
    if fold.start_us >= fold.end_us or fold.start_us < 0 or fold.end_us > (index + 1) * interval_us:
        return None
    return index


def fold_fault(fold: Fold, append_us: int, watermark_us: int, geometry: Geometry) -> str | None:
    """The stateless reason to refuse a fold, None where there is none."""
    if fold_interval(fold, geometry.interval_us) is None:
        return "fold-span"
    if fold.start_us > append_us + geometry.max_clock_ahead_seconds * US:
        return "ahead-of-clock"
    if fold.start_us < _earliest_us(watermark_us, geometry):
        return "scattered"
    if fold.track_bytes < 1 or geometry.track_bytes % fold.track_bytes:
        return "fold-track"
    highest = fold.tracks.highest()
    if highest is not None and highest * fold.track_bytes >= 1 << 63:  # the last track may be short
        return "extent"
    return None
