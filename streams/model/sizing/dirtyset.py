"""The set of tracks that a bitmap replicator has still to send, emptied in the order of addresses.

A resynchronisation goes through its bitmap from low to high addresses, and starts again at the lowest when
it has reached the highest; what is written behind it waits for the next round, what is written ahead of it
goes along (design, section 7).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.runs import bitmaps_of_runs, merged_runs

__all__ = ["DirtySet"]

Tracks = NDArray[np.uint64]

_WORD_BITS = 32


class DirtySet:
    """A set of addresses below 2^63, in tracks, and the place where sending goes on."""

    __slots__ = ("_cursor", "_words")

    def __init__(self) -> None:
        self._words: dict[int, BitMap] = {}  # by the high bits of the address
        self._cursor = 0

    def __len__(self) -> int:
        return sum(map(len, self._words.values()))

    def add(self, first: Tracks, last: Tracks) -> None:
        """Adds runs, both ends inclusive, in any order."""
        for word, bits in bitmaps_of_runs(*merged_runs(first, last)):
            if word in self._words:
                self._words[word] |= bits
            else:
                self._words[word] = bits

    def send(self, count: int) -> int:
        """Takes out the next so many, or all that there are; how many it were."""
        left = sent = min(count, len(self))
        while left:
            word = self._cursor >> _WORD_BITS
            bits = self._words.get(word)
            low = self._cursor & ((1 << _WORD_BITS) - 1)
            behind = bits.rank(low - 1) if bits and low else 0
            if bits is None or behind == len(bits):
                self._cursor = self._next_word(word) << _WORD_BITS
                continue
            some = min(left, len(bits) - behind)
            end = bits[behind + some - 1] + 1
            bits.remove_range(low, end)
            self._cursor = (word << _WORD_BITS) + end
            left -= some
        return sent

    def _next_word(self, word: int) -> int:
        """The next high bits in use, the lowest ones after the highest."""
        used = [other for other, bits in self._words.items() if bits]
        return min((other for other in used if other > word), default=min(used))
