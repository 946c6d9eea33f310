"""The marking itself, for peers on Arrow batches: by volume and interval the tracks, writes and bytes.

Two kernels that an engineer would write: `roaring` sorts a batch by numpy and adds each run to a Roaring
bitmap; `dense` is a compiled loop that sets bits in words, 2 MiB for a volume of 1 TiB and an interval.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import pairwise

import numba
import numpy as np
import pyarrow as pa
from meter import Job, Row
from numpy.typing import NDArray
from pyroaring import BitMap

__all__ = ["Columns", "DenseTables", "RoaringTables", "read_batch", "tables"]

Columns = tuple[NDArray[np.int64], NDArray[np.integer], list[str], NDArray[np.uint64], NDArray[np.integer]]


def read_batch(value: bytes) -> Columns:
    """Times (us), volume codes, volume names, offsets and lengths (bytes) of an Arrow stream."""
    with pa.ipc.open_stream(value) as reader:
        batch = reader.read_next_batch()
    volume = batch.column("volume")
    return (
        batch.column("time").view(pa.int64()).to_numpy(),
        volume.indices.to_numpy(),
        volume.dictionary.to_pylist(),
        batch.column("offset").to_numpy(),
        batch.column("length").to_numpy(),
    )


class RoaringTables:
    """By interval and volume a Roaring bitmap and two counters."""

    def __init__(self, job: Job) -> None:
        self._track_bytes = np.uint64(job.track_bytes)
        self._interval_us = job.interval_seconds * 1_000_000
        self._held: dict[tuple[int, str], list] = {}

    def mark(self, columns: Columns) -> int:
        """Takes a batch; how many writes it had."""
        time_us, codes, names, offset, length = columns
        starts = time_us // self._interval_us
        first = offset // self._track_bytes
        last = (offset + length - np.uint64(1)) // self._track_bytes
        for start in np.unique(starts).tolist():
            mine = starts == start
            self._mark_interval(start, names, codes[mine], length[mine], first[mine], last[mine])
        return len(time_us)

    def _mark_interval(self, start: int, names: list[str], codes, length, first, last) -> None:  # noqa: ANN001
        spans = (last - first + np.uint64(1)).astype(np.int64)
        within = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans)
        volumes = np.repeat(codes, spans).astype(np.uint64)
        runs = np.sort(volumes << np.uint64(32) | (np.repeat(first, spans) + within.astype(np.uint64)))
        tracks = runs.astype(np.uint32)  # the lower half
        edges = np.searchsorted(runs, np.arange(len(names) + 1, dtype=np.uint64) << np.uint64(32)).tolist()
        writes = np.bincount(codes, minlength=len(names)).tolist()
        written = np.bincount(codes, length, len(names)).astype(np.int64).tolist()
        for code, (begin, end) in enumerate(pairwise(edges)):
            if writes[code]:
                table = self._held.setdefault((start, names[code]), [BitMap(), 0, 0])
                table[0].update(array("I", tracks[begin:end].tobytes()))
                table[1] += writes[code]
                table[2] += written[code]

    def rows(self) -> Iterator[Row]:
        """Everything that was found."""
        for (start, name), (tracks, writes, written) in self._held.items():
            yield name, start * self._interval_us, len(tracks), writes, written


class DenseTables:
    """By interval a matrix of words, a row for each volume, and two counters for each."""

    def __init__(self, job: Job) -> None:
        self._track_bytes = job.track_bytes
        self._interval_us = job.interval_seconds * 1_000_000
        self._keeps = bool(job.state_folder)
        self._words = -(-job.volume_bytes // job.track_bytes // 64)
        self._row_of: dict[str, int] = {}
        self._held: dict[int, list[NDArray]] = {}
        self.fresh: list[tuple[int, NDArray[np.uint64]]] = []
        self._warm_up()

    def mark(self, columns: Columns) -> int:
        """Takes a batch; how many writes it had. `fresh` has the new bits, for who stores them."""
        time_us, codes, names, offset, length = columns
        rows = np.array([self._row_of.setdefault(name, len(self._row_of)) for name in names])
        starts = time_us // self._interval_us
        found = []
        for start in _distinct(starts):
            words, writes, written = self._table(start)
            fresh, count = _mark(
                starts,
                start,
                rows,
                codes,
                offset,
                length,
                self._track_bytes,
                words,
                writes,
                written,
                self._keeps,
            )
            found.append((start, fresh[:count]))
        self.fresh = found
        return len(time_us)

    def restore(
        self, start: int, names: list[str], fresh: NDArray, writes: NDArray, written: NDArray
    ) -> None:
        """Puts back what a stored delta says."""
        for name in names:
            self._row_of.setdefault(name, len(self._row_of))
        words, held_writes, held_written = self._table(start)
        word, bit = np.divmod(fresh, np.uint64(64))
        np.bitwise_or.at(words.reshape(-1), word.astype(np.int64), np.uint64(1) << bit)
        held_writes[: len(writes)] = writes
        held_written[: len(written)] = written

    def names(self) -> list[str]:
        """The volumes by row."""
        return list(self._row_of)

    def counters(self, start: int) -> tuple[NDArray, NDArray]:
        """Writes and bytes by row."""
        _, writes, written = self._held[start]
        return writes, written

    def rows(self) -> Iterator[Row]:
        """Everything that was found."""
        for start, (words, writes, written) in self._held.items():
            for name, row in self._row_of.items():
                if writes[row]:
                    tracks = int(np.bitwise_count(words[row]).sum())
                    yield name, start * self._interval_us, tracks, int(writes[row]), int(written[row])

    def _table(self, start: int) -> list[NDArray]:
        volumes = len(self._row_of)
        if start not in self._held:
            self._held[start] = [
                np.zeros((volumes, self._words), np.uint64),
                np.zeros(volumes, np.int64),
                np.zeros(volumes, np.int64),
            ]
        table = self._held[start]
        if len(table[1]) < volumes:
            more = volumes - len(table[1])
            self._held[start] = [
                np.concatenate((part, np.zeros((more, *part.shape[1:]), part.dtype))) for part in table
            ]
        return self._held[start]

    def _warm_up(self) -> None:
        """Compiles for the types of the columns, before the time runs."""
        for code in (np.int8, np.int16):
            self.mark(
                (
                    np.zeros(1, np.int64),
                    np.zeros(1, code),
                    ["warm"],
                    np.zeros(1, np.uint64),
                    np.ones(1, np.uint32),
                )
            )
        self._row_of, self._held = {}, {}


def tables(job: Job) -> RoaringTables | DenseTables:
    """The tables with the kernel that the job names."""
    return {"roaring": RoaringTables, "dense": DenseTables}[job.kernel](job)


def _distinct(starts: NDArray[np.int64]) -> list[int]:
    low, high = int(starts.min()), int(starts.max())
    return [low] if low == high else np.unique(starts).tolist()


@numba.njit(cache=True)
def _mark(starts, start, rows, codes, offset, length, track_bytes, words, writes, written, keeps):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Marks the writes of one interval; the bits that were not set before if they are kept, and how many."""
    fresh = np.empty(2 * len(starts) if keeps else 0, np.uint64)
    count = 0
    bits = words.shape[1] * 64
    for at in range(len(starts)):
        if starts[at] != start:
            continue
        row = rows[codes[at]]
        first = np.int64(offset[at]) // track_bytes
        last = (np.int64(offset[at]) + np.int64(length[at]) - 1) // track_bytes
        writes[row] += 1
        written[row] += np.int64(length[at])
        for track in range(first, last + 1):
            bit = np.uint64(1) << np.uint64(track & 63)
            if not keeps:
                words[row, track >> 6] |= bit
            elif not words[row, track >> 6] & bit:
                words[row, track >> 6] |= bit
                if count == len(fresh):
                    fresh = np.concatenate((fresh, np.empty_like(fresh)))
                fresh[count] = row * bits + track
                count += 1
    return fresh, count
