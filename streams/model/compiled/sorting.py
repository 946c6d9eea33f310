"""Sorting by digits: a pass for each digit in which keys differ. Comparing has one for each doubling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from streams.model.compiled.compiling import UINT64S, compiled
from streams.model.kernel import NUMPY

__all__ = ["ascending"]

_DIGIT_BITS = 11  # the counters of a digit stay in the first-level cache
_VALUES = 1 << _DIGIT_BITS
_MOST_DIGITS = 6  # in 64 bits
_FEWEST_BY_DIGITS = 1_024  # below, clearing the counters costs more than comparing


def ascending(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """As `kernel.Kernel.ascending`."""
    if len(keys) < _FEWEST_BY_DIGITS:
        return NUMPY.ascending(keys)
    return keys[: _sort(keys, np.empty_like(keys))]


@compiled(UINT64S(UINT64S))
def _digits(keys: Any) -> Any:
    """The lowest bit of each digit; a digit begins where keys differ."""
    varying = np.uint64(0)
    for key in keys:
        varying |= key ^ keys[0]
    count, shift, shifts = 0, np.uint64(0), np.empty(_MOST_DIGITS, np.uint64)
    while shift < np.uint64(64) and varying >> shift:
        if (varying >> shift) & np.uint64(1):
            shifts[count] = shift
            count += 1
            shift += np.uint64(_DIGIT_BITS)
        else:
            shift += np.uint64(1)
    return shifts[:count]


@compiled(types.int64(UINT64S, UINT64S))
def _sort(keys: Any, other: Any) -> Any:
    """Sorts `keys`, each once, with as much memory beside it; how many are left."""
    mask, shifts = np.uint64(_VALUES - 1), _digits(keys)
    places = np.zeros((len(shifts), _VALUES), np.int64)
    for key in keys:
        for digit in range(len(shifts)):
            places[digit, (key >> shifts[digit]) & mask] += 1
    source, target = keys, other
    for digit in range(len(shifts)):
        total, shift, place = 0, shifts[digit], places[digit]
        for value in range(_VALUES):
            total, place[value] = total + place[value], total
        for key in source:
            value = (key >> shift) & mask
            target[place[value]] = key
            place[value] += 1
        source, target = target, source
    count = 0
    for row in range(len(source)):
        if row == 0 or source[row] != source[row - 1]:
            target[count] = source[row]
            count += 1
    keys[:count] = target[:count]
    return count
