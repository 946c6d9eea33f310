"""Stored bitmaps go into the buckets of their chunks, container by container, without becoming keys."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import INT64S, compiled
from streams.model.compiled.containers import or_into, size_of, write_out
from streams.model.compiled.directory import find
from streams.model.compiled.layout import DENSE, ENTRIES, IN_BLOCK, WORD, WORD_BITS
from streams.model.compiled.marking import ARRAYS, make_dense, make_room, new_bucket
from streams.model.compiled.reading import STORED, heading, short
from streams.model.portable import LARGEST_ARRAY, WITH_RUNS

__all__ = ["unite"]

_ONE, _HALF = np.uint64(1), np.uint64(16)


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
                write_out(data, start, runs, tracks, values)
            else:
                if buckets[bucket].count != DENSE and not make_dense(
                    bucket, buckets, lists, pages, hot, state
                ):
                    return False
                or_into(data, start, runs, pages, buckets[bucket].place)
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
            start += size_of(runs, tracks)
        cursor[0], cursor[1], cursor[2] = cursor[0] + 1, 0, 0
    return True
