"""Every time that a track was written again: which interval it was in, and which was the one before.

All set-based figures follow from these pairs. A track counts in the union of a window exactly once: at its
first interval in the window, and that is the one whose interval before lies ahead of the window.
Neighbouring tracks with the same past are one piece, so that long runs cost no more than short ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams.model.counts import sum_by_group
from streams.model.sizing.history import History

__all__ = ["Occurrences", "Taker", "feed", "occurrences"]

Places = NDArray[np.int64]

_AT_ONCE = 1 << 21  # rows in memory at a time: about 150 MiB with what is made of them
_KEY_BITS = 63


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """Rows `interval`, each of a piece of `tracks` tracks (None: of one track) of `bytes_each`.

    `previous` is the interval in which the piece was written before, -1 where there is none; `final` has the
    number of the last row of every piece. Rows that are a correction come on top of others: they take from
    the bytes what a volume's short last track lacks, and count no track.
    """

    interval: Places
    previous: Places
    final: Places
    tracks: Places | None
    bytes_each: int
    is_correction: bool = False

    def count(self, places: Places, size: int, rows: Places | None = None) -> Places:
        """How many tracks fall on each of `size` places, given the place of every row, or of these rows."""
        if self.tracks is None:
            return np.bincount(places, minlength=size)
        return sum_by_group(places, self.tracks if rows is None else self.tracks[rows], size)


class Taker(Protocol):
    """A figure that grows with what it takes."""

    def take(self, found: Occurrences) -> None:
        """Adds what one chunk of a volume shows."""


def occurrences(history: History, at_once: int = _AT_ONCE) -> Iterator[Occurrences]:
    """All of a history, in chunks of whole tracks; the correction for a short last track comes last.

    Args:
        history: of one volume.
        at_once: how many rows a chunk holds at most; the rows of one piece stay together all the same, and
            it has no more than there are intervals.
    """
    yield from _occurrences(history, at_once)
    for found in _occurrences(history.last_track(), at_once):
        yield replace(found, bytes_each=-history.short_bytes, is_correction=True)


def feed(history: History, *takers: Taker) -> None:
    """Gives all occurrences of a volume to several figures, so that they are found once."""
    for found in occurrences(history):
        for taker in takers:
            taker.take(found)


def _occurrences(history: History, at_once: int) -> Iterator[Occurrences]:
    if not len(history.first):
        return
    low, high, tracks = _pieces(history, at_once)
    for start, end in _chunks(low, high, at_once):
        some = (low < end) & (high > start)
        if not some.any():
            continue
        bounds = np.maximum(low[some], start), np.minimum(high[some], end)
        yield _paired(history, history.interval[some], *bounds, tracks)


def _pieces(history: History, at_once: int) -> tuple[Places, Places, Places | None]:
    """The pieces `low..high` (exclusive) that each run covers, and the tracks of each piece.

    Few tracks are pieces as they are. Else a piece is what lies between two neighbouring ends of runs.
    """
    low, high = history.first, history.last + np.uint64(1)
    key_bits = int(high.max()).bit_length() + len(history.grid).bit_length()
    if key_bits <= _KEY_BITS and history.run_tracks().sum(dtype=np.float64) <= at_once:
        return low.astype(np.int64), high.astype(np.int64), None
    edges = np.unique(np.concatenate([low, high]))
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
    history: History, interval: Places, low: Places, high: Places, tracks: Places | None
) -> Occurrences:
    """Writes every run out piece by piece and finds each piece's neighbours in time."""
    shift = len(history.grid).bit_length()
    counts = high - low
    before = np.cumsum(counts) - counts
    # In place where it can be: fresh memory for such columns takes longer than what is computed in them.
    key = np.repeat((low - before) << shift | interval, counts)
    key += np.arange(0, len(key) << shift, 1 << shift)
    key.sort()
    piece = key >> shift
    final = np.append(np.flatnonzero(piece[1:] != piece[:-1]), len(key) - 1)
    key &= (1 << shift) - 1
    place = key
    previous = np.empty_like(place)
    previous[1:] = place[:-1]
    previous[0] = previous[final[:-1] + 1] = -1
    return Occurrences(place, previous, final, None if tracks is None else tracks[piece], history.track_bytes)
