"""The parts of many tables, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import BitTable
from streams.model.kernel import Kernel, Split, fastest

__all__ = ["Parts", "parts_of"]

_BYTES_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Parts of tables (`BitTable.parts`), a value for each, in order.

    `table` is the number of its table, `tracks` how many of them are set, from `first_track` on.
    """

    table: NDArray[np.int64]
    first_track: NDArray[np.uint64]
    tracks: NDArray[np.uint64]
    bitmaps: list[bytes]


def parts_of(tables: Iterable[BitTable], kernel: Kernel | None = None) -> Parts:
    """The parts of each table in turn; of small ones those of many are made in one call."""
    split = (kernel or fastest()).split
    found = _one_by_one(tables) if split is None else _together(tables, split)
    pieces = list(found)
    if len(pieces) == 1:
        return pieces[0]
    return Parts(
        np.concatenate([np.empty(0, np.int64), *(piece.table for piece in pieces)]),
        np.concatenate([np.empty(0, np.uint64), *(piece.first_track for piece in pieces)]),
        np.concatenate([np.empty(0, np.uint64), *(piece.tracks for piece in pieces)]),
        [bitmap for piece in pieces for bitmap in piece.bitmaps],
    )


def _one_by_one(tables: Iterable[BitTable]) -> Iterator[Parts]:
    for number, table in enumerate(tables):
        parts = list(table.parts())
        first = [first for first, _ in parts]
        yield Parts(
            np.full(len(parts), number),
            np.array(first, np.uint64),
            np.array(list(map(table.tracks_in_part, first)), np.uint64),
            [bitmap for _, bitmap in parts],
        )


def _together(tables: Iterable[BitTable], split: Split) -> Iterator[Parts]:
    owners: list[int] = []
    first_tracks: list[int] = []
    bitmaps: list[bytes] = []
    size_bytes = 0
    for number, table in enumerate(tables):
        for first_track, bits in table.words():
            owners.append(number)
            first_tracks.append(first_track)
            bitmaps.append(bits.serialize())
            size_bytes += len(bitmaps[-1])
        if size_bytes > _BYTES_AT_ONCE:
            yield _cut(owners, first_tracks, bitmaps, split)
            owners, first_tracks, bitmaps, size_bytes = [], [], [], 0
    yield _cut(owners, first_tracks, bitmaps, split)


def _cut(owners: list[int], first_tracks: list[int], bitmaps: list[bytes], split: Split) -> Parts:
    bitmap, within, tracks, cut = split(bitmaps)
    first_track = np.array(first_tracks, np.uint64)[bitmap] + within.astype(np.uint64)
    return Parts(np.array(owners, np.int64)[bitmap], first_track, tracks.astype(np.uint64), cut)
