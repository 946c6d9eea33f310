"""The runs of many stored bitmaps at once, straight from their bytes.

A month of a large group is millions of small bitmaps: making an object of each takes longer than all that is
computed from them. This reads the format that `streams.model.portable` writes as columns: first the headers
of all bitmaps, then the containers of all of them, kind by kind.

What Roaring refuses is refused here. Offsets, which Roaring passes over, must say where containers are: so
none is read twice, and what is read takes no more memory than its bytes allow.
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
_LAST_VALUE = np.uint64(0xFFFF)  # of a container
_OUT_OF_ORDER = "a part is damaged: its tracks do not ascend"


@dataclass(frozen=True, slots=True, eq=False)
class _Containers:
    """Row, high bits, number of tracks, kind and first byte of every container, in order."""

    row: Places
    key: Places
    tracks: Places
    has_runs: NDArray[np.bool_]
    start: Places

    @property
    def is_array(self) -> NDArray[np.bool_]:
        """Which of them are lists of their values."""
        return ~self.has_runs & (self.tracks <= LARGEST_ARRAY)

    def some(self, which: NDArray[np.bool_]) -> _Containers:
        """These of them."""
        return _Containers(
            self.row[which], self.key[which], self.tracks[which], self.has_runs[which], self.start[which]
        )


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
        ValueError: a part is no portable Roaring bitmap, or a damaged one.
    """
    first = np.array([first for first, _ in parts], np.uint64)
    size = np.array([len(part) for _, part in parts], np.int64)
    return runs_of_bitmaps(Bitmaps.of(b"".join([part for _, part in parts]), first, size))


def runs_of_bitmaps(bitmaps: Bitmaps) -> tuple[Places, Tracks, Tracks]:
    """The same of bitmaps as they were stored.

    Raises:
        ValueError: as above.
    """
    found = _containers(bitmaps)
    place, low, high = _values(bitmaps, found)
    base = bitmaps.first_track[found.row]
    base += found.key.astype(np.uint64) << _CONTAINER_BITS
    each = base[place]
    low += each
    high += each
    return found.row[place], low, high


def tracks_by_bitmap(bitmaps: Bitmaps) -> Places:
    """How many tracks each bitmap has.

    Headers are believed for arrays, whose order is checked; runs and bitsets are counted.

    Raises:
        ValueError: as above.
    """
    found = _containers(bitmaps)
    is_array = found.is_array
    _require_order_of_arrays(bitmaps, found.some(is_array))
    counts = np.zeros(len(bitmaps.size), np.int64)
    np.add.at(counts, found.row[is_array], found.tracks[is_array])
    other = found.some(~is_array)
    if len(other.row):
        place, low, high = _values(bitmaps, other)
        np.add.at(counts, other.row[place], (high - low).astype(np.int64) + 1)
    return counts


def _require_order_of_arrays(bitmaps: Bitmaps, found: _Containers) -> None:
    """Refuses arrays whose values do not ascend, without a look at each value of each."""
    for odd in (0, 1):
        arrays = np.flatnonzero(found.start % 2 == odd)
        if not len(arrays):
            continue
        words = bitmaps.words[odd::2]
        # Before each word, how many follow a larger one or an equal.
        falls = np.zeros(len(words) + 1, np.int64)
        np.cumsum(words[1:] <= words[:-1], out=falls[2:])
        first = found.start[arrays] // 2
        if (falls[first + found.tracks[arrays]] > falls[first + 1]).any():
            raise ValueError(_OUT_OF_ORDER)


def _containers(bitmaps: Bitmaps) -> _Containers:
    try:
        return _read_containers(bitmaps)
    except IndexError as error:
        raise ValueError("a part ends before its bitmap does: it is no portable Roaring bitmap") from error


def _read_containers(bitmaps: Bitmaps) -> _Containers:
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
    goes_on = within[1:] > 0  # the same bitmap's as the container before
    if (goes_on & (key[1:] <= key[:-1])).any():
        raise ValueError(_OUT_OF_ORDER)
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
    if (end > (begin + bitmaps.size)[row]).any():
        raise IndexError
    expected = (body + np.where(has_offsets, 4 * counts, 0))[row]
    expected[1:][goes_on] = end[:-1][goes_on]
    if (start != expected).any():
        raise ValueError("a part names another place for a container than where the one before it ends")
    return _Containers(row, key, tracks, has_runs, start)


def _lengths(words: Words, start: Places, tracks: Places, has_runs: NDArray[np.bool_]) -> Places:
    """How many bytes containers take."""
    plain = np.where(tracks <= LARGEST_ARRAY, 2 * tracks, _BITSET_BYTES)
    plain[has_runs] = 2 + 4 * _short(words, start[has_runs])
    return plain


def _values(bitmaps: Bitmaps, found: _Containers) -> tuple[Places, Tracks, Tracks]:
    """Container, first and last value of every run, in order."""
    words = bitmaps.words
    is_array = found.is_array
    counts = np.where(is_array, found.tracks, 0)
    counts[found.has_runs] = _short(words, found.start[found.has_runs])
    bitsets = np.flatnonzero(~found.has_runs & ~is_array)
    bits = [_bits(bitmaps.data, int(found.start[place])) for place in bitsets]
    counts[bitsets] = [len(values) for values in bits]
    if (counts[bitsets] != found.tracks[bitsets]).any():
        raise ValueError("a part has more or fewer tracks than it says")
    if not counts.all():
        raise ValueError("a part has a container without tracks")
    place, within = spread(counts)
    # Values of an array lie 2 bytes apart, runs 4, behind their number: a first value, and how many follow.
    step = np.where(found.has_runs, 4, 2)
    at = (found.start + 2 * found.has_runs)[place] + step[place] * within
    if len(bitsets):
        at[np.isin(place, bitsets)] = 0
    value = words[at]
    if len(bitsets):
        value[np.isin(place, bitsets)] = np.concatenate(bits)
    if ((value[1:] <= value[:-1]) & (within[1:] > 0)).any():
        raise ValueError(_OUT_OF_ORDER)
    low = value.astype(np.uint64)
    high = low.copy()
    run = np.flatnonzero(found.has_runs[place])
    high[run] += words[at[run] + 2]
    _require_runs_apart(low[run], high[run], within[run])
    return place, low, high


def _require_runs_apart(first: Tracks, last: Tracks, within: Places) -> None:
    """Refuses runs of containers that overlap or touch, or that go beyond their container."""
    if (last > _LAST_VALUE).any() or ((first[1:] <= last[:-1] + np.uint64(1)) & (within[1:] > 0)).any():
        raise ValueError(_OUT_OF_ORDER)


def _bits(data: Bytes, start: int) -> Places:
    return np.flatnonzero(np.unpackbits(data[start : start + _BITSET_BYTES], bitorder="little"))


def _short(words: Words, start: Places) -> Places:
    """The 16-bit numbers at these bytes."""
    return words[start].astype(np.int64)


def _long(words: Words, start: Places) -> Places:
    """The 32-bit numbers at these bytes."""
    return _short(words, start) | _short(words, start + 2) << 16
