"""What of a volume's history lies inside some extents: a data set is a part of its volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from streams.model.sizing.history import History

__all__ = ["inside_extents"]


def inside_extents(history: History, extents: Sequence[tuple[int, int]]) -> History:
    """The runs of the tracks that the extents, `(offset_bytes, length_bytes)`, touch. They must not overlap.

    Raises:
        ValueError: an extent is empty or negative.
    """
    size = history.track_bytes
    found: list[tuple[int, int]] = []
    for offset, length in sorted(extents):
        if offset < 0 or length < 1:
            raise ValueError(f"extent at {offset} of {length} bytes of {history.volume}: it holds nothing")
        first, last = offset // size, (offset + length - 1) // size
        # Two extents may touch one track, which counts once.
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    places, firsts, lasts = [], [], []
    for first, last in found:
        low, high = np.uint64(first), np.uint64(last)
        some = np.flatnonzero((history.first <= high) & (history.last >= low))
        places.append(some)
        firsts.append(np.maximum(history.first[some], low))
        lasts.append(np.minimum(history.last[some], high))
    if not places:
        return replace(history, interval=history.interval[:0], first=history.first[:0], last=history.last[:0])
    interval = history.interval[np.concatenate(places)]
    first_track, last_track = np.concatenate(firsts), np.concatenate(lasts)
    order = np.lexsort((first_track, interval))
    return replace(history, interval=interval[order], first=first_track[order], last=last_track[order])
