"""Every time that a track was written again: which interval it was in, and which was the one before.

All set-based figures follow from these pairs. A track counts in the union of a window exactly once: at its
first interval in the window, and that is the one whose interval before lies ahead of the window.
Neighbouring tracks with the same past are one piece, so that long runs cost no more than short ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streams.model.counts import sum_by_group
from streams.model.runs import ascending
from streams.model.sizing.history import History
from streams.model.sizing.loops import Loops

__all__ = ["ByTrack", "Occurrences", "Taker", "by_track", "corrections", "feed", "occurrences"]

Places = NDArray[np.int64]
Tracks = NDArray[np.uint64]

_AT_ONCE = 1 << 21  # rows in memory at a time: about 150 MiB with what is made of them
_KEY_BITS = 63


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """Rows `interval`, each of a piece of `tracks` tracks of `bytes_each`.

    `previous` is the interval in which the piece was written before, -1 where there is none. Rows that are a
    correction come on top of others: they take from the bytes what a volume's short last track lacks, and
    count no track.
    """

    interval: Places
    previous: Places
    tracks: Places
    bytes_each: int
    is_correction: bool = False

    @property
    def columns(self) -> tuple[Places, Places, Places]:
        """Interval, interval before, tracks."""
        return self.interval, self.previous, self.tracks

    def count(self, places: Places, size: int, rows: Places | None = None) -> Places:
        """How many tracks fall on each of `size` places, given the place of every row, or of these rows."""
        return sum_by_group(places, self.tracks if rows is None else self.tracks[rows], size)


class Taker(Protocol):
    """A figure that grows with what it takes."""

    def take(self, found: Occurrences, loops: Loops | None = None) -> None:
        """Adds what one chunk of a volume shows; by compiled loops, where there are some."""


def occurrences(
    history: History, at_once: int = _AT_ONCE, runs: ByTrack | None = None
) -> Iterator[Occurrences]:
    """All of a history, in chunks of whole tracks; the correction for a short last track comes last.

    Args:
        history: of one volume.
        at_once: how many rows a chunk holds at most; the rows of one piece stay together all the same, and
            it has no more than there are intervals.
        runs: `by_track` of the history, where somebody has it.
    """
    yield from _occurrences(history, runs or by_track(history), at_once)
    yield from corrections(history, at_once)


def corrections(history: History, at_once: int = _AT_ONCE) -> Iterator[Occurrences]:
    """What comes on top of the occurrences of whole tracks, for a short last one."""
    last = history.last_track()
    for found in _occurrences(last, by_track(last), at_once):
        yield replace(found, bytes_each=-history.short_bytes, is_correction=True)


def feed(history: History, *takers: Taker, runs: ByTrack | None = None) -> None:
    """Gives all occurrences of a volume to several figures, so that they are found once."""
    for found in occurrences(history, runs=runs):
        for taker in takers:
            taker.take(found)


class ByTrack(NamedTuple):
    """The runs of a volume by first track, interval and length.

    `heads` is where each stretch of tracks begins that runs cover without a gap, however they overlap: its
    last track is `reach` of the stretch's last row.
    """

    interval: Places
    first: Tracks
    last: Tracks
    reach: Tracks
    heads: Places

    def union(self) -> tuple[Tracks, Tracks]:
        """The tracks of all runs as runs that do not overlap; neighbours may touch."""
        ends = np.append(self.heads[1:], len(self.first))[: len(self.heads)] - 1
        return self.first[self.heads], self.reach[ends]


def by_track(history: History) -> ByTrack:
    """All runs of a history by track."""
    length = history.last - history.first
    bits = [int(column.max(initial=0)).bit_length() for column in (history.first, history.interval, length)]
    if sum(bits) <= _KEY_BITS:
        # To sort whole keys is cheaper than to sort places and then fetch three columns by them.
        low, high = np.uint64(bits[2]), np.uint64(bits[1] + bits[2])
        key = history.first << high | history.interval.astype(np.uint64) << low | length
        key.sort()
        first = key >> high
        last = first + (key & np.uint64((1 << bits[2]) - 1))
        interval = (key >> low & np.uint64((1 << bits[1]) - 1)).astype(np.int64)
    else:
        order = np.lexsort((history.last, history.interval, history.first))
        interval, first, last = history.interval[order], history.first[order], history.last[order]
    reach = np.maximum.accumulate(last)
    heads = np.flatnonzero(np.concatenate([[True], first[1:] > reach[:-1]])[: len(first)])
    return ByTrack(interval, first, last, reach, heads)


class _Alone(NamedTuple):
    """Rows of runs that are pieces as they are, by piece and interval; `ends` is where each piece ends."""

    interval: Places
    tracks: Places
    ends: Places


class _Runs(NamedTuple):
    """Runs `first..last` (inclusive) of some intervals, in any order."""

    interval: Places
    first: Tracks
    last: Tracks


def _occurrences(history: History, runs: ByTrack, at_once: int) -> Iterator[Occurrences]:
    if not len(runs.first):
        return
    alone, rest = _parted(runs)
    for start, end in _whole_pieces(alone.ends, at_once):
        yield _of_pieces(alone, start, end, history.track_bytes)
    if not len(rest.first):
        return
    low, high, tracks = _cut(rest)
    shift = len(history.grid).bit_length()
    for begin, finish in _chunks(low, high, at_once):
        some = (low < finish) & (high > begin)
        if not some.any():
            continue  # between runs that lie apart
        bounds = np.maximum(low[some], begin), np.minimum(high[some], finish)
        yield _paired(rest.interval[some], *bounds, shift, tracks, history.track_bytes)


def _parted(runs: ByTrack) -> tuple[_Alone, _Runs]:
    """The runs that overlap no others, or only such of the very same tracks, and the rest.

    Most are of the first kind, for what is written at once is written at once again.
    """
    counts = np.diff(runs.heads, append=len(runs.first))
    differs = np.concatenate(
        [[False], (runs.first[1:] != runs.first[:-1]) | (runs.last[1:] != runs.last[:-1])]
    )
    differs[runs.heads] = False
    is_mixed = np.logical_or.reduceat(differs, runs.heads)
    mixed = np.repeat(is_mixed, counts)
    alone = ~mixed
    tracks = (runs.last[alone] - runs.first[alone]).astype(np.int64) + 1
    return (
        _Alone(runs.interval[alone], tracks, np.cumsum(counts[~is_mixed])),
        _Runs(runs.interval[mixed], runs.first[mixed], runs.last[mixed]),
    )


def _whole_pieces(ends: Places, at_once: int) -> Iterator[tuple[int, int]]:
    """Stretches of pieces `start..end` (exclusive) that have so many rows at most, or are one piece."""
    start = done = 0
    while start < len(ends):
        end = max(int(np.searchsorted(ends, done + at_once, "right")), start + 1)
        yield start, end
        start, done = end, int(ends[end - 1])


def _of_pieces(alone: _Alone, start: int, end: int, track_bytes: int) -> Occurrences:
    ends = alone.ends[start:end]
    begin = int(alone.ends[start - 1]) if start else 0
    rows = slice(begin, int(ends[-1]))
    interval, tracks, final = alone.interval[rows], alone.tracks[rows], ends - begin - 1
    return Occurrences(interval, _before(interval, final), tracks, track_bytes)


def _cut(runs: _Runs) -> tuple[Places, Places, Places]:
    """The pieces `low..high` (exclusive) that each run covers, and the tracks of each piece.

    A piece is what lies between two neighbouring ends of runs.
    """
    low, high = runs.first, runs.last + np.uint64(1)
    edges = ascending(np.concatenate([low, high]))
    return np.searchsorted(edges, low), np.searchsorted(edges, high), np.diff(edges).astype(np.int64)


def _chunks(low: Places, high: Places, at_once: int) -> Iterator[tuple[int, int]]:
    """Cuts the pieces into chunks `start..end` whose rows are few enough."""
    end = int(high.max())
    if (high - low).sum() <= at_once:
        yield int(low.min()), end
        return
    # Pieces between ends of runs are numbered from 0 without holes, so that these columns are short.
    rows = np.cumsum(np.cumsum(np.bincount(low, minlength=end + 1) - np.bincount(high)))
    start = done = 0
    while start < end:
        cut = min(max(int(np.searchsorted(rows, done + at_once, "right")), start + 1), end)
        yield start, cut
        start, done = cut, int(rows[cut - 1])


def _paired(
    interval: Places, low: Places, high: Places, shift: int, tracks: Places, track_bytes: int
) -> Occurrences:
    """Writes every run out piece by piece and finds each piece's neighbours in time.

    `shift` is how many bits an interval takes.
    """
    counts = high - low
    before = np.cumsum(counts) - counts
    # In place where it can be: fresh memory for such columns takes longer than what is computed in them.
    key = np.repeat((low - before) << shift | interval, counts)
    key += np.arange(0, len(key) << shift, 1 << shift)
    key.sort()
    piece = key >> shift
    final = np.append(np.flatnonzero(piece[1:] != piece[:-1]), len(key) - 1)
    key &= (1 << shift) - 1
    return Occurrences(key, _before(key, final), tracks[piece], track_bytes)


def _before(interval: Places, final: Places) -> Places:
    """Of rows by piece and interval, the interval of the row before; -1 for the first of a piece."""
    previous = np.empty_like(interval)
    previous[1:] = interval[:-1]
    previous[0] = previous[final[:-1] + 1] = -1
    return previous
