"""Roaring bitmaps made of whole columns, by way of the portable format.

In that format (RoaringFormatSpec) a bitmap of arrays or of runs is a few columns of 16-bit numbers, which
numpy writes at once; Roaring then takes them over as they are, for a third of what adding the tracks costs.
`streams.model.portableruns` is the way back.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

__all__ = [
    "FEWEST_WITH_OFFSETS",
    "LARGEST_ARRAY",
    "WITHOUT_RUNS",
    "WITH_RUNS",
    "bitmap_of_bitsets",
    "bitmap_of_runs",
    "bitmap_of_tracks",
    "bitmaps_of_keys",
    "heads",
]

WITHOUT_RUNS = 12_346  # first number of a portable bitmap
WITH_RUNS = 12_347
FEWEST_WITH_OFFSETS = 4
LARGEST_ARRAY = 4_096  # a container with more values is a bitset
_WORD_BITS = np.uint64(32)
_FEW_TRACKS = 4_096  # the columns cost about as much as to add so many

Tracks = NDArray[np.uint32]
Low = NDArray[np.uint16]
Places = NDArray[np.int64]


def bitmap_of_tracks(ordered: Tracks) -> BitMap:
    """The bitmap of tracks that ascend, each there once."""
    if len(ordered) > _FEW_TRACKS:
        key = (ordered >> np.uint32(16)).astype(np.uint16)
        starts = heads(key)
        counts = np.diff(starts, append=len(key))
        if counts.max() <= LARGEST_ARRAY:
            return BitMap.deserialize(_portable_arrays(key[starts], starts, counts, ordered))
    # pyroaring takes the buffer of an array.array at once; numpy arrays it walks element by element.
    return BitMap(array("I", ordered.tobytes()))


def bitmaps_of_keys(keys: NDArray[np.uint64]) -> Iterator[tuple[int, BitMap]]:
    """64-bit keys as bitmaps: `key >> 32`, ascending, and the bits below. Sorts the keys where they are."""
    keys.sort()
    keys = keys[heads(keys)]  # np.unique hashes, at several times the cost
    words, low = keys >> _WORD_BITS, keys.astype(np.uint32)
    for start, end in pairwise([*heads(words).tolist(), len(keys)]):
        yield int(words[start]), bitmap_of_tracks(low[start:end])


def bitmap_of_bitsets(bitsets: NDArray[np.uint8]) -> BitMap:
    """The bitmap whose containers, from 0 on, are these bitsets of 8,192 bytes; none is sparse."""
    counts = np.bitwise_count(bitsets).sum(axis=1, dtype=np.int64)
    head = struct.pack("<II", WITHOUT_RUNS, len(bitsets))
    head += _descriptions(np.arange(len(bitsets), dtype=np.uint16), counts)
    places = len(head) + 4 * len(bitsets) + bitsets.shape[1] * np.arange(len(bitsets))
    return BitMap.deserialize(head + places.astype("<u4").tobytes() + bitsets.tobytes())


def bitmap_of_runs(key: Low, start: Low, end: Low) -> BitMap:
    """The bitmap of the runs `start..end`, both inclusive, in the containers `key`.

    Both ascend; runs of one container neither overlap nor touch.
    """
    return BitMap.deserialize(_portable_runs(key, start, end))


def heads(ordered: NDArray[np.integer]) -> Places:
    """Where each stretch of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])


def _portable_arrays(key: Low, starts: Places, counts: Places, ordered: Tracks) -> bytes:
    """The bytes of a bitmap whose containers `key` have `counts` tracks each, from `starts` on."""
    head = struct.pack("<II", WITHOUT_RUNS, len(key)) + _descriptions(key, counts)
    offsets = (len(head) + 4 * len(key) + 2 * starts).astype("<u4")
    return head + offsets.tobytes() + ordered.astype("<u2").tobytes()


def _portable_runs(key: Low, start: Low, end: Low) -> bytes:
    first = heads(key)
    count = len(first)
    length = end.astype(np.int64) - start
    runs = np.diff(first, append=len(key))
    body = np.empty(count + 2 * len(key), "<u2")
    places = np.arange(count) + 2 * first  # where each container begins, in 16-bit numbers
    body[places] = runs
    pairs = np.repeat(np.arange(1, count + 1), runs) + 2 * np.arange(len(key))
    body[pairs] = start
    body[pairs + 1] = length
    with_runs = ((1 << count) - 1).to_bytes(-(-count // 8), "little")
    head = (WITH_RUNS | (count - 1) << 16).to_bytes(4, "little") + with_runs
    head += _descriptions(key[first], np.add.reduceat(length + 1, first))
    if count >= FEWEST_WITH_OFFSETS:
        head += (len(head) + 4 * count + 2 * places).astype("<u4").tobytes()
    return head + body.tobytes()


def _descriptions(key: Low, counts: Places) -> bytes:
    """Of each container its key and how many tracks it has, less one."""
    descriptions = np.empty((len(key), 2), "<u2")
    descriptions[:, 0] = key
    descriptions[:, 1] = counts - 1
    return descriptions.tobytes()
