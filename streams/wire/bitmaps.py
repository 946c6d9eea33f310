"""Bit tables in rows: pairs of `first_track` and a portable Roaring bitmap of `track - first_track`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.kernel import fastest
from streams.model.portableruns import Bitmaps
from streams.model.stored import ODD, StoredTable

__all__ = ["EMPTY_BITMAP", "Stored", "bitmap_parts", "read_bitmaps"]

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


@dataclass(frozen=True, slots=True)
class Stored:
    """The bitmaps of a message where they stand in it, and the highest track of each, or `ODD`."""

    bitmaps: Bitmaps
    edges: list[int]
    first_tracks: list[int]
    highest: list[int]

    @classmethod
    def of(cls, first_track: pa.Array, bitmaps: pa.Array) -> Stored:
        """Columns without nulls, looked through once by the compiled loops, where there are any."""
        width = np.int64 if pa.types.is_large_binary(bitmaps.type) else np.int32
        _, places, data = bitmaps.buffers()
        edges = np.frombuffer(places or b"", width)[bitmaps.offset :][: len(bitmaps) + 1].astype(np.int64)
        first = np.asarray(first_track, np.uint64)
        stored = Bitmaps.at(memoryview(data or b""), first, edges[:-1], np.diff(edges))
        found, loop = np.full(len(first), ODD, np.int64), fastest().highest
        if loop is not None:
            loop((stored.data, stored.begin, stored.size, stored.first_track), found)
        return cls(stored, edges.tolist(), first.tolist(), found.tolist())

    def table(self, rows: Sequence[int]) -> BitTable:
        """The union of some rows.

        Raises:
            MessageError: as `read_bitmaps`.
        """
        highest = [self.highest[row] for row in rows]
        if ODD in highest:
            return read_bitmaps(map(self._part, rows))
        together = rows[-1] - rows[0] == len(rows) - 1
        mine = self.bitmaps.some(slice(rows[0], rows[-1] + 1) if together else np.array(rows))
        return StoredTable(mine, max(highest))

    def _part(self, row: int) -> tuple[int, bytes]:
        return self.first_tracks[row], self.bitmaps.data[self.edges[row] : self.edges[row + 1]].tobytes()
