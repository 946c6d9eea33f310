"""The arrays in which compiled loops mark (`streams.model.compiled.layout`), and how they grow."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.compiled.directory import enter, enter_hot
from streams.model.compiled.layout import BLOCK, BUCKET, HOT, PAGE_WORDS, STATE, Missing
from streams.model.compiled.marking import mark, mark_hot
from streams.model.compiled.packing import HEAD, order, pack
from streams.model.compiled.uniting import unite
from streams.model.portableruns import Bitmaps

__all__ = ["Chunks"]

_FEWEST = 8  # buckets, blocks or pages, once there are any
_DOUBLED = 1 << 12  # of more than these, what is not used yet stays small against what is
_MOST_BLOCKS = 1 << 26  # places are 32-bit numbers; memory is bounded by what is touched, not by this
_PLACES_PER_CHUNK = 4  # most chunks are found where they are looked for first
_PACKED_AT_ONCE = 1 << 17  # 16-bit numbers of bitmaps that are made in one call, if it is not one alone
_SCRAMBLE = np.uint64(secrets.randbits(64) | 1)
"""Odd: then the high bits of a product depend on all bits of a chunk."""

_EMPTY: NDArray[Any] = np.array([(1, 0, 1, 1, Missing.NOTHING, _SCRAMBLE)], STATE)

_Column = TypeVar("_Column", bound=np.generic)


class Chunks:
    """Keys of tracks (`streams.model.pending`) on their way into bit tables."""

    __slots__ = ("_buckets", "_directory", "_hot", "_lists", "_pages", "_state")

    def __init__(self) -> None:
        self._clear()

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Adds keys, in any order, and moves them about in their array."""
        if self._used("pages") > 1:
            keys = keys[: mark_hot(keys, self._hot, self._pages, _SCRAMBLE)]
        row = 0
        while row < len(keys):
            row = mark(keys, row, self._arrays)
            if row < len(keys):
                self._grow()

    def unite(self, first_key: int, stored: Bitmaps) -> bool:
        """Adds the tracks of bitmaps that were found sound, counted from a key."""
        columns, cursor = (stored.data, stored.begin, stored.size, stored.first_track), np.zeros(3, np.int64)
        while not unite(first_key, columns, cursor, self._arrays):
            self._grow()
        return True

    def due(self, held_tracks: int) -> bool:  # noqa: ARG002  # however many tracks the tables hold
        """Whether it is time to take them: the numbers of blocks are used up."""
        return self._used("blocks") > _MOST_BLOCKS

    def take(self) -> Iterator[tuple[int, BitMap]]:
        """All tracks that were added: the bits of each 2^32 keys that have some, ascending."""
        buckets = self._buckets[: self._used("buckets")]
        if len(buckets) == 1:  # nobody's
            return
        marked = (buckets, self._lists, self._pages)
        self._clear()
        chosen, words, firsts, before = order(buckets, np.argsort(buckets["chunk"][1:]))
        for first, last in _stretches(before):
            ends = np.empty(last - first, np.int64)
            numbers = np.empty(HEAD * len(ends) + int(before[last] - before[first]), np.uint16)
            pack(chosen, firsts[first : last + 1], marked, numbers, ends)
            place = 0
            for word, end in zip(words[first:last].tolist(), ends.tolist(), strict=True):
                yield word, BitMap.deserialize(numbers[place:end].tobytes())
                place = end

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return (self._directory, self._buckets, self._lists, self._pages, self._hot, self._state)

    def _used(self, field: str) -> int:
        return int(self._state[field][0])

    def _clear(self) -> None:
        self._directory: NDArray[np.uint32] = np.zeros(_PLACES_PER_CHUNK, np.uint32)
        self._buckets: NDArray[Any] = np.zeros(1, BUCKET)
        self._hot: NDArray[Any] = np.zeros(1, HOT)
        self._lists: NDArray[np.uint16] = np.zeros(0, np.uint16)
        self._pages: NDArray[np.uint64] = np.zeros((0, int(PAGE_WORDS)), np.uint64)
        self._state: NDArray[Any] = _EMPTY.copy()

    def _grow(self) -> None:
        """Makes room for what the last marking lacked; without memory for it, all stays as it is."""
        missing = self._used("missing")
        if missing == Missing.BUCKETS:
            buckets = _grown(self._buckets, _more(len(self._buckets)))
            directory = np.zeros(_places(len(buckets)), np.uint32)
            enter(directory, buckets, self._used("buckets"), _SCRAMBLE)
            self._buckets, self._directory = buckets, directory
        elif missing == Missing.BLOCKS:
            self._lists = _grown(self._lists, _more(len(self._lists) // int(BLOCK)) * int(BLOCK))
        elif missing == Missing.PAGES:
            pages = _grown(self._pages, _more(len(self._pages)))
            hot = np.zeros(_places(len(pages)), HOT)
            enter_hot(hot, self._buckets, self._used("buckets"), _SCRAMBLE)
            self._pages, self._hot = pages, hot


def _stretches(before: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and end of as many bitmaps as are packed at once; `before` says how much there is before each."""
    first = 0
    while first < len(before) - 1:
        fitting = int(np.searchsorted(before, before[first] + _PACKED_AT_ONCE, "right")) - 1
        last = max(fitting, first + 1)
        yield first, last
        first = last


def _places(count: int) -> int:
    return 1 << (_PLACES_PER_CHUNK * count - 1).bit_length()


def _more(count: int) -> int:
    return count + max(_FEWEST, min(count, max(_DOUBLED, count // 4)))


def _grown(column: NDArray[_Column], count: int) -> NDArray[_Column]:
    """A longer column, zeros behind what is there; they take no memory as long as nobody touches them."""
    grown = np.zeros((count, *column.shape[1:]), column.dtype)
    grown[: len(column)] = column
    return grown
