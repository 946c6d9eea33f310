"""Whether stored bitmaps are what loops may go through without looking again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.bittable import PART_TRACKS
from streams.model.compiled.bits import ones
from streams.model.compiled.compiling import INT64S, compiled
from streams.model.compiled.reading import BITSET_BYTES, BYTES, LEAST_BYTES, STORED, heading, long, short
from streams.model.pending import MAX_TRACK
from streams.model.portable import LARGEST_ARRAY, WITH_RUNS, WITHOUT_RUNS
from streams.model.stored import EMPTY, ODD

__all__ = ["highest"]

_ONE = np.uint64(1)
_MOST_CONTAINERS = 1 << 16
_WORD = 1 << 32
_TRACKS_PER_BYTE = 8  # a bitset's; runs that are denser would take far more memory than they came in


@compiled(types.int64(BYTES, types.int64, types.int64))
def _top_of_array(data: Any, start: Any, tracks: Any) -> Any:
    """The highest value, -1 where they do not ascend."""
    falls = 0
    for place in range(start, start + 2 * tracks - 2, 2):  # without a way out: many are compared at once
        falls |= short(data, place + 2) <= short(data, place)
    return types.int64(-1) if falls else short(data, start + 2 * tracks - 2)


@compiled(types.uint64(types.uint64))
def _below_highest(bits: Any) -> Any:
    """As many bits as there are places below the highest of 8 bits."""
    bits |= bits >> _ONE
    bits |= bits >> np.uint64(2)
    bits |= bits >> np.uint64(4)
    return bits >> _ONE


@compiled(types.int64(BYTES, types.int64, types.int64))
def _top_of_bitset(data: Any, start: Any, tracks: Any) -> Any:
    """The highest value, -1 where there are not so many."""
    count, top = np.uint64(0), types.int64(0)
    for number in range(BITSET_BYTES):
        count += ones(np.uint64(data[start + number]))
        if data[start + number]:
            top = types.int64(number)
    if types.int64(count) != tracks:
        return types.int64(-1)
    return 8 * top + types.int64(ones(_below_highest(np.uint64(data[start + top]))))


@compiled(types.int64(BYTES, types.int64, types.int64, types.int64))
def _top_of_runs(data: Any, start: Any, runs: Any, tracks: Any) -> Any:
    """The highest value, -1 where runs touch or do not ascend, or have not so many."""
    count, end = types.int64(0), types.int64(-2)
    for place in range(start, start + 4 * runs, 4):
        first = short(data, place)
        if first <= end + 1:
            return types.int64(-1)
        end = first + short(data, place + 2)
        count += end - first + 1
    return end if end < 1 << 16 and count == tracks else types.int64(-1)


@compiled(types.int64(BYTES, types.int64, types.int64, types.uint64))
def _highest(data: Any, at: Any, size: Any, first_track: Any) -> Any:  # noqa: C901, PLR0911, PLR0912  # each thing to check has its line
    if at < 0 or size < LEAST_BYTES or at + size > len(data):
        return ODD
    if first_track > np.uint64(MAX_TRACK) or first_track % np.uint64(PART_TRACKS):
        return ODD
    cookie = short(data, at)
    if cookie != WITH_RUNS and long(data, at) != WITHOUT_RUNS:
        return ODD
    containers, describe, offsets, start = heading(data, at)
    end = at + size
    if containers > _MOST_CONTAINERS or start > end:
        return ODD
    key, top, in_all = types.int64(-1), types.int64(0), types.int64(0)
    for number in range(containers):
        before, key = key, short(data, describe + 4 * number)
        tracks = short(data, describe + 4 * number + 2) + 1
        if key <= before or (offsets >= 0 and long(data, offsets + 4 * number) != start - at):
            return ODD
        if cookie == WITH_RUNS and data[at + 4 + number // 8] >> (number % 8) & 1:
            runs = short(data, start) if start + 2 <= end else types.int64(0)
            start, stop = start + 2, start + 2 + 4 * runs
            if runs == 0 or stop > end:
                return ODD
            top = _top_of_runs(data, start, runs, tracks)
        elif tracks > LARGEST_ARRAY:
            stop = start + BITSET_BYTES
            if stop > end:
                return ODD
            top = _top_of_bitset(data, start, tracks)
        else:
            stop = start + 2 * tracks
            if stop > end:
                return ODD
            top = _top_of_array(data, start, tracks)
        if top < 0:
            return ODD
        start, in_all = stop, in_all + tracks
    if start != end or in_all > _TRACKS_PER_BYTE * size:
        return ODD
    if containers == 0:
        return EMPTY
    last = types.int64(first_track) + (key << 16 | top)
    return ODD if last > MAX_TRACK or last // _WORD != types.int64(first_track) // _WORD else last


@compiled(types.void(STORED, INT64S))
def highest(stored: Any, found: Any) -> None:
    """As `kernel.Highest`."""
    data, begin, size, first_track = stored
    for row in range(len(begin)):
        found[row] = _highest(data, begin[row], size[row], first_track[row])
