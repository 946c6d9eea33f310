"""Bits of a word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import compiled

__all__ = ["ones"]

_ONE = np.uint64(1)
_PAIRS, _FOURS, _EIGHTS, _SUM = (
    np.uint64(number)
    for number in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F, 0x0101010101010101)
)


@compiled(types.uint64(types.uint64))
def ones(word: Any) -> Any:
    """How many bits are set; compilers know these steps, and have one instruction for them."""
    word = word - (word >> _ONE & _PAIRS)
    word = (word & _FOURS) + (word >> np.uint64(2) & _FOURS)
    word = word + (word >> np.uint64(4)) & _EIGHTS
    return word * _SUM >> np.uint64(56)
