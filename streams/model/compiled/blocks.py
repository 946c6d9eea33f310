"""Marking by chunks of 2^16 tracks: those of a chunk are listed first; many of them become a page of bits.

A key is the number of a volume and a track (`streams.model.pending`). What is above its lowest 16 bits is
the chunk, and the directory says which bucket that has. A bucket lists its tracks as they come, 16 bits each,
in linked blocks of a cache line. When a list has reached its limit, what it has twice is taken out, and if it
stays long it becomes a page, where a track is a bit. So hot chunks cost a look-up and a bit, a track in a
list takes 2 to 9 bytes, and nothing is sorted before the interval ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import from_dtype, types

from streams.model.compiled.compiling import UINT64S, compiled

__all__ = [
    "BLOCK",
    "BUCKET",
    "BUCKETS",
    "DENSE",
    "ENTRIES",
    "HOT",
    "LISTS",
    "PAGES",
    "PAGE_WORDS",
    "STATE",
    "Missing",
    "enter",
    "enter_hot",
    "following",
    "mark",
    "mark_hot",
]

BLOCK = np.uint64(32)
"""16-bit numbers of a block: its entries, and behind them the number of the next block in two halves."""

ENTRIES = np.uint64(30)

PAGE_WORDS = np.uint64(1_024)

DENSE = np.uint32((1 << 32) - 1)
"""The count of a bucket that is a page; lists are shorter."""

BUCKET = np.dtype([("chunk", "u8"), ("place", "u4"), ("count", "u4"), ("limit", "u4"), ("first", "u4")])
"""`place`: of the next entry, in the numbers of all blocks, or the page. `count` of entries, duplicates too,
and the `limit` where they are taken out. `first`: the first block."""

HOT = np.dtype([("chunk", "u8"), ("page", "u8")])
"""A chunk that has a page. Each has one place, by its number, until another takes that; page 0 is none."""

STATE = np.dtype([("blocks", "u8"), ("free", "u8"), ("buckets", "u8"), ("pages", "u8"), ("missing", "u8")])
"""How many blocks, buckets and pages there are, the first block of those given back (0: none), and which of
the three is missing if marking has stopped. Block, bucket and page 0 are nobody's."""


class Missing:
    """What room is missing for."""

    NOTHING, BUCKETS, BLOCKS, PAGES = range(4)


BUCKETS, LISTS, PAGES = from_dtype(BUCKET)[::1], types.uint16[::1], types.uint64[:, ::1]
_DIRECTORY, _HOT, _STATE = types.uint32[::1], from_dtype(HOT)[::1], from_dtype(STATE)[::1]
_ARRAYS = types.Tuple((_DIRECTORY, BUCKETS, LISTS, PAGES, _HOT, _STATE))  # type: ignore[no-untyped-call]  # of numba

_ONE, _LOW, _HALF = np.uint64(1), np.uint64(0xFFFF), np.uint64(16)
_IN_BLOCK = BLOCK - _ONE
_BITS, _BIT = np.uint64(6), np.uint64(63)  # of a word: its number is above, the bit below
_DENSE_FROM = np.uint64(2_048)  # a page takes 4 B for each of so many tracks
_LONGEST_LIST = np.uint64(4_096)
_SHORT, _GROWTH_WHILE_SHORT = np.uint64(120), np.uint64(4)  # memory is for long lists, time for short ones
_GROWTH = np.uint64(2)
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)  # odd: the high bits of a product depend on all bits of a chunk
_NO_BUCKETS, _NO_BLOCKS, _NO_PAGES = Missing.BUCKETS, Missing.BLOCKS, Missing.PAGES


@compiled(types.uint64(types.uint64, types.uint64))
def _place(chunk: Any, places: Any) -> Any:
    """The place, of as many as a power of two, where a chunk is looked for first."""
    return (chunk * _SCRAMBLE) >> np.uint64(32) & (places - _ONE)


@compiled(types.uint64(_DIRECTORY, BUCKETS, types.uint64))
def _find(directory: Any, buckets: Any, chunk: Any) -> Any:
    """The place in the directory that has the chunk's bucket, or that is empty and would have it."""
    places = np.uint64(len(directory))
    place = _place(chunk, places)
    while directory[place] != 0 and buckets[directory[place]].chunk != chunk:
        place = (place + _ONE) & (places - _ONE)
    return place


@compiled(types.void(_DIRECTORY, BUCKETS, types.uint64))
def enter(directory: Any, buckets: Any, count: Any) -> None:
    """Puts so many buckets into an empty directory."""
    for bucket in range(_ONE, count):
        directory[_find(directory, buckets, buckets[bucket].chunk)] = bucket


@compiled(types.void(_HOT, BUCKETS, types.uint64))
def enter_hot(hot: Any, buckets: Any, count: Any) -> None:
    """Of so many buckets, gives those that are pages their places among the hot."""
    for bucket in buckets[:count]:
        if bucket.count == DENSE:
            entry = hot[_place(bucket.chunk, np.uint64(len(hot)))]
            entry.chunk, entry.page = bucket.chunk, bucket.place


@compiled(types.uint64(LISTS, types.uint64))
def following(lists: Any, block: Any) -> Any:
    """Where the next block begins, 0 where there is none."""
    link = block + ENTRIES
    return (np.uint64(lists[link]) | np.uint64(lists[link + _ONE]) << _HALF) * BLOCK


@compiled(types.void(LISTS, types.uint64, types.uint64))
def _link(lists: Any, block: Any, target: Any) -> None:
    number = target // BLOCK
    lists[block + ENTRIES] = number & _LOW
    lists[block + ENTRIES + _ONE] = number >> _HALF


@compiled(types.uint64(LISTS, _STATE))
def _new_block(lists: Any, state: Any) -> Any:
    """Where a block begins that is nobody's, 0 where there is no room."""
    block = state[0].free
    if block != 0:
        state[0].free = following(lists, block)
    elif (state[0].blocks + _ONE) * BLOCK <= np.uint64(len(lists)):
        block = state[0].blocks * BLOCK
        state[0].blocks += _ONE
    else:
        state[0].missing = _NO_BLOCKS
        return np.uint64(0)
    _link(lists, block, np.uint64(0))
    return block


@compiled(types.void(types.uint64, BUCKETS, LISTS, _STATE))
def _take_out_doubles(bucket: Any, buckets: Any, lists: Any, state: Any) -> None:
    """Leaves each track of a list once, in the order in which they came; what is left over is given back."""
    seen = np.zeros(PAGE_WORDS, np.uint64)
    source = target = np.uint64(buckets[bucket].first)
    left, kept, filled = np.uint64(buckets[bucket].count), np.uint64(0), np.uint64(0)
    while True:
        for entry in range(min(left, ENTRIES)):
            track = np.uint64(lists[source + entry])
            word, bit = seen[track >> _BITS], track & _BIT
            seen[track >> _BITS] = word | _ONE << bit
            new = ~(word >> bit) & _ONE  # no branch: which way it goes is hard to predict
            if filled == ENTRIES:
                if new == 0:
                    continue
                target, filled = following(lists, target), np.uint64(0)
            lists[target + filled] = track
            filled, kept = filled + new, kept + new
        if left <= ENTRIES:
            break
        left, source = left - ENTRIES, following(lists, source)
    if source != target:
        _link(lists, source, state[0].free)
        state[0].free = following(lists, target)
        _link(lists, target, np.uint64(0))
    buckets[bucket].place, buckets[bucket].count = target + filled, kept


@compiled(types.boolean(types.uint64, BUCKETS, LISTS, PAGES, _HOT, _STATE))
def _make_dense(bucket: Any, buckets: Any, lists: Any, pages: Any, hot: Any, state: Any) -> Any:
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
            pages[page, track >> _BITS] |= _ONE << (track & _BIT)
        if left <= ENTRIES:
            break
        left, block = left - ENTRIES, following(lists, block)
    _link(lists, block, state[0].free)
    state[0].free = buckets[bucket].first
    buckets[bucket].place, buckets[bucket].count = page, DENSE
    enter_hot(hot, buckets[bucket : bucket + _ONE], _ONE)
    return True


@compiled(types.boolean(types.uint64, BUCKETS, LISTS, PAGES, _HOT, _STATE))
def _make_room(bucket: Any, buckets: Any, lists: Any, pages: Any, hot: Any, state: Any) -> Any:
    """Lets a bucket take one more entry, or become a page; False where room is missing for that."""
    if buckets[bucket].count == buckets[bucket].limit:
        _take_out_doubles(bucket, buckets, lists, state)
        kept = np.uint64(buckets[bucket].count)
        if kept >= _DENSE_FROM:
            return _make_dense(bucket, buckets, lists, pages, hot, state)
        growth = _GROWTH_WHILE_SHORT if kept <= _SHORT else _GROWTH
        buckets[bucket].limit = min(max(growth * kept, ENTRIES), _LONGEST_LIST)
    place = np.uint64(buckets[bucket].place)
    if place & _IN_BLOCK == ENTRIES:
        block = _new_block(lists, state)
        if block == 0:
            return False
        _link(lists, place - ENTRIES, block)
        buckets[bucket].place = block
    return True


@compiled(types.uint64(types.uint64, types.uint64, _DIRECTORY, BUCKETS, LISTS, _STATE))
def _new_bucket(chunk: Any, place: Any, directory: Any, buckets: Any, lists: Any, state: Any) -> Any:
    """A bucket for a chunk, which goes to a place in the directory; 0 where there is no room."""
    bucket = state[0].buckets
    if bucket == np.uint64(len(buckets)):
        state[0].missing = _NO_BUCKETS
        return np.uint64(0)
    block = _new_block(lists, state)
    if block == 0:
        return np.uint64(0)
    state[0].buckets += _ONE
    directory[place] = bucket
    new = buckets[bucket]
    new.chunk, new.place, new.count, new.limit, new.first = chunk, block, 0, ENTRIES, block
    return bucket


@compiled(types.uint64(UINT64S, _HOT, PAGES))
def mark_hot(keys: Any, hot: Any, pages: Any) -> Any:
    """Marks the keys of hot chunks, moves all others to the front, and returns how many those are."""
    left, places = np.uint64(0), np.uint64(len(hot))
    for key in keys:
        chunk = key >> _HALF
        entry = hot[_place(chunk, places)]
        if entry.chunk == chunk and entry.page != 0:
            pages[entry.page, (key & _LOW) >> _BITS] |= _ONE << (key & _BIT)
        else:
            keys[left] = key
            left += _ONE
    return left


@compiled(types.uint64(UINT64S, types.uint64, _ARRAYS))
def mark(keys: Any, row: Any, arrays: Any) -> Any:
    """Marks the keys from `row` on.

    `arrays` are the directory, the buckets, the numbers of all blocks, the pages, the hot and the state.
    Returns the row to go on with; if it is one of theirs, the state says what room is missing.
    """
    directory, buckets, lists, pages, hot, state = arrays
    while row < np.uint64(len(keys)):
        chunk, track = keys[row] >> _HALF, keys[row] & _LOW
        found = _find(directory, buckets, chunk)
        bucket = np.uint64(directory[found])
        if bucket == 0:
            bucket = _new_bucket(chunk, found, directory, buckets, lists, state)
            if bucket == 0:
                return row
        place, count = np.uint64(buckets[bucket].place), buckets[bucket].count
        if count == DENSE:
            pages[place, track >> _BITS] |= _ONE << (track & _BIT)
        elif count == buckets[bucket].limit or place & _IN_BLOCK == ENTRIES:
            if not _make_room(bucket, buckets, lists, pages, hot, state):
                return row
            continue
        else:
            lists[place] = track
            buckets[bucket].place, buckets[bucket].count = place + _ONE, count + np.uint32(1)
        row += _ONE
    return row
