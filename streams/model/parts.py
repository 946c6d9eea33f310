"""The parts of many tables, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.kernel import Split, fastest

__all__ = ["Parts", "parts_of"]

_BYTES_AT_ONCE = 1 << 20
_LARGE_TRACKS = 4 * PART_TRACKS  # to hold all bitmaps of such a table twice would cost more than calls do


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Parts of tables (`BitTable.parts`), a value for each, in order.

    `table` is the number of its table, `tracks` how many of them are set, from `first_track` on.
    """

    table: NDArray[np.int64]
    first_track: NDArray[np.uint64]
    tracks: NDArray[np.uint64]
    bitmaps: list[bytes]


def parts_of(tables: Iterable[BitTable]) -> Parts:
    """The parts of each table in turn; of small ones those of many are made in one call."""
    split = fastest().split
    if split is None:
        return _one_by_one(enumerate(tables))
    pieces = list(_together(tables, split))
    return Parts(
        np.concatenate([piece.table for piece in pieces]),
        np.concatenate([piece.first_track for piece in pieces]),
        np.concatenate([piece.tracks for piece in pieces]),
        [bitmap for piece in pieces for bitmap in piece.bitmaps],
    )


def _one_by_one(numbered: Iterable[tuple[int, BitTable]]) -> Parts:
    found = [
        (number, first_track, table.tracks_in_part(first_track), bitmap)
        for number, table in numbered
        for first_track, bitmap in table.parts()
    ]
    return Parts(
        np.array([number for number, _, _, _ in found], np.int64),
        np.array([first_track for _, first_track, _, _ in found], np.uint64),
        np.array([tracks for _, _, tracks, _ in found], np.uint64),
        [bitmap for _, _, _, bitmap in found],
    )


def _together(tables: Iterable[BitTable], split: Split) -> Iterator[Parts]:
    waiting: list[tuple[int, int, bytes]] = []  # table, first track and bytes of each bitmap
    size_bytes = 0
    for number, table in enumerate(tables):
        large = len(table) > _LARGE_TRACKS
        if large or size_bytes > _BYTES_AT_ONCE:
            yield _cut(waiting, split)
            waiting, size_bytes = [], 0
        if large:
            yield _one_by_one([(number, table)])
            continue
        for first_track, bits in table.words():
            waiting.append((number, first_track, bits.serialize()))
            size_bytes += len(waiting[-1][2])
    yield _cut(waiting, split)


def _cut(waiting: list[tuple[int, int, bytes]], split: Split) -> Parts:
    bitmap, within, tracks, bitmaps = split([each for _, _, each in waiting])
    table = np.array([number for number, _, _ in waiting], np.int64)
    first_track = np.array([first for _, first, _ in waiting], np.uint64)
    return Parts(
        table[bitmap], first_track[bitmap] + within.astype(np.uint64), tracks.astype(np.uint64), bitmaps
    )
