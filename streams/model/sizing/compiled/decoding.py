"""Stored bitmaps to runs of tracks, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.bits import ones
from streams.model.compiled.compiling import INT64S, UINT64S, compiled
from streams.model.compiled.reading import BITSET_BYTES, LEAST_BYTES, PLACES, STORED, long, short
from streams.model.portable import FEWEST_WITH_OFFSETS, LARGEST_ARRAY, WITH_RUNS, WITHOUT_RUNS

__all__ = ["decode"]

_NO_ROOM = -1
_GARBLED = -2
_NOTHING = -2  # nothing touches it
_CONTAINER = 1 << 16  # its values lie below


_RUNS = types.Tuple((INT64S, UINT64S, UINT64S))  # type: ignore[no-untyped-call]  # as above


@compiled(types.int64(STORED, PLACES, _RUNS))
def decode(stored: Any, when: Any, runs: Any) -> Any:  # noqa: C901, PLR0911, PLR0912, PLR0915  # calls would keep its state in memory
    """As `loops.Decode`."""
    data, begin, size, first_track = stored
    interval, first, last = runs
    count, now, low, high = 0, types.int64(-1), types.int64(_NOTHING), types.int64(_NOTHING)
    for row in range(len(begin)):
        at, end = begin[row], begin[row] + size[row]
        if at < 0 or size[row] < LEAST_BYTES or end > len(data):
            return _GARBLED
        cookie = long(data, at)
        may_have_runs = (cookie & 0xFFFF) == WITH_RUNS
        if may_have_runs:
            containers = (cookie >> 16) + 1
            head = at + 4 + (containers + 7) // 8
        elif cookie == WITHOUT_RUNS:
            containers, head = long(data, at + 4), at + 8
        else:
            return _GARBLED
        has_offsets = not may_have_runs or containers >= FEWEST_WITH_OFFSETS
        body = head + 4 * containers
        start = body + 4 * containers if has_offsets else body
        if start > end:
            return _GARBLED
        key = types.int64(-1)
        for number in range(containers):
            key_before, key = key, short(data, head + 4 * number)
            if key <= key_before or (has_offsets and long(data, body + 4 * number) != start - at):
                return _GARBLED
            base = types.int64(first_track[row]) + (key << 16)
            tracks = short(data, head + 4 * number + 2) + 1
            has_runs = may_have_runs and data[at + 4 + number // 8] >> (number % 8) & 1
            is_bitset = not has_runs and tracks > LARGEST_ARRAY
            if start + 2 > end:
                return _GARBLED
            if has_runs:
                step, stop = 4, start + 2 + 4 * short(data, start)
                start += 2
            elif is_bitset:
                step, stop = 1, start + BITSET_BYTES
            else:
                step, stop = 2, start + 2 * tracks
            if stop > end or stop == start:
                return _GARBLED
            least, apart, values = types.int64(0), types.int64(2 if has_runs else 1), types.int64(0)
            for place in range(start, stop, step):
                bits = types.int64(1)
                further = types.int64(0)
                if is_bitset:
                    bits = types.int64(data[place])
                    value = 8 * (place - start)
                    values += types.int64(ones(np.uint64(bits)))
                else:
                    value = short(data, place)
                    if has_runs:
                        further = short(data, place + 2)
                    if value < least:
                        return _GARBLED
                    least = value + further + apart
                while bits:
                    if bits & 1:
                        track = base + value
                        if when[row] == now and track <= high + 1:
                            if track <= high:
                                return _GARBLED
                            high = track + further
                        else:
                            if low >= 0:
                                if count == len(interval):
                                    return _NO_ROOM
                                interval[count], first[count], last[count] = now, low, high
                                count += 1
                            now, low, high = when[row], track, track + further
                    bits >>= 1
                    value += 1
            if least - apart >= _CONTAINER or (is_bitset and values != tracks):
                return _GARBLED
            start = stop
    if low >= 0:
        if count == len(interval):
            return _NO_ROOM
        interval[count], first[count], last[count] = now, low, high
        count += 1
    return count
