"""The bit table: the set of tracks of one volume that were written at least once.

Held as Roaring bitmaps of the low 32 bits of the track number, one for each value of the high bits, so that
a group that touches one track of a huge volume stays as small as that track.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.model.portable import bitmap_of_bitsets, bitmaps_of_keys
from streams.model.runs import bitmaps_of_runs, merged_runs, overlaps, runs_of, spread

__all__ = ["PART_TRACKS", "BitTable"]

PART_TRACKS = 1 << 22
"""A stored table is split at multiples of this many tracks: a dense part is 524,808 bytes."""

_WORD = 1 << 32
_SHORT_PARTS = 8  # parts of a table that are cut out of all of it
_RUNS_FROM_TRACKS = 8  # the mean length of writes from which runs are faster than single tracks
_FEW_TRACKS = 4096  # so many are written out sooner than runs are made
_RUNS_AT_ONCE = 1 << 18  # about 20 MiB of columns

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
        if not widest:
            self._add(first)
            return
        few = max(_FEW_TRACKS, _RUNS_FROM_TRACKS * len(first))
        # An integer might not hold the sum of extents of any length.
        if widest * len(first) > few and extra.sum(dtype=np.float64) > few:
            self._add_runs(first, last)
            return
        row, within = spread(extra.astype(np.int64) + 1)
        self._add(first[row] + within.astype(np.uint64))

    def add_bits(self, word: int, bits: BitMap) -> int:
        """Sets tracks by their low 32 bits, where the bits above are `word`; takes the bitmap over.

        Returns how many of them were not set yet.
        """
        mine = self._words.get(word)
        if mine is None:
            self._words[word] = bits
            return len(bits)
        before = len(mine)
        mine |= bits
        return len(mine) - before

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
        runs = [(word, runs_of(bits)) for word, bits in self._words.items() if bits]
        if runs:
            first, last = (
                np.concatenate([found[side] + np.uint64(word * _WORD) for word, found in runs])
                // np.uint64(factor)
                for side in (0, 1)
            )
            table._add_runs(first, last)
        return table

    def restrict(self, ranges: Iterable[tuple[int, int]]) -> BitTable:
        """The tracks inside the half-open ranges `(first, end)`."""
        filled = np.array([(first, end - 1) for first, end in ranges if first < end], np.uint64)
        return self.inside_runs(*merged_runs(*filled.reshape(-1, 2).T))

    def inside_runs(self, low: Tracks, high: Tracks) -> BitTable:
        """The tracks inside the runs `low[i]..high[i]`, both inclusive, as `merged_runs` leaves them."""
        kept = BitTable()
        for word, bits in self._words.items():
            if not bits:
                continue
            base = np.uint64(word * _WORD)
            edges = np.array([bits.min(), bits.max()], np.uint64)
            first, last = overlaps(edges[:1] + base, edges[1:] + base, low, high)
            if len(first) == 1 and np.array_equal([first[0], last[0]], edges + base):
                kept._words[word] = bits.copy()
                continue
            for _, window in bitmaps_of_runs(first - base, last - base):
                kept._words[word] = bits & window
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
        return len(self) * track_bytes - self._missing_bytes(track_bytes, volume_bytes)

    def tracks_in_part(self, first_track: int) -> int:
        """How many tracks are set in one of the `parts`."""
        word, low = divmod(first_track, _WORD)
        return int(self._words[word].range_cardinality(low, low + PART_TRACKS))

    def words(self) -> Iterator[tuple[int, BitMap]]:
        """First track and bits of each 2^32 tracks that have some, ascending; nobody may change the bits."""
        return ((word * _WORD, self._words[word]) for word in sorted(self._words) if self._words[word])

    def _missing_bytes(self, track_bytes: int, volume_bytes: int | None) -> int:
        """By how much the last track of the volume, if it is set, is short."""
        short = -(volume_bytes or 0) % track_bytes
        if volume_bytes is None or not short or volume_bytes // track_bytes not in self:
            return 0
        return short

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
        table._add_parts(parts)
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
        for word, bits in bitmaps_of_keys(tracks.copy()):
            self.add_bits(word, bits)

    def _add_parts(self, parts: Iterable[tuple[int, bytes]]) -> None:
        for first_track, data in parts:
            word, shift = divmod(first_track, _WORD)
            bits = BitMap.deserialize(data)
            if bits and bits.max() + shift >= _WORD:
                raise ValueError(f"part at track {first_track} reaches beyond its 2^32 tracks")
            mine = self._words.setdefault(word, BitMap())
            mine |= bits.shift(shift) if shift else bits

    def _add_runs(self, first: Tracks, last: Tracks) -> None:
        for start in range(0, len(first), _RUNS_AT_ONCE):
            some = slice(start, start + _RUNS_AT_ONCE)
            for word, bits in bitmaps_of_runs(*merged_runs(first[some], last[some])):
                self.add_bits(word, bits)


def _split(base: int, bits: BitMap) -> Iterator[tuple[int, bytes]]:
    if not bits:
        return
    track, highest = bits.min(), bits.max()
    short = highest - track < _SHORT_PARTS * PART_TRACKS
    while True:  # from one part in use to the next: a few tracks may lie far apart
        first = track // PART_TRACKS * PART_TRACKS
        inside = bits if short else _window(bits, track, min(first + PART_TRACKS, highest + 1))
        yield base + first, _part(inside, first)
        if first + PART_TRACKS > highest:
            return
        track = bits.next_set_bit(first + PART_TRACKS)


def _window(bits: BitMap, start: int, end: int) -> BitMap:
    """The tracks from `start` up to `end`; to make one costs as much as to shift some parts."""
    window = BitMap()
    window.add_range(start, end)
    return bits & window


def _part(bits: BitMap, first: int) -> bytes:
    if bits.contains_range(first, first + PART_TRACKS):
        return _full_part()
    return _canonical(bits.shift(-first) if first else bits).serialize()


@cache
def _full_part() -> bytes:
    return _canonical(_every_track()).serialize()


def _canonical(part: BitMap) -> BitMap:
    # Where a run and an array take equally many bytes, CRoaring keeps whichever is there. The intersection
    # with plain bitsets has no runs, so what it makes of them then depends on the set alone.
    plain = part & _every_track()
    plain.run_optimize()
    return plain


@cache
def _every_track() -> BitMap:
    return bitmap_of_bitsets(np.full((PART_TRACKS >> 16, 1 << 13), 0xFF, np.uint8))
