"""Containers of stored bitmaps: their tracks, as numbers or as the bits of a page."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import UINT16S, compiled
from streams.model.compiled.layout import PAGE_WORDS, WORD, WORD_BITS, Pages
from streams.model.compiled.reading import BITSET_BYTES, BYTES, short
from streams.model.portable import LARGEST_ARRAY

__all__ = ["or_into", "size_of", "write_out"]

_ONE, _ALL = np.uint64(1), np.uint64((1 << 64) - 1)


@compiled(types.void(BYTES, types.int64, types.int64, types.int64, UINT16S))
def write_out(data: Any, start: Any, runs: Any, tracks: Any, values: Any) -> None:
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
def or_into(data: Any, start: Any, runs: Any, pages: Any, page: Any) -> None:
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
def size_of(runs: Any, tracks: Any) -> Any:
    """How many bytes a container takes, behind the number of its runs."""
    if runs:
        return 4 * runs
    return 2 * tracks if tracks <= LARGEST_ARRAY else types.int64(BITSET_BYTES)
