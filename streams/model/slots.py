"""Bytes written in each slot of a base interval, while it fills."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.model.counts import MAX_COUNT, sum_by_group

__all__ = ["SlotBytes"]

_MAX = np.uint64(MAX_COUNT)


class SlotBytes:
    """Bytes by slot, or unknown as a whole. An interval without writes holds none of them."""

    __slots__ = ("_bytes", "_count", "_known")

    def __init__(self, count: int) -> None:
        self._count = count
        self._known = True
        self._bytes: NDArray[np.uint64] | None = None

    @classmethod
    def of(cls, values: Sequence[int | None] | None, count: int) -> SlotBytes:
        """The inverse of `values`."""
        slots = cls(count)
        if values is None or None in values:
            slots.forget()
        elif any(values):
            slots._bytes = np.array(values, np.uint64)
        return slots

    def values(self) -> tuple[int, ...] | None:
        """The bytes of every slot, None where they are unknown."""
        if not self._known:
            return None
        return (0,) * self._count if self._bytes is None else tuple(self._bytes.tolist())

    def forget(self) -> None:
        """From now on the bytes are unknown."""
        self._known, self._bytes = False, None

    def add(self, slot: int, size_bytes: int) -> None:
        """Adds bytes to one slot."""
        if self._known and size_bytes:
            slots = self._filled()
            slots[slot] = min(int(slots[slot]) + size_bytes, MAX_COUNT)

    def add_rows(self, slots: NDArray[np.int64], sizes_bytes: NDArray[np.integer]) -> None:
        """Adds `sizes_bytes[i]` to `slots[i]` for every row."""
        if self._known:
            self._add_all(sum_by_group(slots, sizes_bytes, self._count).astype(np.uint64))

    def room(self) -> NDArray[np.uint64]:
        """The slots themselves, to be added to, up to `MAX_COUNT` each; zeros where bytes are unknown."""
        return self._filled() if self._known else np.zeros(self._count, np.uint64)

    def merge(self, other: SlotBytes) -> None:
        """Adds those of another interval; unknown plus anything is unknown."""
        if not other._known:
            self.forget()
        elif self._known and other._bytes is not None:
            self._add_all(other._bytes)

    def _add_all(self, more: NDArray[np.uint64]) -> None:
        self._bytes = np.minimum(self._filled() + more, _MAX)

    def _filled(self) -> NDArray[np.uint64]:
        if self._bytes is None:
            self._bytes = np.zeros(self._count, np.uint64)
        return self._bytes
