"""The bit table: the set of tracks of one volume that were written at least once.

Held as Roaring bitmaps of the low 32 bits of the track number, one for each value of the high bits, so that
a group that touches one track of a huge volume stays as small as that track.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

__all__ = ["PART_TRACKS", "BitTable"]

PART_TRACKS = 1 << 22
"""A stored table is split at multiples of this many tracks: a dense part is 524,808 bytes."""

_WORD = 1 << 32
_LONG_EXTENT_TRACKS = 4096
_MOST_EXPANDED = 1 << 20  # track numbers that are written out at once: 8 MiB

Tracks = NDArray[np.uint64]


class BitTable:
    """A growing set of track numbers below 2^63.

    Marking is idempotent and does not depend on order, so the same writes give the same table however they
    are batched, repeated or shuffled.
    """

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words: dict[int, BitMap] = {}

    @classmethod
    def of(cls, tracks: Iterable[int]) -> BitTable:
        """The table of exactly these tracks."""
        table = cls()
        table._add(np.fromiter(tracks, np.uint64))
        return table

    def mark(self, first: Tracks, last: Tracks) -> None:
        """Sets the bits `first[i]..last[i]`, both inclusive, for every row."""
        if not len(first):
            return
        extra = last - first
        widest = int(extra.max())
        if widest >= _LONG_EXTENT_TRACKS:
            long = extra >= _LONG_EXTENT_TRACKS
            for start, end in _merged(first[long], last[long]):
                self._add_range(start, end + 1)
            self.mark(first[~long], last[~long])
        elif widest * len(first) > _MOST_EXPANDED and len(first) > 1:
            half = len(first) // 2
            self.mark(first[:half], last[:half])
            self.mark(first[half:], last[half:])
        elif widest:
            counts = (extra + np.uint64(1)).astype(np.int64)
            starts = np.cumsum(counts) - counts
            within = np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)
            self._add(np.repeat(first, counts) + within.astype(np.uint64))
        else:
            self._add(first)

    def update(self, other: BitTable) -> None:
        """ORs another table into this one."""
        for word, bits in other._words.items():
            mine = self._words.get(word)
            if mine is None:
                self._words[word] = bits.copy()
            else:
                mine |= bits

    def copy(self) -> BitTable:
        """An independent copy."""
        table = BitTable()
        table._words = {word: bits.copy() for word, bits in self._words.items()}
        return table

    def coarsen(self, factor: int) -> BitTable:
        """The table for tracks `factor` times as long: a coarse track is set where any of its parts is."""
        table = BitTable()
        table._add(np.unique(self.tracks() // np.uint64(factor)))
        return table

    def restrict(self, ranges: Iterable[tuple[int, int]]) -> BitTable:
        """The tracks inside the half-open ranges `(first, end)`."""
        kept = BitTable()
        for first, end in ranges:
            for word, bits in self._words.items():
                base = word * _WORD
                low, high = max(first - base, 0), min(end - base, _WORD)
                if low < high:
                    window = BitMap()
                    window.add_range(low, high)
                    kept._words.setdefault(word, BitMap()).update(bits & window)
        return kept

    def highest(self) -> int | None:
        """The highest track number, None where there is none."""
        words = [word for word, bits in self._words.items() if bits]
        if not words:
            return None
        return max(words) * _WORD + int(self._words[max(words)].max())

    def tracks(self) -> Tracks:
        """All track numbers, ascending."""
        if not self._words:
            return np.empty(0, np.uint64)
        words = (
            np.asarray(self._words[word].to_array(), np.uint64) + np.uint64(word * _WORD)
            for word in sorted(self._words)
        )
        return np.concatenate(list(words))

    def changed_bytes(self, track_bytes: int, volume_bytes: int | None) -> int:
        """Bytes of the set tracks; a short last track counts its true bytes, unknown volumes have none."""
        whole = len(self) * track_bytes
        if volume_bytes is None:
            return whole
        short = -volume_bytes % track_bytes
        if not short or volume_bytes // track_bytes not in self:
            return whole
        return whole - short

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """`(first_track, portable Roaring of track - first_track)` for each stretch of 2^22 tracks in use.

        The bytes depend on the set alone, not on how the table came about.
        """
        for word in sorted(self._words):
            yield from _split(word * _WORD, self._words[word])

    @classmethod
    def from_parts(cls, parts: Iterable[tuple[int, bytes]]) -> BitTable:
        """The inverse of `parts`.

        Raises:
            ValueError: the bytes are no portable Roaring bitmap, or a part reaches across a multiple of 2^32.
        """
        table = cls()
        for first_track, data in parts:
            word, shift = divmod(first_track, _WORD)
            bits = BitMap.deserialize(data)
            if bits and bits.max() + shift >= _WORD:
                raise ValueError(f"part at track {first_track} reaches beyond its 2^32 tracks")
            mine = table._words.setdefault(word, BitMap())
            mine |= bits.shift(shift) if shift else bits
        return table

    def __len__(self) -> int:
        return sum(map(len, self._words.values()))

    def __contains__(self, track: int) -> bool:
        word, low = divmod(track, _WORD)
        return low in self._words.get(word, ())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BitTable):
            return NotImplemented
        return {w: b for w, b in self._words.items() if b} == {w: b for w, b in other._words.items() if b}

    __hash__ = None  # type: ignore[assignment]  # a growing set is no key

    def __repr__(self) -> str:
        return f"BitTable({len(self)} tracks)"

    def _add(self, tracks: Tracks) -> None:
        if not len(tracks):
            return
        ordered = np.sort(tracks)
        if ordered[-1] < _WORD:
            self._add_low(0, ordered)
            return
        high = ordered >> np.uint64(32)
        edges = [0, *(np.flatnonzero(np.diff(high)) + 1).tolist(), len(ordered)]
        for start, end in pairwise(edges):
            self._add_low(int(high[start]), ordered[start:end])

    def _add_low(self, word: int, ordered: Tracks) -> None:
        # pyroaring takes the buffer of an array.array at once; numpy arrays it walks element by element.
        bits = BitMap(array("I", ordered.astype(np.uint32).tobytes()))
        mine = self._words.get(word)
        if mine is None:
            self._words[word] = bits
        else:
            mine |= bits

    def _add_range(self, first: int, end: int) -> None:
        for word in range(first // _WORD, (end - 1) // _WORD + 1):
            base = word * _WORD
            bits = self._words.setdefault(word, BitMap())
            bits.add_range(max(first, base) - base, min(end, base + _WORD) - base)


def _merged(first: Tracks, last: Tracks) -> Iterator[tuple[int, int]]:
    """The spans as few disjoint ones: a loop over them is short where writes overlap or follow each other."""
    order = np.argsort(first, kind="stable")
    first, reach = first[order], np.maximum.accumulate(last[order])
    starts = np.flatnonzero(np.concatenate([[True], first[1:] > reach[:-1] + np.uint64(1)]))
    ends = np.concatenate([starts[1:] - 1, [len(first) - 1]])
    return zip(first[starts].tolist(), reach[ends].tolist(), strict=True)


def _split(base: int, bits: BitMap) -> Iterator[tuple[int, bytes]]:
    if not bits:
        return
    low, high = bits.min(), bits.max()
    for shift in range(low // PART_TRACKS * PART_TRACKS, high + 1, PART_TRACKS):
        part = _canonical(bits if high < PART_TRACKS else _piece(bits, shift))
        if part:
            yield base + shift, part.serialize()


def _piece(bits: BitMap, shift: int) -> BitMap:
    window = BitMap()
    window.add_range(shift, shift + PART_TRACKS)
    return (bits & window).shift(-shift)


def _canonical(part: BitMap) -> BitMap:
    # Where a run and an array take equally many bytes, CRoaring keeps whichever is there. The intersection
    # with plain bitsets has no runs, so what it makes of them then depends on the set alone.
    plain = part & _every_track()
    plain.run_optimize()
    return plain


@cache
def _every_track() -> BitMap:
    tracks = np.arange(PART_TRACKS, dtype=np.uint32)
    return BitMap(array("I", tracks.tobytes()), optimize=False)
