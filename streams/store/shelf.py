"""Rows of many table messages, sorted by volume outside of memory.

Tables come by time, and reports go by volume. A month of a large group does not fit into memory in between:
rows are put on shelves of a few volumes each. They are collected up to a bound, then written to a temporary
file, shelf by shelf, and a shelf is read back whole. Few rows never leave memory. The file has no name, so
that it is gone with the last process that has it open, however that ends. Once sealed, shelves can be sent to
other processes of `multiprocessing`, which then read the same file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from multiprocessing.reduction import DupFd
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.errors import MissingData
from streams.model.portableruns import Bitmaps

__all__ = ["VOLUMES_PER_SHELF", "Rows", "Shelves"]

VOLUMES_PER_SHELF: Final = 16
_MOST_PENDING_BYTES: Final = 64 << 20

Places = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of table messages by column.

    Number of the message and of the volume, place and size of the bitmap, counts (-1: unknown), and the time
    that agents vouch for.
    """

    part: NDArray[np.uint32]
    volume: NDArray[np.uint32]
    first_track: NDArray[np.uint64]
    size: NDArray[np.int64]
    writes: Places
    written_bytes: Places
    vouched_us: Places

    def some(self, places: Any) -> Rows:
        """The rows at these places."""
        return Rows(*(column[places] for column in self))

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """The rows of all parts."""
        columns = zip(*parts, strict=True) if parts else [[]] * len(_TYPES)
        return cls(
            *(np.concatenate([np.empty(0, kind), *c]) for kind, c in zip(_TYPES, columns, strict=True))
        )


_TYPES: Final = tuple(map(np.dtype, ("<u4", "<u4", "<u8", "<i8", "<i8", "<i8", "<i8")))


class _Region(NamedTuple):
    """Rows of a shelf in the file: where they begin, how many they are, and the bytes of their bitmaps."""

    offset: int
    rows: int
    data_bytes: int


class Shelves:
    """The rows by shelf, `volume // VOLUMES_PER_SHELF`."""

    def __init__(self, most_pending_bytes: int = _MOST_PENDING_BYTES) -> None:
        self._most_pending_bytes = most_pending_bytes
        self._pending: list[tuple[Rows, memoryview]] = []
        self._pending_bytes = 0
        self._regions: dict[int, list[_Region]] = {}
        self._file: Any = None
        self._memory = b""

    @property
    def numbers(self) -> list[int]:
        """The shelves that have rows."""
        return sorted(self._regions)

    @property
    def is_in_file(self) -> bool:
        """Whether there were too many rows for memory."""
        return self._file is not None

    def add(self, rows: Rows, data: bytes) -> None:
        """Puts the rows of one message on; `data` has their bitmaps one after the other."""
        if not len(rows.part):
            return
        self._pending.append((rows, memoryview(data)))
        self._pending_bytes += len(data) + sum(column.nbytes for column in rows)
        if self._pending_bytes >= self._most_pending_bytes:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this
            self._flush()

    def seal(self) -> None:
        """Ends the putting on: from now on shelves are read."""
        if self._file is None:
            self._file = BytesIO()
            self._flush()
            self._memory, self._file = self._file.getvalue(), None
        else:
            self._flush()
            self._file.flush()

    def read(self, shelf: int) -> tuple[Rows, Bitmaps]:
        """The rows of a shelf, those of a message together, and their bitmaps."""
        parts, data = [], bytearray()
        for region, held in self._held(shelf):
            place, columns = 0, []
            for kind in _TYPES:
                columns.append(np.frombuffer(held, kind, region.rows, place))
                place += kind.itemsize * region.rows
            parts.append(Rows(*columns))
            data += held[place:]
        rows = Rows.joined(parts)
        return rows, Bitmaps.of(data, rows.first_track, rows.size)

    def __getstate__(self) -> dict[str, Any]:
        file = None if self._file is None else DupFd(self._file.fileno())
        return {**vars(self), "_file": file}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._file is not None:
            self._file = os.fdopen(self._file.detach(), "rb", buffering=0)

    def _held(self, shelf: int) -> Iterator[tuple[_Region, memoryview]]:
        row_bytes = sum(kind.itemsize for kind in _TYPES)
        regions = [(r, r.rows * row_bytes + r.data_bytes) for r in self._regions[shelf]]
        for region, size in regions:
            if self._file is None:
                yield region, memoryview(self._memory)[region.offset : region.offset + size]
            else:
                yield region, memoryview(os.pread(self._file.fileno(), size, region.offset))

    def _flush(self) -> None:
        rows = Rows.joined([each for each, _ in self._pending])
        shelf = rows.volume // VOLUMES_PER_SHELF
        order = np.argsort(shelf, kind="stable")
        numbers, starts = np.unique(shelf[order], return_index=True)
        bitmaps = self._bitmaps_by_shelf()
        try:
            for number, (low, high) in zip(
                numbers.tolist(), pairwise([*starts.tolist(), len(order)]), strict=True
            ):
                some, pieces = rows.some(order[low:high]), bitmaps[number]
                region = _Region(self._file.tell(), high - low, sum(map(len, pieces)))
                self._file.writelines([*some, *pieces])
                self._regions.setdefault(number, []).append(region)
        except OSError as error:
            raise MissingData(
                f"a temporary file in {tempfile.gettempdir()}: {error.strerror}; name a folder with more "
                "room in the environment variable TMPDIR, or ask for a shorter range"
            ) from error
        self._pending, self._pending_bytes = [], 0

    def _bitmaps_by_shelf(self) -> dict[int, list[memoryview]]:
        """The bitmaps of each shelf as stretches, in the order of their rows."""
        found: dict[int, list[memoryview]] = {}
        for rows, data in self._pending:
            shelf = rows.volume // VOLUMES_PER_SHELF
            heads = np.flatnonzero(np.concatenate([[True], shelf[1:] != shelf[:-1]]))
            ends = np.concatenate([[0], np.cumsum(rows.size)])
            edges = ends[[*heads.tolist(), len(shelf)]].tolist()
            for number, (low, high) in zip(shelf[heads].tolist(), pairwise(edges), strict=True):
                found.setdefault(number, []).append(data[low:high])
        return found
