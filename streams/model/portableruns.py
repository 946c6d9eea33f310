"""The runs of many stored bitmaps at once, straight from their bytes.

A month of a large group is millions of small bitmaps: making an object of each takes longer than all that is
computed from them. This reads the format that `streams.model.portable` writes as columns: first the headers
of all bitmaps, then the containers of all of them, kind by kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from streams.model.portable import FEWEST_WITH_OFFSETS, LARGEST_ARRAY, WITH_RUNS, WITHOUT_RUNS
from streams.model.runs import spread

__all__ = ["Bitmaps", "runs_of_bitmaps", "runs_of_portable", "tracks_by_bitmap"]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]

_LEAST_BYTES = 8  # of an empty bitmap
_BITSET_BYTES = 8192
_CONTAINER_BITS = np.uint64(16)


@dataclass(frozen=True, slots=True, eq=False)
class _Containers:
    """Row, high bits, number of tracks, kind and first byte of every container, in order."""

    row: Places
    key: Places
    tracks: Places
    has_runs: NDArray[np.bool_]
    start: Places


class _Stretch:
    """Bytes, and the 16-bit number that begins at each of them, made when somebody asks for it."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.data: Bytes = np.frombuffer(data, np.uint8)

    @cached_property
    def words(self) -> Words:
        overlapping = np.ndarray(max(len(self.data) - 1, 0), "<u2", self.data, strides=(1,))
        return np.ascontiguousarray(overlapping)


@dataclass(frozen=True, slots=True, eq=False)
class Bitmaps:
    """Portable bitmaps that lie in one stretch of bytes: bitmap i has `size[i]` bytes from `begin[i]` on.

    Its values count from `first_track[i]`.
    """

    stretch: _Stretch
    first_track: Tracks
    begin: Places
    size: Places

    @classmethod
    def of(cls, data: bytes | bytearray | memoryview, first_track: Tracks, size: Places) -> Bitmaps:
        """Bitmaps that follow each other."""
        return cls(_Stretch(data), first_track, np.cumsum(size) - size, size)

    @classmethod
    def at(
        cls, data: bytes | bytearray | memoryview, first_track: Tracks, begin: Places, size: Places
    ) -> Bitmaps:
        """Bitmaps anywhere in some bytes."""
        return cls(_Stretch(data), first_track, begin, size)

    @property
    def data(self) -> Bytes:
        """The bytes."""
        return self.stretch.data

    @property
    def words(self) -> Words:
        """The 16-bit number that begins at each byte."""
        return self.stretch.words

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """The first track and the bytes of each."""
        rows = zip(self.first_track.tolist(), self.begin.tolist(), self.size.tolist(), strict=True)
        return ((first, self.data[begin : begin + size].tobytes()) for first, begin, size in rows)

    def some(self, places: Places | slice) -> Bitmaps:
        """Those at these places, of the same bytes."""
        return Bitmaps(self.stretch, self.first_track[places], self.begin[places], self.size[places])


def runs_of_portable(parts: Sequence[tuple[int, bytes]]) -> tuple[Places, Tracks, Tracks]:
    """Part number, first and last track (inclusive) of the runs in `(first_track, portable bitmap)` parts.

    In the order of the parts, ascending within each; neighbours may touch.

    Raises:
        ValueError: a part is no portable Roaring bitmap.
    """
    first = np.array([first for first, _ in parts], np.uint64)
    size = np.array([len(part) for _, part in parts], np.int64)
    return runs_of_bitmaps(Bitmaps.of(b"".join([part for _, part in parts]), first, size))


def runs_of_bitmaps(bitmaps: Bitmaps) -> tuple[Places, Tracks, Tracks]:
    """The same of bitmaps as they were stored.

    Raises:
        ValueError: as above.
    """
    try:
        found = _containers(bitmaps)
        place, low, high = _values(bitmaps, found)
    except IndexError as error:
        raise ValueError("a part ends before its bitmap does: it is no portable Roaring bitmap") from error
    base = bitmaps.first_track[found.row]
    base += found.key.astype(np.uint64) << _CONTAINER_BITS
    each = base[place]
    low += each
    high += each
    return found.row[place], low, high


def tracks_by_bitmap(bitmaps: Bitmaps) -> Places:
    """How many tracks each bitmap has, -1 where its values are out of order: a damaged one.

    Headers are believed for arrays, whose order is checked; runs and bitsets are counted.

    Raises:
        ValueError: one of them is no portable Roaring bitmap.
    """
    try:
        found = _containers(bitmaps)
    except IndexError as error:
        raise ValueError("a part ends before its bitmap does: it is no portable Roaring bitmap") from error
    is_array = ~found.has_runs & (found.tracks <= LARGEST_ARRAY)
    counts = np.zeros(len(bitmaps.size), np.int64)
    np.add.at(counts, found.row[is_array], found.tracks[is_array])
    other = np.flatnonzero(~is_array)
    if len(other):
        place, low, high = _values(bitmaps, found)
        tracks = np.zeros(len(found.row), np.int64)
        np.add.at(tracks, place, (high - low).astype(np.int64) + 1)
        np.add.at(counts, found.row[other], tracks[other])
    counts[found.row[_disordered(bitmaps, found, is_array)]] = -1
    return counts


def _disordered(bitmaps: Bitmaps, found: _Containers, is_array: NDArray[np.bool_]) -> Places:
    """The arrays whose values do not ascend."""
    wrong = []
    for odd in (0, 1):
        arrays = np.flatnonzero(is_array & (found.start % 2 == odd))
        if not len(arrays):
            continue
        words = bitmaps.words[odd::2]
        falls = np.zeros(
            len(words) + 1, np.int64
        )  # before each word, how many follow a larger one or an equal
        np.cumsum(words[1:] <= words[:-1], out=falls[2:])
        first = found.start[arrays] // 2
        bad = falls[first + found.tracks[arrays]] > falls[first + 1]
        wrong.append(arrays[bad])
    return np.concatenate(wrong) if wrong else np.empty(0, np.int64)


def _containers(bitmaps: Bitmaps) -> _Containers:
    data, words, begin = bitmaps.data, bitmaps.words, bitmaps.begin
    if (bitmaps.size < _LEAST_BYTES).any():
        raise IndexError
    cookie = _long(words, begin)
    may_have_runs = (cookie & 0xFFFF) == WITH_RUNS
    if not (may_have_runs | (cookie == WITHOUT_RUNS)).all():
        raise ValueError("a part does not begin as a portable Roaring bitmap does")
    counts = (cookie >> 16) + 1
    counts[~may_have_runs] = _long(words, begin[~may_have_runs] + 4)
    head = begin + np.where(may_have_runs, 4 + (counts + 7) // 8, 8)
    body = head + 4 * counts
    if (body > begin + bitmaps.size).any():  # a garbled count may say billions
        raise IndexError
    row, within = spread(counts)
    flags = data[np.where(may_have_runs[row], begin[row] + 4 + within // 8, 0)]
    has_runs = may_have_runs[row] & (flags >> within % 8 & 1 > 0)
    describe = head[row] + 4 * within
    key, tracks = _short(words, describe), _short(words, describe + 2) + 1
    has_offsets = ~may_have_runs | (counts >= FEWEST_WITH_OFFSETS)
    start = np.empty(len(row), np.int64)
    listed = has_offsets[row]
    start[listed] = begin[row[listed]] + _long(words, body[row[listed]] + 4 * within[listed])
    reach = body.copy()  # where the next container of a bitmap without offsets begins
    for number in range(FEWEST_WITH_OFFSETS - 1):
        some = np.flatnonzero(~listed & (within == number))
        start[some] = reach[row[some]]
        reach[row[some]] += _lengths(words, start[some], tracks[some], has_runs[some])
    end = start + _lengths(words, start, tracks, has_runs)
    if (start < begin[row]).any() or (end > (begin + bitmaps.size)[row]).any():
        raise IndexError
    return _Containers(row, key, tracks, has_runs, start)


def _lengths(words: Words, start: Places, tracks: Places, has_runs: NDArray[np.bool_]) -> Places:
    """How many bytes containers take."""
    plain = np.where(tracks <= LARGEST_ARRAY, 2 * tracks, _BITSET_BYTES)
    plain[has_runs] = 2 + 4 * _short(words, start[has_runs])
    return plain


def _values(bitmaps: Bitmaps, found: _Containers) -> tuple[Places, Tracks, Tracks]:
    """Container, first and last value of every run, in order."""
    words = bitmaps.words
    is_array = ~found.has_runs & (found.tracks <= LARGEST_ARRAY)
    counts = np.where(is_array, found.tracks, 0)
    counts[found.has_runs] = _short(words, found.start[found.has_runs])
    bitsets = np.flatnonzero(~found.has_runs & ~is_array)
    bits = [_bits(bitmaps.data, int(found.start[place])) for place in bitsets]
    counts[bitsets] = [len(values) for values in bits]
    place, within = spread(counts)
    # Values of an array lie 2 bytes apart, runs 4, behind their number: a first value, and how many follow.
    step = np.where(found.has_runs, 4, 2)
    at = (found.start + 2 * found.has_runs)[place] + step[place] * within
    if len(bitsets):
        at[np.isin(place, bitsets)] = 0
    low = words[at].astype(np.uint64)
    high = low.copy()
    run = np.flatnonzero(found.has_runs[place])
    high[run] += words[at[run] + 2]
    if len(bitsets):
        rest = np.isin(place, bitsets)
        low[rest] = high[rest] = np.concatenate(bits)
    return place, low, high


def _bits(data: Bytes, start: int) -> Places:
    return np.flatnonzero(np.unpackbits(data[start : start + _BITSET_BYTES], bitorder="little"))


def _short(words: Words, start: Places) -> Places:
    """The 16-bit numbers at these bytes."""
    return words[start].astype(np.int64)


def _long(words: Words, start: Places) -> Places:
    """The 32-bit numbers at these bytes."""
    return _short(words, start) | _short(words, start + 2) << 16
