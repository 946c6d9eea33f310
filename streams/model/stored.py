"""Bit tables that stay in the bytes in which they came until somebody asks for their tracks.

A worker that takes in a fold needs its highest track, and ORs it into an open interval. Compiled loops do
both with the bytes alone; objects of each bitmap would cost several times as much.
"""

from __future__ import annotations

from pyroaring import BitMap

from streams.model.bittable import BitTable
from streams.model.portableruns import Bitmaps

__all__ = ["EMPTY", "ODD", "StoredTable"]

EMPTY = -1
"""In place of the highest track: there is none."""

ODD = -2
"""In place of the highest track: a bitmap that is for Roaring to read, or to refuse."""


class StoredTable(BitTable):
    """The union of stored bitmaps, none of which is odd; `highest` is their highest track, or `EMPTY`.

    It is a table as any other. Who marks it has to ask for `stored` first, which is None from the moment on
    when the bitmaps were read.
    """

    __slots__ = ("_highest", "stored")

    def __init__(self, stored: Bitmaps, highest: int) -> None:
        self.stored: Bitmaps | None = stored
        self._highest = highest

    def __getattr__(self, name: str) -> dict[int, BitMap]:
        """The words, which the slot does not have before they are asked for."""
        if name != "_words" or self.stored is None:
            raise AttributeError(name)
        parts, self.stored = self.stored.parts(), None
        self._words = {}
        self._add_parts(parts)
        return self._words

    def highest(self) -> int | None:
        """As that of any table, without reading it."""
        if self.stored is None:
            return super().highest()
        return None if self._highest == EMPTY else self._highest
