"""Runs of tracks to Roaring bitmaps and back, whole columns at a time.

A run costs the same however long it is, so that neither a few long writes nor many of medium length are
ever written out track by track. The way in is Roaring's portable format (`streams.model.portable`); the way
back finds where runs begin and end by moving the bitmap by one track.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.portable import bitmap_of_runs, heads

__all__ = ["ascending", "bitmaps_of_runs", "merged_runs", "overlaps", "runs_of", "spread"]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]

_Integer = TypeVar("_Integer", bound=np.integer[Any])

_LOW = np.uint64(0xFFFF)
_CONTAINER_BITS = np.uint64(16)


def merged_runs(first: Tracks, last: Tracks) -> tuple[Tracks, Tracks]:
    """The same tracks as few runs, ascending, that neither overlap nor touch; `last` is inclusive."""
    if not len(first):
        return first, last
    # Sorted apart: the i runs that begin first end before the next begins just where the i-th end is.
    first, reach = np.sort(first), np.sort(last)
    heads = np.flatnonzero(np.concatenate([[True], first[1:] > reach[:-1] + np.uint64(1)]))
    ends = np.append(heads[1:], len(first)) - 1
    return first[heads], reach[ends]


def ascending(values: NDArray[_Integer]) -> NDArray[_Integer]:
    """The different values, ascending. Where most differ, a sort is far cheaper than `np.unique`."""
    ordered = np.sort(values)
    distinct: NDArray[_Integer] = ordered[heads(ordered)]
    return distinct


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
    for low, high in pairwise([*heads(word).tolist(), len(word)]):
        yield int(word[low]), bitmap_of_runs(key[low:high], start[low:high], end[low:high])


def runs_of(bits: BitMap) -> tuple[Tracks, Tracks]:
    """First and last track, inclusive, of every run of a bitmap, ascending."""
    first = bits - bits.shift(1)
    last = bits - bits.shift(-1)
    return np.asarray(first.to_array(), np.uint64), np.asarray(last.to_array(), np.uint64)


def spread(counts: Places) -> tuple[Places, Places]:
    """For rows that make `counts` pieces each: the row of every piece, and its number within the row."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
