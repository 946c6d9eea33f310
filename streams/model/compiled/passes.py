"""One pass over the writes of a message that checks them, and one that counts and marks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import INT64S, UINT64S, column, compiled
from streams.model.counts import MAX_COUNT
from streams.model.pending import LONGEST_WAITING, MAX_TRACK, VOLUME_BITS

__all__ = ["fits", "scan"]

_SCRAMBLE = 0x9E3779B97F4A7C15  # odd: the high bits of a product depend on all bits of a key

_TIMES, _CODES = column(types.int64), column(types.int32)
_OFFSETS, _LENGTHS = column(types.uint64), (column(types.uint32), column(types.uint64))


@compiled(*(types.boolean(_CODES, _OFFSETS, length, UINT64S) for length in _LENGTHS))
def fits(codes: Any, offset: Any, length: Any, ends: Any) -> bool:
    """As `kernel.Fits`."""
    beyond = 0
    for row in range(len(codes)):  # without a way out, so that several rows are compared at once
        end = ends[codes[row]]
        beyond |= (end == 0) | (offset[row] + length[row] > end)
    return beyond == 0


def _signature_of_scan(length: Any) -> Any:
    grid = types.UniTuple(types.int64, 3)  # type: ignore[no-untyped-call]  # numba has few types
    columns = types.Tuple((_TIMES, _CODES, _OFFSETS, length))  # type: ignore[no-untyped-call]  # as above
    counts = types.Tuple((INT64S, UINT64S, UINT64S))  # type: ignore[no-untyped-call]  # as above
    waiting = types.Tuple((UINT64S, types.int64, UINT64S, INT64S))  # type: ignore[no-untyped-call]  # as above
    found = types.UniTuple(types.int64, 3)  # type: ignore[no-untyped-call]  # as above
    return found(types.int64, columns, INT64S, grid, counts, waiting)


@compiled(*map(_signature_of_scan, _LENGTHS))
def scan(row: Any, columns: Any, numbers: Any, grid: Any, counts: Any, waiting: Any) -> Any:
    """As `kernel.Scan`."""
    time_us, codes, offset, length = columns
    start_us, slot_us, track_bytes = grid
    writes, written_bytes, slots = counts
    keys, count, seen, long_rows = waiting
    room, longs = len(keys) - LONGEST_WAITING - 1, 0
    one, most, scramble = np.uint64(1), np.uint64(MAX_COUNT), np.uint64(_SCRAMBLE)
    size, bits = np.uint64(track_bytes), np.uint64(0)
    while (one << bits) < size:
        bits += one
    even = (one << bits) == size
    unused = np.uint64(64)  # bits of a scrambled key beside those that say where it is remembered
    while len(seen) >> (np.uint64(64) - unused) > 1:
        unused -= one
    slot, slot_start_us, slot_end_us = 0, 0, 0
    while row < len(codes) and count <= room:
        taken = np.uint64(length[row])
        number = numbers[codes[row]]
        writes[number] += 1
        written_bytes[number] = min(written_bytes[number] + taken, most)
        if not slot_start_us <= time_us[row] < slot_end_us:  # a division for each slot, not for each write
            slot = (time_us[row] - start_us) // slot_us
            slot_start_us = start_us + slot * slot_us
            slot_end_us = slot_start_us + slot_us
        slots[slot] = min(slots[slot] + taken, most)
        if taken > 0:
            begin, end = offset[row], offset[row] + taken - one
            first, last = (begin >> bits, end >> bits) if even else (begin // size, end // size)
            if last - first > np.uint64(LONGEST_WAITING) or last > np.uint64(MAX_TRACK):
                long_rows[longs] = row
                longs += 1
            else:
                volume = np.uint64(number) << np.uint64(VOLUME_BITS)
                for track in range(first, last + one):
                    key = volume | track
                    place = (key * scramble) >> unused
                    new = np.int64(seen[place] != key)  # no branch: which way it goes is hard to predict
                    seen[place] = keys[count] = key
                    count += new
        row += 1
    return row, count, longs
