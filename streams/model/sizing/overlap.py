"""The hot set: how much of what a window changes, the window before had changed as well.

No table is intersected: two windows share what their sizes have more than their union,
`|A and B| = |A| + |B| - |A or B|`, and the union is a window too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.windows import Unions

__all__ = ["Overlap", "overlap"]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Pairs of windows, one right after the other, that touch no gap.

    `starts` is the base interval in which the first of each pair begins, `shared_bytes` what both changed.
    `share` is all of that over all that the later windows changed: 0 where everything is new, 1 where the
    same tracks change all the time, None where nothing changed. `left_out` pairs touch a gap.
    """

    window_seconds: int
    starts: NDArray[np.int64]
    shared_bytes: NDArray[np.int64]
    share: float | None
    left_out: int


def overlap(unions: Unions, length: int) -> Overlap:
    """What successive windows of `length` base intervals share. The unions need that length and its double.

    Raises:
        ValueError: they lack one of them.
    """
    both = unions.sliding(2 * length)
    starts = unions.grid.whole_windows(2 * length)
    windows = np.zeros(len(unions.grid), np.int64)
    windows[unions.grid.whole_windows(length)] = unions.sliding(length)
    later = windows[starts + length]
    shared = windows[starts] + later - both
    total = int(later.sum())
    return Overlap(
        window_seconds=length * unions.grid.interval_seconds,
        starts=starts,
        shared_bytes=shared,
        share=int(shared.sum()) / total if total else None,
        left_out=unions.grid.left_out(2 * length),
    )
