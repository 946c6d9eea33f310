"""Marking: keys go into the buckets of their chunks.

When a list has reached its limit, what it has twice is taken out, and if it stays long it becomes a page. So
a hot chunk costs a look-up and a bit, a track in a list takes 2 to 9 bytes (up to 130 where a chunk has but a
few), and nothing is sorted before the interval ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import UINT64S, compiled
from streams.model.compiled.directory import enter_hot, find, place_of
from streams.model.compiled.layout import (
    DENSE,
    ENTRIES,
    IN_BLOCK,
    WORD,
    WORD_BITS,
    Buckets,
    Directory,
    Hot,
    Lists,
    Missing,
    Pages,
    State,
)
from streams.model.compiled.lists import following, give_back, new_block, prolong, take_out_doubles

__all__ = ["ARRAYS", "make_dense", "make_room", "mark", "mark_hot", "new_bucket"]

ARRAYS = types.Tuple((Directory, Buckets, Lists, Pages, Hot, State))  # type: ignore[no-untyped-call]  # of numba
"""What a bucket may need: the directory, buckets, numbers of all blocks, pages, hot and state."""

_ONE, _LOW, _HALF = np.uint64(1), np.uint64(0xFFFF), np.uint64(16)
_DENSE_FROM = np.uint64(2_048)  # a page takes 4 B for each of so many tracks
_LONGEST_LIST = np.uint64(4_096)
_SHORT, _GROWTH_WHILE_SHORT = np.uint64(120), np.uint64(4)  # memory is for long lists, time for short ones
_GROWTH = np.uint64(2)
_NO_BUCKETS, _NO_PAGES = Missing.BUCKETS, Missing.PAGES


@compiled(types.boolean(types.uint64, Buckets, Lists, Pages, Hot, State))
def make_dense(bucket: Any, buckets: Any, lists: Any, pages: Any, hot: Any, state: Any) -> Any:
    """Puts the tracks of a list into a page and gives the blocks back; False where there is no page."""
    page = state[0].pages
    if page >= np.uint64(len(pages)):
        state[0].missing = _NO_PAGES
        return False
    state[0].pages += _ONE
    block, left = np.uint64(buckets[bucket].first), np.uint64(buckets[bucket].count)
    while True:
        for entry in range(min(left, ENTRIES)):
            track = np.uint64(lists[block + entry])
            pages[page, track >> WORD_BITS] |= _ONE << (track & WORD)
        if left <= ENTRIES:
            break
        left, block = left - ENTRIES, following(lists, block)
    give_back(np.uint64(buckets[bucket].first), block, lists, state)
    buckets[bucket].place, buckets[bucket].count = page, DENSE
    enter_hot(hot, buckets[bucket : bucket + _ONE], _ONE, state[0].scramble)
    return True


@compiled(types.boolean(types.uint64, Buckets, Lists, Pages, Hot, State))
def make_room(bucket: Any, buckets: Any, lists: Any, pages: Any, hot: Any, state: Any) -> Any:
    """Lets a bucket take one more entry, or become a page; False where room is missing for that."""
    if buckets[bucket].count == buckets[bucket].limit:
        take_out_doubles(bucket, buckets, lists, state)
        kept = np.uint64(buckets[bucket].count)
        if kept >= _DENSE_FROM:
            return make_dense(bucket, buckets, lists, pages, hot, state)
        growth = _GROWTH_WHILE_SHORT if kept <= _SHORT else _GROWTH
        buckets[bucket].limit = min(max(growth * kept, ENTRIES), _LONGEST_LIST)
    place = np.uint64(buckets[bucket].place)
    if place & IN_BLOCK == ENTRIES:
        block = prolong(place - ENTRIES, lists, state)
        if block == 0:
            return False
        buckets[bucket].place = block
    return True


@compiled(types.uint64(types.uint64, types.uint64, Directory, Buckets, Lists, State))
def new_bucket(chunk: Any, place: Any, directory: Any, buckets: Any, lists: Any, state: Any) -> Any:
    """A bucket for a chunk, which goes to a place in the directory; 0 where there is no room."""
    bucket = state[0].buckets
    if bucket == np.uint64(len(buckets)):
        state[0].missing = _NO_BUCKETS
        return np.uint64(0)
    block = new_block(lists, state)
    if block == 0:
        return np.uint64(0)
    state[0].buckets += _ONE
    directory[place] = bucket
    new = buckets[bucket]
    new.chunk, new.place, new.count, new.limit, new.first = chunk, block, 0, ENTRIES, block
    return bucket


@compiled(types.uint64(UINT64S, Hot, Pages, types.uint64))
def mark_hot(keys: Any, hot: Any, pages: Any, scramble: Any) -> Any:
    """Marks the keys of hot chunks, moves all others to the front, and returns how many those are."""
    left, places = np.uint64(0), np.uint64(len(hot))
    for key in keys:
        chunk = key >> _HALF
        entry = hot[place_of(chunk, places, scramble)]
        if entry.chunk == chunk and entry.page != 0:
            pages[entry.page, (key & _LOW) >> WORD_BITS] |= _ONE << (key & WORD)
        else:
            keys[left] = key
            left += _ONE
    return left


@compiled(types.uint64(UINT64S, types.uint64, ARRAYS))
def mark(keys: Any, row: Any, arrays: Any) -> Any:
    """Marks the keys from `row` on.

    `arrays` are the directory, the buckets, the numbers of all blocks, the pages, the hot and the state.
    Returns the row to go on with; if it is one of theirs, the state says what room is missing.
    """
    directory, buckets, lists, pages, hot, state = arrays
    while row < np.uint64(len(keys)):
        chunk, track = keys[row] >> _HALF, keys[row] & _LOW
        found = find(directory, buckets, chunk, state[0].scramble)
        bucket = np.uint64(directory[found])
        if bucket == 0:
            bucket = new_bucket(chunk, found, directory, buckets, lists, state)
            if bucket == 0:
                return row
        place, count = np.uint64(buckets[bucket].place), buckets[bucket].count
        if count == DENSE:
            pages[place, track >> WORD_BITS] |= _ONE << (track & WORD)
        elif count == buckets[bucket].limit or place & IN_BLOCK == ENTRIES:
            if not make_room(bucket, buckets, lists, pages, hot, state):
                return row
            continue
        else:
            lists[place] = track
            buckets[bucket].place, buckets[bucket].count = place + _ONE, count + np.uint32(1)
        row += _ONE
    return row
