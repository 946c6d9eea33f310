"""Stored bitmaps go into the buckets of their chunks, container by container, without becoming keys."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import INT64S, UINT16S, compiled
from streams.model.compiled.directory import find
from streams.model.compiled.layout import DENSE, ENTRIES, IN_BLOCK, PAGE_WORDS, WORD, WORD_BITS, Pages
from streams.model.compiled.marking import ARRAYS, make_dense, make_room, new_bucket
from streams.model.compiled.reading import BITSET_BYTES, BYTES, STORED, heading, short
from streams.model.portable import LARGEST_ARRAY, WITH_RUNS

__all__ = ["unite"]

_ONE, _HALF, _ALL = np.uint64(1), np.uint64(16), np.uint64((1 << 64) - 1)


@compiled(types.void(BYTES, types.int64, types.int64, types.int64, UINT16S))
def _write_out(data: Any, start: Any, runs: Any, tracks: Any, values: Any) -> None:
    """Writes out so many tracks: those of an array, or of runs (0: it is none)."""
    if runs == 0:
        for number in range(tracks):
            values[number] = short(data, start + 2 * number)
        return
    count = 0
    for place in range(start, start + 4 * runs, 4):
        first = short(data, place)
        for value in range(first, first + short(data, place + 2) + 1):
            values[count] = value
            count += 1


@compiled(types.void(BYTES, types.int64, types.int64, Pages, types.uint64))
def _or(data: Any, start: Any, runs: Any, pages: Any, page: Any) -> None:
    """ORs a bitset, or runs (0: it has none), into a page."""
    if runs == 0:
        for number in range(PAGE_WORDS):
            word, place = np.uint64(0), start + 8 * types.int64(number)
            for byte in range(8):
                word |= np.uint64(data[place + byte]) << np.uint64(8 * byte)
            pages[page, number] |= word
        return
    for place in range(start, start + 4 * runs, 4):
        first = np.uint64(short(data, place))
        last = first + np.uint64(short(data, place + 2))
        for number in range(first >> WORD_BITS, (last >> WORD_BITS) + _ONE):
            word = _ALL
            if number == first >> WORD_BITS:
                word &= _ALL << (first & WORD)
            if number == last >> WORD_BITS:
                word &= _ALL >> (WORD - (last & WORD))
            pages[page, number] |= word


@compiled(types.int64(types.int64, types.int64))
def _size(runs: Any, tracks: Any) -> Any:
    """How many bytes a container takes, behind the number of its runs."""
    if runs:
        return 4 * runs
    return 2 * tracks if tracks <= LARGEST_ARRAY else types.int64(BITSET_BYTES)


@compiled(types.boolean(types.uint64, STORED, INT64S, ARRAYS))
def unite(first_key: Any, stored: Any, cursor: Any, arrays: Any) -> Any:  # noqa: C901, PLR0912  # calls with so many arrays cost a quarter
    """Marks the tracks of bitmaps that are not odd (`kernel.Highest`), counted from a key.

    The cursor has the row, the container and its place (0: not known) to begin with, and is moved on. False
    where room is missing, as the state says.
    """
    data, begin, _, first_track = stored
    directory, buckets, lists, pages, hot, state = arrays
    values = np.empty(LARGEST_ARRAY, np.uint16)
    while cursor[0] < len(begin):
        at, first_chunk = begin[cursor[0]], (first_key + first_track[cursor[0]]) >> _HALF
        containers, describe, _, first = heading(data, at)
        may_have_runs = short(data, at) == WITH_RUNS
        start = cursor[2] or first
        for number in range(cursor[1], containers):
            cursor[1], cursor[2] = number, start
            tracks = short(data, describe + 4 * number + 2) + 1
            chunk = first_chunk + np.uint64(short(data, describe + 4 * number))
            found = find(directory, buckets, chunk, state[0].scramble)
            bucket = np.uint64(directory[found])
            if bucket == 0:
                bucket = new_bucket(chunk, found, directory, buckets, lists, state)
                if bucket == 0:
                    return False
            runs = types.int64(0)
            if may_have_runs and data[at + 4 + number // 8] >> (number % 8) & 1:
                runs, start = short(data, start), start + 2
            row, rows = np.uint64(0), np.uint64(tracks)
            if tracks <= LARGEST_ARRAY:
                _write_out(data, start, runs, tracks, values)
            else:
                if buckets[bucket].count != DENSE and not make_dense(
                    bucket, buckets, lists, pages, hot, state
                ):
                    return False
                _or(data, start, runs, pages, buckets[bucket].place)
                row = rows
            while row < rows:
                place, count = np.uint64(buckets[bucket].place), np.uint64(buckets[bucket].count)
                if count == np.uint64(DENSE):
                    for entry in range(row, rows):
                        track = np.uint64(values[entry])
                        pages[place, track >> WORD_BITS] |= _ONE << (track & WORD)
                    break
                room = min(np.uint64(buckets[bucket].limit) - count, ENTRIES - (place & IN_BLOCK), rows - row)
                if room == 0:
                    if not make_room(bucket, buckets, lists, pages, hot, state):
                        return False
                    continue
                for entry in range(room):
                    lists[place + entry] = values[row + entry]
                row += room
                buckets[bucket].place, buckets[bucket].count = place + room, count + room
            start += _size(runs, tracks)
        cursor[0], cursor[1], cursor[2] = cursor[0] + 1, 0, 0
    return True
