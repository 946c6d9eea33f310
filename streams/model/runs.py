"""Runs of tracks to Roaring bitmaps and back, whole columns at a time.

A run costs the same however long it is, so that neither a few long writes nor many of medium length are
ever written out track by track. The way in is Roaring's portable format, in which a bitmap of runs is a few
columns of 16-bit numbers; the way back finds where runs begin and end by moving the bitmap by one track.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

__all__ = ["bitmaps_of_runs", "merged_runs", "overlaps", "runs_of", "spread"]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]

_LOW = np.uint64(0xFFFF)
_CONTAINER_BITS = np.uint64(16)
_WITH_RUNS = 12_347  # first number of a portable bitmap that has runs
_FEWEST_WITH_OFFSETS = 4


def merged_runs(first: Tracks, last: Tracks) -> tuple[Tracks, Tracks]:
    """The same tracks as few runs, ascending, that neither overlap nor touch; `last` is inclusive."""
    if not len(first):
        return first, last
    order = np.argsort(first, kind="stable")
    first, reach = first[order], np.maximum.accumulate(last[order])
    heads = np.flatnonzero(np.concatenate([[True], first[1:] > reach[:-1] + np.uint64(1)]))
    ends = np.append(heads[1:], len(first)) - 1
    return first[heads], reach[ends]


def overlaps(first: Tracks, last: Tracks, low: Tracks, high: Tracks) -> tuple[Tracks, Tracks]:
    """What two lists of runs share, both ascending and without overlap, both ends inclusive."""
    begin = np.searchsorted(high, first)
    counts = np.maximum(np.searchsorted(low, last, "right") - begin, 0)
    row, within = spread(counts)
    other = begin[row] + within
    return np.maximum(first[row], low[other]), np.minimum(last[row], high[other])


def bitmaps_of_runs(first: Tracks, last: Tracks) -> Iterator[tuple[int, BitMap]]:
    """The runs as bitmaps of the low 32 bits, with the high bits that they belong to.

    The runs must be as `merged_runs` leaves them.
    """
    if not len(first):
        return
    counts = ((last >> _CONTAINER_BITS) - (first >> _CONTAINER_BITS)).astype(np.int64) + 1
    row, within = spread(counts)
    container = (first >> _CONTAINER_BITS)[row] + within.astype(np.uint64)
    start = np.where(within == 0, (first & _LOW)[row], np.uint64(0)).astype(np.uint16)
    end = np.where(within == counts[row] - 1, (last & _LOW)[row], _LOW).astype(np.uint16)
    word = container >> _CONTAINER_BITS
    key = (container & _LOW).astype(np.uint16)
    for low, high in pairwise([*_heads(word).tolist(), len(word)]):
        yield int(word[low]), BitMap.deserialize(_portable(key[low:high], start[low:high], end[low:high]))


def runs_of(bits: BitMap) -> tuple[Tracks, Tracks]:
    """First and last track, inclusive, of every run of a bitmap, ascending."""
    first = bits - bits.shift(1)
    last = bits - bits.shift(-1)
    return np.asarray(first.to_array(), np.uint64), np.asarray(last.to_array(), np.uint64)


def spread(counts: Places) -> tuple[Places, Places]:
    """For rows that make `counts` pieces each: the row of every piece, and its number within the row."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - (np.cumsum(counts) - counts)[row]


def _heads(ordered: NDArray[np.uint64] | NDArray[np.uint16]) -> Places:
    """Where each stretch of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _portable(key: NDArray[np.uint16], start: NDArray[np.uint16], end: NDArray[np.uint16]) -> bytes:
    """The bytes of a bitmap of runs `start..end` in containers `key`, in order."""
    heads = _heads(key)
    count = len(heads)
    length = end.astype(np.int64) - start
    runs = np.diff(heads, append=len(key))
    body = np.empty(count + 2 * len(key), "<u2")
    places = np.arange(count) + 2 * heads  # where each container begins, in 16-bit numbers
    body[places] = runs
    pairs = np.repeat(np.arange(1, count + 1), runs) + 2 * np.arange(len(key))
    body[pairs] = start
    body[pairs + 1] = length
    descriptions = np.empty((count, 2), "<u2")
    descriptions[:, 0] = key[heads]
    descriptions[:, 1] = np.add.reduceat(length + 1, heads) - 1
    with_runs = ((1 << count) - 1).to_bytes(-(-count // 8), "little")
    head = (_WITH_RUNS | (count - 1) << 16).to_bytes(4, "little") + with_runs + descriptions.tobytes()
    if count >= _FEWEST_WITH_OFFSETS:
        head += (len(head) + 4 * count + 2 * places).astype("<u4").tobytes()
    return head + body.tobytes()
