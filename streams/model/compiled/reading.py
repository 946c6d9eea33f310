"""Stored bitmaps as loops read them: bytes, and the numbers that stand in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import column, compiled
from streams.model.portable import FEWEST_WITH_OFFSETS, WITH_RUNS

__all__ = ["BITSET_BYTES", "BYTES", "LEAST_BYTES", "PLACES", "STORED", "heading", "long", "short"]

BYTES, PLACES = column(types.uint8), column(types.int64)

STORED = types.Tuple((BYTES, PLACES, PLACES, column(types.uint64)))  # type: ignore[no-untyped-call]  # numba has few types
"""Bytes, and of each bitmap where it begins, its size and its first track (`portableruns.Bitmaps`)."""

LEAST_BYTES = 8
"""Of an empty bitmap."""

BITSET_BYTES = 8192


@compiled(types.int64(BYTES, types.int64))
def short(data: Any, at: Any) -> Any:
    """The 16-bit number at a place."""
    place = np.uint64(at)  # a number that could be negative would be looked at for that
    return types.int64(data[place]) | types.int64(data[place + np.uint64(1)]) << 8


@compiled(types.int64(BYTES, types.int64))
def long(data: Any, at: Any) -> Any:
    """The 32-bit number at a place."""
    return short(data, at) | short(data, at + 2) << 16


@compiled(types.UniTuple(types.int64, 4)(BYTES, types.int64))  # type: ignore[no-untyped-call]  # as above
def heading(data: Any, at: Any) -> Any:
    """Of the bitmap at a place, which has a first number that bitmaps have and 8 bytes at least.

    Returns how many containers it has, where their descriptions begin, where the offsets do (-1: there are
    none), and where the first container does.
    """
    containers, describe, offsets = long(data, at + 4), at + 8, types.int64(-1)
    may_have_runs = short(data, at) == WITH_RUNS
    if may_have_runs:
        containers = short(data, at + 2) + 1
        describe = at + 4 + (containers + 7) // 8
    first = describe + 4 * containers
    if not may_have_runs or containers >= FEWEST_WITH_OFFSETS:
        offsets = first
        first += 4 * containers
    return containers, describe, offsets, first
