"""The least that marking can cost: a bit in a word for every track, and nothing counted.

No worker can have it so: words for all tracks take 2 MiB for each TiB and interval, whatever is written. What
marks more cheaply than this does not mark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from bench.data import Shape
from streams.model.writes import WriteBatch

__all__ = ["Words", "mark", "words_of"]

Words = NDArray[np.uint64]


def words_of(shape: Shape) -> Words:
    """Words of all volumes, by volume, none of them touched yet."""
    return np.zeros((shape.volumes, shape.volume_bytes // shape.track_bytes // 64), np.uint64)


def mark(words: Words, parts: Sequence[WriteBatch], track_bytes: int) -> None:
    """Sets the bits of the tracks that writes touch; their codes are the rows of the words."""
    shift = track_bytes.bit_length() - 1
    for writes in parts:
        _mark(words, writes.volume_codes, writes.offset_bytes, writes.length_bytes, np.uint64(shift))


@numba.njit(cache=True)
def _mark(words, codes, offset, length, shift):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # as the columns come
    one = np.uint64(1)  # unsigned throughout: numbers that could be negative are looked at before they index
    for row in range(np.uint64(len(codes))):
        first = offset[row] >> shift
        last = (offset[row] + np.uint64(length[row]) - one) >> shift
        for track in range(first, last + one):
            words[np.uint64(codes[row]), track >> np.uint64(6)] |= one << (track & np.uint64(63))
