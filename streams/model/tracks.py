"""Track geometry: which tracks an extent touches, how many a volume has.

Track numbers are zero-based. A track is `track_bytes` long; only the last one of a volume of known size may
be shorter. Everything works on whole columns of extents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.runs import merged_runs, overlaps

__all__ = [
    "CKD_3380_TRACK_BYTES",
    "CKD_3390_TRACK_BYTES",
    "ClippedExtents",
    "Extents",
    "clip_extents",
    "track_count",
    "track_spans",
]

CKD_3380_TRACK_BYTES = 47_476
CKD_3390_TRACK_BYTES = 56_664

Extents = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ClippedExtents:
    """What of a column of extents lies inside some ranges.

    `offset_bytes` and `length_bytes` are extents that cover the same bytes, no matter how many there are of
    them. `inside` says of every original extent whether anything of it lies inside, `inside_bytes` how much.
    """

    offset_bytes: Extents
    length_bytes: Extents
    inside: NDArray[np.bool_]
    inside_bytes: Extents


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
    offset_bytes: Extents, length_bytes: Extents, ranges: Iterable[tuple[int, int]]
) -> ClippedExtents:
    """The extents as far as they lie inside the ranges `(offset_bytes, length_bytes)`, which do not overlap.

    An extent of length zero counts as inside where its offset is.
    """
    starts, sizes = np.array(sorted(ranges), np.uint64).T
    ends = starts + sizes
    before = np.cumsum(sizes) - sizes

    def taken_below(place: Extents) -> Extents:
        """How many bytes of the ranges lie below a place."""
        index = np.maximum(np.searchsorted(starts, place, "right") - 1, 0)
        reach: Extents = np.maximum(np.minimum(place, ends[index]), starts[index]) - starts[index]
        below: Extents = before[index] + reach
        return below

    one = np.uint64(1)
    reached = taken_below(offset_bytes + np.maximum(length_bytes, one)) - taken_below(offset_bytes)
    inside = reached > 0
    inside_bytes = np.minimum(reached, length_bytes)
    cut = inside & (inside_bytes < length_bytes)
    whole = inside & ~cut
    # Merged first: otherwise each of many long extents would have a piece in each of many ranges.
    runs = merged_runs(offset_bytes[cut], (offset_bytes + length_bytes)[cut] - one)
    first, last = overlaps(*runs, starts, ends - one)
    return ClippedExtents(
        offset_bytes=np.concatenate([offset_bytes[whole], first]),
        length_bytes=np.concatenate([length_bytes[whole], last - first + one]),
        inside=inside,
        inside_bytes=inside_bytes,
    )
