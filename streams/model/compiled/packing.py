"""Tracks to bitmaps, by way of Roaring's portable format (`streams.model.portable` has it in numpy)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.compiled.compiling import UINT16S, UINT64S, compiled
from streams.model.portable import LARGEST_ARRAY, WITHOUT_RUNS

__all__ = ["bitmap"]

_BITSET = 4_096  # 16-bit numbers of a container that is a bitset


def bitmap(tracks: NDArray[np.uint64]) -> BitMap:
    """As `kernel.Kernel.bitmap`."""
    containers = _containers(tracks)
    numbers = np.empty(4 + 4 * containers + min(len(tracks), containers * _BITSET), np.uint16)
    size = _pack(tracks, containers, numbers)
    return BitMap.deserialize(numbers[:size].tobytes())


@compiled(types.int64(UINT64S))
def _containers(tracks: Any) -> Any:
    """How many containers, of 2^16 tracks each, hold tracks that ascend."""
    count, bits = 0, np.uint64(16)
    for row in range(len(tracks)):
        if row == 0 or tracks[row] >> bits != tracks[row - 1] >> bits:
            count += 1
    return count


@compiled(types.int64(UINT64S, types.int64, UINT16S))
def _pack(tracks: Any, containers: Any, numbers: Any) -> Any:
    """Writes the bitmap as 16-bit numbers, containers as arrays or bitsets; how many numbers it takes."""
    bits, low = np.uint64(16), np.uint64(0xFFFF)
    numbers[0], numbers[1] = WITHOUT_RUNS, 0
    numbers[2], numbers[3] = containers & 0xFFFF, containers >> 16
    head, offset, place, row = 4, 4 + 2 * containers, 4 + 4 * containers, 0
    while row < len(tracks):
        key, start = tracks[row] >> bits, row
        while row < len(tracks) and tracks[row] >> bits == key:
            row += 1
        numbers[head], numbers[head + 1] = key, row - start - 1
        numbers[offset], numbers[offset + 1] = 2 * place & 0xFFFF, 2 * place >> 16
        head, offset = head + 2, offset + 2
        if row - start > LARGEST_ARRAY:
            numbers[place : place + _BITSET] = 0
            for track in tracks[start:row]:
                within = track & low
                numbers[place + (within >> np.uint64(4))] |= np.uint16(1 << (within & np.uint64(15)))
            place += _BITSET
        else:
            for track in tracks[start:row]:
                numbers[place] = track & low
                place += 1
    return place
