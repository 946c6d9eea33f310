"""How many tracks stored bitmaps have: the test by which readers and upkeep know a damaged one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.model.portableruns import Bitmaps, tracks_by_bitmap

__all__ = ["bytes_of", "track_count", "track_counts"]

Numbers = NDArray[np.int64]


def track_counts(tracks: pa.LargeBinaryArray) -> Numbers:
    """How many tracks each bitmap has, -1 where it is none, or where its values are out of order."""
    data, edges = bytes_of(tracks)
    try:
        return tracks_by_bitmap(Bitmaps.of(data, np.zeros(len(tracks), np.uint64), np.diff(edges)))
    except ValueError:
        return np.array([_of_one(value) for value in tracks.to_pylist()], np.int64)


def track_count(value: bytes) -> int:
    """How many tracks a bitmap has.

    Raises:
        ValueError: it is none, or its values are out of order.
    """
    bitmap = Bitmaps.of(value, np.zeros(1, np.uint64), np.array([len(value)], np.int64))
    return int(tracks_by_bitmap(bitmap)[0])


def _of_one(value: bytes) -> int:
    try:
        return track_count(value)
    except ValueError:
        return -1


def bytes_of(column: pa.LargeBinaryArray) -> tuple[memoryview, Numbers]:
    """All bytes of a column, and where each value ends."""
    _, offsets, data = column.buffers()
    if not len(column):
        return memoryview(b""), np.zeros(1, np.int64)
    edges = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    view = memoryview(b"" if data is None else data).cast("B")
    return view[int(edges[0]) : int(edges[-1])], edges - edges[0]
