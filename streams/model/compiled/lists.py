"""Lists of tracks in linked blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import compiled
from streams.model.compiled.layout import (
    BLOCK,
    ENTRIES,
    PAGE_WORDS,
    WORD,
    WORD_BITS,
    Buckets,
    Lists,
    Missing,
    State,
)

__all__ = ["following", "give_back", "new_block", "prolong", "take_out_doubles"]

_ONE, _LOW, _HALF = np.uint64(1), np.uint64(0xFFFF), np.uint64(16)
_NO_BLOCKS = Missing.BLOCKS


@compiled(types.uint64(Lists, types.uint64))
def following(lists: Any, block: Any) -> Any:
    """Where the next block begins, 0 where there is none."""
    link = block + ENTRIES
    return (np.uint64(lists[link]) | np.uint64(lists[link + _ONE]) << _HALF) * BLOCK


@compiled(types.void(Lists, types.uint64, types.uint64))
def _link(lists: Any, block: Any, target: Any) -> None:
    number = target // BLOCK
    lists[block + ENTRIES] = number & _LOW
    lists[block + ENTRIES + _ONE] = number >> _HALF


@compiled(types.uint64(Lists, State))
def new_block(lists: Any, state: Any) -> Any:
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


@compiled(types.void(types.uint64, types.uint64, Lists, State))
def give_back(first: Any, last: Any, lists: Any, state: Any) -> None:
    """Lets others have the linked blocks from the first to the last."""
    _link(lists, last, state[0].free)
    state[0].free = first


@compiled(types.uint64(types.uint64, Lists, State))
def prolong(block: Any, lists: Any, state: Any) -> Any:
    """Links a new block behind one; where it begins, 0 where there is no room."""
    new = new_block(lists, state)
    if new != 0:
        _link(lists, block, new)
    return new


@compiled(types.void(types.uint64, Buckets, Lists, State))
def take_out_doubles(bucket: Any, buckets: Any, lists: Any, state: Any) -> None:
    """Leaves each track of a list once, in the order in which they came; what is left over is given back."""
    seen = np.zeros(PAGE_WORDS, np.uint64)
    source = target = np.uint64(buckets[bucket].first)
    left, kept, filled = np.uint64(buckets[bucket].count), np.uint64(0), np.uint64(0)
    while True:
        for entry in range(min(left, ENTRIES)):
            track = np.uint64(lists[source + entry])
            word, bit = seen[track >> WORD_BITS], track & WORD
            seen[track >> WORD_BITS] = word | _ONE << bit
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
        give_back(following(lists, target), source, lists, state)
        _link(lists, target, np.uint64(0))
    buckets[bucket].place, buckets[bucket].count = target + filled, kept
