"""The runs of many stored bitmaps at once, straight from their bytes.

A month of a large group is millions of small bitmaps: making an object of each takes longer than all that is
computed from them. This reads Roaring's portable format (its specification is RoaringFormatSpec) as columns:
first the headers of all bitmaps, then the containers of all of them, kind by kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.runs import spread

__all__ = ["runs_of_portable"]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_WITHOUT_RUNS, _WITH_RUNS = 12_346, 12_347  # the first number of a bitmap
_FEWEST_WITH_OFFSETS = 4
_LONGEST_ARRAY = 4096
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


def runs_of_portable(parts: Sequence[tuple[int, bytes]]) -> tuple[Places, Tracks, Tracks]:
    """Part number, first and last track (inclusive) of the runs in `(first_track, portable bitmap)` parts.

    In the order of the parts, ascending within each; neighbours may touch.

    Raises:
        ValueError: a part is no portable Roaring bitmap.
    """
    data = np.frombuffer(b"".join([part for _, part in parts]), np.uint8)
    sizes = np.array([len(part) for _, part in parts], np.int64)
    try:
        found = _containers(data, sizes)
        place, low, high = _values(data, found)
    except IndexError as error:
        raise ValueError("a part ends before its bitmap does: it is no portable Roaring bitmap") from error
    row = found.row[place]
    base = np.array([first for first, _ in parts], np.uint64)[row]
    base += found.key[place].astype(np.uint64) << _CONTAINER_BITS
    return row, base + low, base + high


def _containers(data: Bytes, sizes: Places) -> _Containers:
    begin = np.cumsum(sizes) - sizes
    cookie = _numbers(data, begin, 4)
    may_have_runs = (cookie & 0xFFFF) == _WITH_RUNS
    if not (may_have_runs | (cookie == _WITHOUT_RUNS)).all():
        raise ValueError("a part does not begin as a portable Roaring bitmap does")
    counts = (cookie >> 16) + 1
    counts[~may_have_runs] = _numbers(data, begin[~may_have_runs] + 4, 4)
    head = begin + np.where(may_have_runs, 4 + (counts + 7) // 8, 8)
    row, within = spread(counts)
    flags = data[np.where(may_have_runs[row], begin[row] + 4 + within // 8, 0)]
    has_runs = may_have_runs[row] & (flags >> within % 8 & 1 > 0)
    describe = head[row] + 4 * within
    key, tracks = _numbers(data, describe, 2), _numbers(data, describe + 2, 2) + 1
    body = head + 4 * counts
    has_offsets = ~may_have_runs | (counts >= _FEWEST_WITH_OFFSETS)
    start = np.empty(len(row), np.int64)
    listed = has_offsets[row]
    start[listed] = begin[row[listed]] + _numbers(data, body[row[listed]] + 4 * within[listed], 4)
    reach = body.copy()  # where the next container of a bitmap without offsets begins
    for number in range(_FEWEST_WITH_OFFSETS - 1):
        some = np.flatnonzero(~listed & (within == number))
        start[some] = reach[row[some]]
        reach[row[some]] += _lengths(data, start[some], tracks[some], has_runs[some])
    end = start + _lengths(data, start, tracks, has_runs)
    if (start < begin[row]).any() or (end > (begin + sizes)[row]).any():
        raise IndexError
    return _Containers(row, key, tracks, has_runs, start)


def _lengths(data: Bytes, start: Places, tracks: Places, has_runs: NDArray[np.bool_]) -> Places:
    """How many bytes containers take."""
    plain = np.where(tracks <= _LONGEST_ARRAY, 2 * tracks, _BITSET_BYTES)
    plain[has_runs] = 2 + 4 * _numbers(data, start[has_runs], 2)
    return plain


def _values(data: Bytes, found: _Containers) -> tuple[Places, Tracks, Tracks]:
    """Container, first and last value of every run, in order."""
    is_array = ~found.has_runs & (found.tracks <= _LONGEST_ARRAY)
    counts = np.where(is_array, found.tracks, 0)
    counts[found.has_runs] = _numbers(data, found.start[found.has_runs], 2)
    bitsets = np.flatnonzero(~found.has_runs & ~is_array)
    bits = [_bits(data, int(found.start[place])) for place in bitsets]
    counts[bitsets] = [len(values) for values in bits]
    place, within = spread(counts)
    low = np.empty(len(place), np.int64)
    high = np.empty(len(place), np.int64)
    single, run = is_array[place], found.has_runs[place]
    low[single] = high[single] = _numbers(data, found.start[place[single]] + 2 * within[single], 2)
    pair = found.start[place[run]] + 2 + 4 * within[run]
    low[run] = _numbers(data, pair, 2)
    high[run] = low[run] + _numbers(data, pair + 2, 2)
    rest = ~single & ~run
    if rest.any():
        low[rest] = high[rest] = np.concatenate(bits)
    return place, low.astype(np.uint64), high.astype(np.uint64)


def _bits(data: Bytes, start: int) -> Places:
    return np.flatnonzero(np.unpackbits(data[start : start + _BITSET_BYTES], bitorder="little"))


def _numbers(data: Bytes, start: Places, width: int) -> Places:
    """The little-endian numbers of `width` bytes at these places."""
    number = data[start].astype(np.int64)
    for byte in range(1, width):
        number |= data[start + byte].astype(np.int64) << 8 * byte
    return number
