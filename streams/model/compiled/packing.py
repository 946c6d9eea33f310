"""Buckets to bitmaps, by way of Roaring's portable format (`streams.model.portable` has it in numpy)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.bits import ones
from streams.model.compiled.compiling import INT64S, UINT16S, UINT32S, UINT64S, compiled
from streams.model.compiled.layout import DENSE, ENTRIES, PAGE_WORDS, WORD, WORD_BITS, Buckets, Lists, Pages
from streams.model.compiled.lists import following
from streams.model.portable import LARGEST_ARRAY, WITHOUT_RUNS

__all__ = ["HEAD", "order", "pack"]

_ONE, _LOW, _HALF = np.uint64(1), np.uint64(0xFFFF), np.uint64(16)
HEAD = 4
"""16-bit numbers of a portable bitmap beside those of its containers."""

_PER_BUCKET = 4  # and of each container beside those of its tracks

_COOKIE, _LARGEST_ARRAY = np.uint16(WITHOUT_RUNS), np.uint64(LARGEST_ARRAY)


_ORDER = types.Tuple((UINT32S, UINT64S, INT64S, INT64S))  # type: ignore[no-untyped-call]  # numba has few types


@compiled(_ORDER(Buckets, INT64S))
def order(buckets: Any, by_chunk: Any) -> Any:
    """How buckets become bitmaps. The first is nobody's; `by_chunk` is the order of the others' chunks.

    Returns the numbers of the buckets in this order; `key >> 32` of each bitmap; where the buckets of each
    begin; and how many 16-bit numbers those before it take at most, beside its head. The last two have one
    more, the end.
    """
    count = len(by_chunk)
    chosen = np.empty(count, np.uint32)
    words = np.empty(count, np.uint64)
    firsts, before = np.empty(count + 1, np.int64), np.empty(count + 1, np.int64)
    bitmaps, size, place = 0, types.int64(0), 0
    for bucket in by_chunk:
        word = buckets[bucket + 1].chunk >> _HALF
        if bitmaps == 0 or words[bitmaps - 1] != word:
            words[bitmaps], firsts[bitmaps], before[bitmaps] = word, place, size
            bitmaps += 1
        size += _PER_BUCKET + min(types.int64(buckets[bucket + 1].count), LARGEST_ARRAY)
        chosen[place] = bucket + 1
        place += 1
    firsts[bitmaps], before[bitmaps] = place, size
    return chosen, words[:bitmaps], firsts[: bitmaps + 1], before[: bitmaps + 1]


@compiled(types.uint64(types.uint64, types.uint64, UINT16S, types.uint64))
def _write_word(number: Any, word: Any, numbers: Any, place: Any) -> Any:
    """Writes the numbers of the bits of a page's word, ascending; the place behind them."""
    while word != 0:
        lowest = word & (~word + _ONE)
        numbers[place] = number << WORD_BITS | ones(lowest - _ONE)
        place, word = place + _ONE, word ^ lowest
    return place


@compiled(types.uint64(types.uint64, Buckets, Lists, types.uint64[::1], UINT16S, types.uint64))
def _write_list(bucket: Any, buckets: Any, lists: Any, page: Any, numbers: Any, place: Any) -> Any:
    """Writes the tracks of a list, ascending, each once, by way of a page, which is left empty."""
    used = np.zeros(PAGE_WORDS >> WORD_BITS, np.uint64)  # a bit for each word of the page
    block, left = np.uint64(buckets[bucket].first), np.uint64(buckets[bucket].count)
    while True:
        for entry in range(min(left, ENTRIES)):
            track = np.uint64(lists[block + entry])
            word = track >> WORD_BITS
            page[word] |= _ONE << (track & WORD)
            used[word >> WORD_BITS] |= _ONE << (word & WORD)
        if left <= ENTRIES:
            break
        left, block = left - ENTRIES, following(lists, block)
    for high in range(np.uint64(len(used))):
        words = used[high]
        while words != 0:
            lowest = words & (~words + _ONE)
            word = high << WORD_BITS | ones(lowest - _ONE)
            place = _write_word(word, page[word], numbers, place)
            page[word], words = 0, words ^ lowest
    return place


@compiled(types.uint64(types.uint64[::1]))
def _tracks(page: Any) -> Any:
    """How many tracks a page has."""
    count = np.uint64(0)
    for word in page:
        count += ones(word)
    return count


@compiled(types.uint64(types.uint64[::1], types.uint64, UINT16S, types.uint64))
def _write_page(page: Any, tracks: Any, numbers: Any, place: Any) -> Any:
    """Writes a page as an array, or if its tracks are too many for one as a bitset; the place behind it."""
    if tracks <= _LARGEST_ARRAY:
        for number in range(PAGE_WORDS):
            place = _write_word(number, page[number], numbers, place)
        return place
    for number in range(PAGE_WORDS):
        for quarter in range(np.uint64(4)):
            numbers[place] = page[number] >> (quarter << np.uint64(4)) & _LOW
            place += _ONE
    return place


_MARKED = types.Tuple((Buckets, Lists, Pages))  # type: ignore[no-untyped-call]  # numba has few types


@compiled(types.uint64(UINT32S, _MARKED, UINT64S, UINT16S))
def _pack_one(chosen: Any, marked: Any, empty_page: Any, numbers: Any) -> Any:
    """Writes the chosen buckets as one portable bitmap; how many numbers it takes."""
    buckets, lists, pages = marked
    two, count = np.uint64(2), np.uint64(len(chosen))
    numbers[0], numbers[1], numbers[2], numbers[3] = _COOKIE, 0, count & _LOW, count >> _HALF
    head, offset = np.uint64(4), np.uint64(4) + two * count
    start = offset + two * count
    for bucket in chosen:
        if buckets[bucket].count == DENSE:
            page = pages[buckets[bucket].place]
            tracks = _tracks(page)
            end = _write_page(page, tracks, numbers, start)
        else:
            end = _write_list(np.uint64(bucket), buckets, lists, empty_page, numbers, start)
            tracks = end - start
        numbers[head], numbers[head + _ONE] = buckets[bucket].chunk & _LOW, tracks - _ONE
        numbers[offset], numbers[offset + _ONE] = start << _ONE & _LOW, start >> np.uint64(15)
        head, offset, start = head + two, offset + two, end
    return start


@compiled(types.void(UINT32S, INT64S, _MARKED, UINT16S, INT64S))
def pack(chosen: Any, firsts: Any, marked: Any, numbers: Any, ends: Any) -> None:
    """Writes the chosen buckets, whose chunks ascend, as portable bitmaps of 16-bit numbers, one by one.

    A bitmap has the buckets from one of `firsts` up to the next. It takes four numbers, and for each bucket
    four more and its entries, or 4,096 for a page; `numbers` has room for that. `ends` says where each ends.
    """
    empty_page, end = np.zeros(PAGE_WORDS, np.uint64), np.int64(0)
    for bitmap in range(len(ends)):
        mine = chosen[firsts[bitmap] : firsts[bitmap + 1]]
        end += np.int64(_pack_one(mine, marked, empty_page, numbers[end:]))
        ends[bitmap] = end
