"""Bit tables in rows: pairs of `first_track` and a portable Roaring bitmap of `track - first_track`."""

from __future__ import annotations

from collections.abc import Iterable

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS, BitTable

__all__ = ["EMPTY_BITMAP", "bitmap_parts", "read_bitmaps"]

EMPTY_BITMAP = bytes.fromhex("3a30000000000000")
"""A portable Roaring bitmap without a bit."""

_TRACK_LIMIT = 1 << 63


def bitmap_parts(tracks: BitTable) -> list[tuple[int, bytes]]:
    """The rows of a table, ascending; an empty one has a row too, at track 0."""
    return list(tracks.parts()) or [(0, EMPTY_BITMAP)]


def read_bitmaps(parts: Iterable[tuple[int, bytes]]) -> BitTable:
    """The union of the rows.

    Raises:
        MessageError: no portable Roaring bitmap, or off the grid; reason `bad-bitmap`.
    """
    checked = []
    for first_track, bitmap in parts:
        if first_track % PART_TRACKS or first_track >= _TRACK_LIMIT:
            raise MessageError(
                "bad-bitmap", f"first_track {first_track} is no multiple of {PART_TRACKS} below 2^63"
            )
        if not bitmap:
            raise MessageError("bad-bitmap", f"tracks at {first_track}: no bytes; an empty bitmap has 8")
        checked.append((first_track, bitmap))
    try:
        return BitTable.from_parts(checked)
    except ValueError as error:
        raise MessageError("bad-bitmap", f"tracks: {error}") from None
