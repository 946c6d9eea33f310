"""Rows of many table messages, sorted by volume outside of memory.

Tables come by time, and reports go by volume. A month of a large group does not fit into memory in between:
each volume has a shelf that its rows are put on. They are collected up to a bound, then written to a
temporary file, shelf by shelf. What comes back of a shelf are its rows without their bitmaps, which are most
of it: those are read when somebody asks for them, as few at a time as suits. Few rows never leave memory. The
file has no name, so that it is gone with the last process that has it open, however that ends. Once sealed,
shelves can be sent to other processes of `multiprocessing`, which then read the same file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise
from multiprocessing.reduction import DupFd
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import MissingData
from streams.model.portableruns import Bitmaps

__all__ = ["Rows", "Shelved", "Shelves"]

_MOST_PENDING_BYTES: Final = 32 << 20
_COPIED_BYTES: Final = 4 << 20

Places = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of table messages by column.

    Number of the message and of the volume, place and size of the bitmap, counts (-1: unknown), the time that
    agents vouch for, and what changed in its base intervals, added up, where these became longer ones.
    """

    part: NDArray[np.uint32]
    volume: NDArray[np.uint32]
    first_track: NDArray[np.uint64]
    size: NDArray[np.int64]
    writes: Places
    written_bytes: Places
    vouched_us: Places
    tracks_sum: Places
    bytes_sum: Places

    def some(self, places: Any) -> Rows:
        """The rows at these places."""
        return Rows(*(column[places] for column in self))

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """The rows of all parts."""
        columns = zip(*parts, strict=True) if parts else [[]] * len(_KINDS)
        return cls(
            *(np.concatenate([np.empty(0, kind), *c]) for kind, c in zip(_KINDS, columns, strict=True))
        )


_KINDS: Final = tuple(map(np.dtype, ("<u4", "<u4", "<u8", *["<i8"] * 6)))
_ROW: Final = np.dtype(list(zip(Rows._fields, _KINDS, strict=True)))


class _Flushed(NamedTuple):
    """Where rows went at a time: they lie from `offset` on by volume, and their bitmaps behind all of them.

    Of each of `volumes`, ascending, its first row is number `rows`, and its bitmaps begin at `data`.
    """

    offset: int
    volumes: NDArray[np.uint32]
    rows: Places
    data: Places


@dataclass(frozen=True, slots=True, eq=False)
class Shelved:
    """Bitmaps of one shelf that were not read yet, each from `begin` on."""

    shelves: Shelves
    first_track: NDArray[np.uint64]
    begin: Places
    size: Places

    def some(self, places: Any) -> Shelved:
        """Those at these places."""
        return replace(
            self,
            first_track=self.first_track[places],
            begin=self.begin[places],
            size=self.size[places],
        )

    def read(self) -> Bitmaps:
        """The bitmaps themselves."""
        ends = self.begin + self.size
        heads = np.flatnonzero(np.concatenate([[True], self.begin[1:] != ends[:-1]])[: len(ends)])
        stretches = zip(self.begin[heads].tolist(), [*heads.tolist(), len(ends)][1:], strict=True)
        data = [self.shelves.held(begin, int(ends[after - 1]) - begin) for begin, after in stretches]
        return Bitmaps.of(data[0] if len(data) == 1 else b"".join(data), self.first_track, self.size)


class Shelves:
    """The rows by volume."""

    def __init__(self, most_pending_bytes: int = _MOST_PENDING_BYTES) -> None:
        self._most_pending_bytes = most_pending_bytes
        self._pending: list[NDArray[np.void]] = []
        self._bitmaps = bytearray()
        self._pending_bytes = self._size_bytes = 0
        self._flushed: list[_Flushed] = []
        self._file: Any = None
        self._memory = memoryview(b"")

    @property
    def size_bytes(self) -> int:
        """What all rows take that were put on, with their bitmaps."""
        return self._size_bytes

    @property
    def is_in_file(self) -> bool:
        """Whether there were too many rows for memory."""
        return self._file is not None

    def add(self, rows: Rows, data: bytes | memoryview) -> None:
        """Puts the rows of one message on; `data` has their bitmaps one after the other."""
        if not len(rows.part):
            return
        self._pending.append(_by_row(rows))  # a copy: columns may be views of messages, which are large
        self._bitmaps += data
        size_bytes = len(data) + len(rows.part) * _ROW.itemsize
        self._size_bytes += size_bytes
        self._pending_bytes += size_bytes
        if self._pending_bytes >= self._most_pending_bytes:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this
            self._flush()

    def seal(self) -> None:
        """Ends the putting on: from now on shelves are read."""
        if self._file is None:
            self._file = BytesIO()
            self._flush()
            self._memory, self._file = self._file.getbuffer(), None
        else:
            self._flush()

    def read(self, volume: int) -> tuple[Rows, Shelved]:
        """The rows of a volume, those that came sooner first, and where their bitmaps are."""
        parts, begins = [], []
        for offset, volumes, edges, data in self._flushed:
            at = int(np.searchsorted(volumes, volume))
            if at == len(volumes) or volumes[at] != volume:
                continue
            low, high = edges[at : at + 2].tolist()
            found = np.frombuffer(self.held(offset + low * _ROW.itemsize, (high - low) * _ROW.itemsize), _ROW)
            parts.append(Rows(*(found[name] for name in Rows._fields)))
            begins.append(data[at] + np.cumsum(found["size"]) - found["size"])
        rows = Rows.joined(parts)
        begin = np.concatenate([np.empty(0, np.int64), *begins])
        return rows, Shelved(self, rows.first_track, begin, rows.size)

    def held(self, offset: int, size: int) -> bytes | memoryview:
        """So many bytes as they were written."""
        if self._file is None:
            return self._memory[offset : offset + size]
        return os.pread(self._file.fileno(), size, offset)

    def __getstate__(self) -> dict[str, Any]:
        file = None if self._file is None else DupFd(self._file.fileno())
        return {**vars(self), "_file": file, "_memory": bytes(self._memory)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._memory = memoryview(state["_memory"])
        if self._file is not None:
            self._file = os.fdopen(self._file.detach(), "rb", buffering=0)

    def _flush(self) -> None:
        rows = np.concatenate([np.empty(0, _ROW), *self._pending])
        order = np.argsort(rows["volume"], kind="stable")
        volumes, heads = np.unique(rows["volume"][order], return_index=True)
        edges = np.append(heads, len(order))
        sizes = np.concatenate([[0], np.cumsum(rows["size"][order])])
        offset = self._file.tell()
        try:
            self._file.write(rows[order].view(np.uint8).data)
            data = self._file.tell() + sizes[edges]
            self._file.writelines(_bitmaps_by(order, rows["size"], self._bitmaps))
            self._file.flush()
        except OSError as error:
            raise MissingData(
                f"a temporary file in {tempfile.gettempdir()}: {error.strerror}; name a folder with more "
                "room in the environment variable TMPDIR, or ask for a shorter range"
            ) from error
        self._flushed.append(_Flushed(offset, volumes, edges, data))
        self._pending, self._bitmaps, self._pending_bytes = [], bytearray(), 0


def _by_row(rows: Rows) -> NDArray[np.void]:
    found = np.empty(len(rows.part), _ROW)
    for name, column in zip(Rows._fields, rows, strict=True):
        found[name] = column
    return found


def _bitmaps_by(order: Places, size: Places, data: bytearray) -> Iterator[memoryview]:
    """The bitmaps in this order, some MB at a time."""
    ends = np.concatenate([[0], np.cumsum(size)])
    column = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(size), [None, pa.py_buffer(ends.astype(np.int64)), pa.py_buffer(data)]
    )
    number = np.cumsum(size[order]) // _COPIED_BYTES
    heads = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]])[: len(order)])
    for low, high in pairwise([*heads.tolist(), len(order)]):
        _, edges, values = column.take(pa.array(order[low:high])).buffers()
        if values is not None:
            yield memoryview(values)[: int(np.frombuffer(edges, np.int64)[high - low])]
