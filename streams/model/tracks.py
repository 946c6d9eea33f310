"""Track geometry: which tracks an extent touches, how many a volume has.

Track numbers are zero-based. A track is `track_bytes` long; only the last one of a volume of known size may
be shorter. Everything works on whole columns of extents.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CKD_3380_TRACK_BYTES",
    "CKD_3390_TRACK_BYTES",
    "clip_extents",
    "track_count",
    "track_spans",
]

CKD_3380_TRACK_BYTES = 47_476
CKD_3390_TRACK_BYTES = 56_664

Extents = NDArray[np.uint64]


def track_spans(offset_bytes: Extents, length_bytes: Extents, track_bytes: int) -> tuple[Extents, Extents]:
    """First and last track, both inclusive, of every extent that is not empty.

    Extents of length zero touch no track and are left out, so the result may be shorter than the input.
    An extent that ends on a track boundary does not touch the track behind it.
    """
    filled = length_bytes > 0
    if not filled.all():
        offset_bytes, length_bytes = offset_bytes[filled], length_bytes[filled]
    size = np.uint64(track_bytes)
    first = offset_bytes // size
    last = (offset_bytes + length_bytes - np.uint64(1)) // size
    return first, last


def track_count(volume_bytes: int, track_bytes: int) -> int:
    """Number of tracks of a volume, a short last one included."""
    return -(-volume_bytes // track_bytes)


def clip_extents(
    offset_bytes: Extents, length_bytes: Extents, inside: Iterable[tuple[int, int]]
) -> tuple[Extents, Extents, NDArray[np.int64]]:
    """The pieces of the extents that lie inside the ranges `(offset_bytes, length_bytes)`.

    Returns offsets, lengths and, for each piece, the row that it comes from. An extent of length zero
    counts as inside where its offset is.
    """
    end_bytes = offset_bytes + length_bytes
    offsets, lengths, rows = [], [], []
    for start, size in inside:
        low = np.maximum(offset_bytes, np.uint64(start))
        high = np.minimum(end_bytes, np.uint64(start + size))
        hit = (low < high) | ((length_bytes == 0) & (offset_bytes >= start) & (offset_bytes < start + size))
        index = np.flatnonzero(hit)
        offsets.append(low[index])
        lengths.append(high[index] - low[index])
        rows.append(index)
    return np.concatenate(offsets), np.concatenate(lengths), np.concatenate(rows)
