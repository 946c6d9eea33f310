"""The parts of many tables, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.model.bittable import BitTable
from streams.model.kernel import Kernel, Split, fastest

__all__ = ["Part", "parts_of"]

_BYTES_AT_ONCE = 1 << 20


class Part(NamedTuple):
    """One of `BitTable.parts`, and how many `tracks` are set in it."""

    first_track: int
    tracks: int
    bitmap: bytes


def parts_of(tables: Iterable[BitTable], kernel: Kernel | None = None) -> Iterator[list[Part]]:
    """The parts of each table in turn; of small ones those of many are made in one call."""
    split = (kernel or fastest()).split
    if split is not None:
        yield from _split_many(tables, split)
        return
    for table in tables:
        yield [Part(first, table.tracks_in_part(first), bitmap) for first, bitmap in table.parts()]


def _split_many(tables: Iterable[BitTable], split: Split) -> Iterator[list[Part]]:
    begun: list[list[Part]] = []
    bitmaps: list[bytes] = []
    owners: list[tuple[list[Part], int]] = []  # of each bitmap: the parts of its table, and its first track
    size_bytes = 0
    for table in tables:
        begun.append([])
        for first_track, bits in table.words():
            bitmaps.append(bits.serialize())
            owners.append((begun[-1], first_track))
            size_bytes += len(bitmaps[-1])
        if size_bytes > _BYTES_AT_ONCE:
            _fill(owners, split(bitmaps))
            yield from begun
            begun, bitmaps, owners, size_bytes = [], [], [], 0
    _fill(owners, split(bitmaps))
    yield from begun


def _fill(owners: list[tuple[list[Part], int]], found: Iterable[tuple[int, int, int, bytes]]) -> None:
    for number, within, tracks, bitmap in found:
        parts, first_track = owners[number]
        parts.append(Part(first_track + within, tracks, bitmap))
