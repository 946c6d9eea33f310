"""Passes over the writes of a message: what they lie between, whether they fit, and counts and tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import INT64S, UINT64S, column, compiled
from streams.model.counts import MAX_COUNT
from streams.model.pending import LONGEST_WAITING, MAX_TRACK, VOLUME_BITS

__all__ = ["extremes", "fits", "scan"]

_TIMES, _CODES = column(types.int64), column(types.int32)
_OFFSETS, _LENGTHS = column(types.uint64), (column(types.uint32), column(types.uint64))


_EXTREMES = types.Tuple((types.int64, types.int64, types.uint64, types.uint64))  # type: ignore[no-untyped-call]  # numba has few types


@compiled(*(_EXTREMES(_TIMES, _OFFSETS, length) for length in _LENGTHS))
def extremes(time_us: Any, offset: Any, length: Any) -> Any:
    """As `kernel.Extremes`."""
    first_us = last_us = time_us[0]
    highest, longest = offset[0], np.uint64(length[0])
    for row in range(len(time_us)):
        first_us, last_us = min(first_us, time_us[row]), max(last_us, time_us[row])
        highest, longest = max(highest, offset[row]), max(longest, np.uint64(length[row]))
    return first_us, last_us, highest, longest


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
    found = types.UniTuple(types.int64, 3)  # type: ignore[no-untyped-call]  # as above
    rows = types.Tuple((UINT64S, INT64S))  # type: ignore[no-untyped-call]  # as above
    return found(types.int64, columns, INT64S, grid, counts, rows)


@compiled(*map(_signature_of_scan, _LENGTHS))
def scan(row: Any, columns: Any, numbers: Any, grid: Any, counts: Any, found: Any) -> Any:
    """As `kernel.Scan`."""
    time_us, codes, offset, length = columns
    start_us, slot_us, track_bytes = grid
    writes, written_bytes, slots = counts
    keys, long_rows = found
    count, longs, room = 0, 0, len(keys) - LONGEST_WAITING - 1
    one, most, longest = np.uint64(1), np.uint64(MAX_COUNT), np.uint64(LONGEST_WAITING)
    size, bits = np.uint64(track_bytes), np.uint64(0)
    while (one << bits) < size:
        bits += one
    even = (one << bits) == size
    slot, slot_start_us, slot_end_us, slot_bytes = np.uint64(0), 0, 0, np.uint64(0)
    while row < len(codes) and count <= room:
        taken = np.uint64(length[row])
        number = np.uint64(numbers[codes[row]])
        writes[number] += 1
        written_bytes[number] = min(written_bytes[number] + taken, most)
        if not slot_start_us <= time_us[row] < slot_end_us:  # a division for each slot, not for each write
            slots[slot] = min(slots[slot] + slot_bytes, most)
            slot = np.uint64((time_us[row] - start_us) // slot_us)
            slot_start_us = start_us + np.int64(slot) * slot_us
            slot_end_us, slot_bytes = slot_start_us + slot_us, np.uint64(0)
        slot_bytes = min(slot_bytes + taken, most)
        if taken > 0:
            begin, end = offset[row], offset[row] + taken - one
            first, last = (begin >> bits, end >> bits) if even else (begin // size, end // size)
            volume = number << np.uint64(VOLUME_BITS)
            if last - first > longest or last > np.uint64(MAX_TRACK):
                long_rows[longs] = row
                longs += 1
            else:
                keys[count], keys[count + 1] = volume | first, volume | last
                count += 1 + (last != first)  # no branch: which way it goes is hard to predict
                for track in range(first + np.uint64(2), last + one):
                    keys[count] = volume | track - one
                    count += 1
        row += 1
    slots[slot] = min(slots[slot] + slot_bytes, most)
    return row, count, longs
