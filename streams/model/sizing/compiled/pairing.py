"""Runs of tracks to the intervals in which these were written before, and counts of them."""

from __future__ import annotations

from typing import Any

from numba import types

from streams.model.compiled.compiling import INT64S, UINT64S, column, compiled

__all__ = ["pair", "sum_windows", "sum_zero_runs"]

_STAMPS = types.int32[::1]
_PLACES, _TRACKS = column(types.int64), column(types.uint64)
_FOUND = types.UniTuple(types.int64, 4)  # type: ignore[no-untyped-call]  # numba has few types
_RUNS = types.Tuple((_PLACES, _TRACKS, _TRACKS))  # type: ignore[no-untyped-call]  # as above
_ROWS = types.Tuple((INT64S, INT64S, INT64S, UINT64S, UINT64S))  # type: ignore[no-untyped-call]  # as above
_TABLES = types.UniTuple(types.int64[:, ::1], 2)  # type: ignore[no-untyped-call]  # as above
_PAIRS = types.UniTuple(_PLACES, 3)  # type: ignore[no-untyped-call]  # as above


@compiled(_FOUND(_RUNS, types.int64, types.int64, _STAMPS, types.int32, _ROWS))
def pair(runs: Any, row: Any, within: Any, seen: Any, before: Any, rows: Any) -> Any:
    """As `loops.Pair`."""
    interval, first, last = runs
    found_interval, found_previous, found_tracks, new_first, new_last = rows
    count = new = 0
    while row < len(interval):
        stamp = types.int32(before + 1 + interval[row])
        track, end = types.int64(first[row]) + within, types.int64(last[row]) + 1
        while track < end:
            if count == len(found_interval):
                return count, new, row, track - types.int64(first[row])
            start, known = track, max(seen[track], before)
            while track < end and max(seen[track], before) == known:
                seen[track] = stamp
                track += 1
            found_interval[count], found_previous[count] = interval[row], types.int64(known) - before - 1
            found_tracks[count] = track - start
            count += 1
            if known == before:
                new_first[new], new_last[new] = start, track - 1
                new += 1
        row, within = row + 1, 0
    return count, new, row, 0


@compiled(types.void(_PAIRS, types.int64, _PLACES, _TABLES))
def sum_windows(pairs: Any, bytes_each: Any, classes: Any, tables: Any) -> None:
    """As `loops.SumWindows`."""
    interval, previous, tracks = pairs
    under, after = tables
    for row in range(len(interval)):
        place, size = classes[interval[row] - previous[row] - 1], tracks[row] * bytes_each
        under[place, interval[row]] += size
        after[place, previous[row] + 1] += size


@compiled(types.void(_PAIRS, _PAIRS, INT64S))
def sum_zero_runs(pairs: Any, stretches: Any, histogram: Any) -> None:
    """As `loops.SumZeroRuns`."""
    interval, previous, tracks = pairs
    since, left, length = stretches
    for row in range(len(interval)):
        now, before, count = interval[row], previous[row], tracks[row]
        zeros = now - before - 1
        histogram[left[now]] -= count
        if zeros >= since[now]:
            histogram[since[now]] -= count
            histogram[length[now]] += count
        else:
            histogram[zeros] -= count
            histogram[left[before]] += count
