"""Counts that may be unknown, and that never grow beyond what a row can hold.

Sources say how much was written; a garbled or hostile figure must not make a row that nobody can write or
read. So sums stop at `MAX_COUNT`, which no storage reaches: 8 EiB.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_COUNT", "add_known", "sum_by_group", "sum_known"]

MAX_COUNT = (1 << 63) - 1
"""The largest count in any row."""

_EXACT_IN_DOUBLE = 1 << 53


def add_known(left: int | None, right: int | None) -> int | None:
    """The sum; unknown plus anything is unknown."""
    return None if left is None or right is None else min(left + right, MAX_COUNT)


def sum_known(counts: Iterable[int | None]) -> int | None:
    """The sum, or None where one of the counts is unknown."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return min(total, MAX_COUNT)


def sum_by_group(groups: NDArray[np.integer], sizes: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """The exact sum of the sizes in each of `count` groups, as long as all of them stay below 2^63."""
    if not len(sizes) or int(sizes.max()) * len(sizes) >= _EXACT_IN_DOUBLE:
        sums = np.zeros(count, np.int64)
        np.add.at(sums, groups, sizes.astype(np.int64))
        return sums
    return np.bincount(groups, weights=sizes, minlength=count).astype(np.int64)
