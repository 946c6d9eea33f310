"""What tracks cost: the same changes counted in larger blocks, and against the bytes that were written.

One capture answers for every multiple of its track: a block has changed where any of its tracks has. A
replicator that ships larger blocks than those captured ships more; one that ships smaller blocks ships
less, and no less than can be told from this capture: capture finer for it (requirements, 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import add

import numpy as np
from numpy.typing import NDArray

from streams.model.counts import add_known
from streams.model.runs import ascending, merged_runs
from streams.model.sizing.history import History
from streams.model.tracks import track_count

__all__ = ["BlockFigures", "BlockSums", "block_figures", "dense_table_bytes", "doubled_blocks"]

Tracks = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """SUM and OR of a range, counted in blocks.

    `inflation` is SUM over that of the smallest blocks asked for; None where nothing changed.
    `changed_per_written` is SUM over the bytes written: above 1, blocks inflate the changes at least so
    much; below 1, rewriting inside the intervals folds more than blocks inflate. None where nobody counted
    the bytes, or nothing was written. `table_bytes` is what dense bit tables of the volumes take, None where
    the size of one is unknown.
    """

    block_bytes: int
    changed_blocks_sum: int
    changed_bytes_sum: int
    changed_bytes_or: int
    inflation: float | None
    changed_per_written: float | None
    table_bytes: int | None


def block_figures(
    histories: Iterable[History], block_bytes: Iterable[int], written_bytes: int | None = None
) -> list[BlockFigures]:
    """The figures of some volumes at each block size, by size. Takes volumes one at a time.

    Args:
        histories: the volumes.
        block_bytes: block sizes, each a multiple of every volume's track; `doubled_blocks` makes some.
        written_bytes: what was written in the range, None where it is unknown.

    Raises:
        ValueError: there is no block size, or one is no multiple of a volume's track.
    """
    sums = BlockSums(block_bytes)
    for history in histories:
        sums.take(history)
    return sums.figures(written_bytes)


class BlockSums:
    """SUM and OR in blocks of several sizes, while volumes pass. Take every volume once.

    Raises:
        ValueError: as `block_figures` does.
    """

    __slots__ = ("_blocks", "_bytes", "_sizes", "_tables", "_union")

    def __init__(self, block_bytes: Iterable[int]) -> None:
        self._sizes = sorted(set(block_bytes))
        if not self._sizes:
            raise ValueError("block_bytes: there is none; give at least one block size")
        self._blocks, self._bytes, self._union = ([0] * len(self._sizes) for _ in range(3))
        self._tables: list[int | None] = [0] * len(self._sizes)

    def take(self, history: History) -> None:
        """Adds a volume."""
        first, last = merged_runs(history.first, history.last)
        self.take_stretch(history)
        self.take_union(replace(history, interval=np.zeros(len(first), np.int64), first=first, last=last))

    def take_stretch(self, history: History) -> None:
        """Adds some intervals of a volume to SUM; take its union too, once."""
        for place, blocks, changed in self._counted(history):
            self._blocks[place] += blocks
            self._bytes[place] += changed

    def take_union(self, union: History) -> None:
        """Adds a volume to OR; `union` has the tracks of all its intervals as those of one."""
        for place, _, changed in self._counted(union):
            self._union[place] += changed
            self._tables[place] = _plus(self._tables[place], union.volume_bytes, self._sizes[place])

    def _counted(self, history: History) -> Iterator[tuple[int, int, int]]:
        """Place of each size, blocks that every interval touched, and the bytes of these."""
        same = history.interval[1:] == history.interval[:-1]
        for place, size in enumerate(self._sizes):
            factor = _factor(history, size)
            blocks = _touched(history.first, history.last, factor, same)
            short = 0 if history.volume_bytes is None else -history.volume_bytes % size
            yield place, blocks, blocks * size - short * _last_blocks(history, size, factor)

    def merge(self, other: BlockSums) -> None:
        """Adds other volumes, in blocks of the same sizes."""
        for mine, theirs in ((self._blocks, other._blocks), (self._bytes, other._bytes)):
            mine[:] = map(add, mine, theirs)
        self._union[:] = map(add, self._union, other._union)
        self._tables[:] = map(add_known, self._tables, other._tables)

    def figures(self, written_bytes: int | None = None) -> list[BlockFigures]:
        """The figures of all that was taken, by size; `written_bytes` as in `block_figures`."""
        return [
            BlockFigures(
                block_bytes=size,
                changed_blocks_sum=blocks,
                changed_bytes_sum=changed,
                changed_bytes_or=union,
                inflation=changed / self._bytes[0] if self._bytes[0] else None,
                changed_per_written=changed / written_bytes if written_bytes else None,
                table_bytes=table,
            )
            for size, blocks, changed, union, table in zip(
                self._sizes, self._blocks, self._bytes, self._union, self._tables, strict=True
            )
        ]


def doubled_blocks(track_bytes: int, up_to_bytes: int, others: Sequence[int] = ()) -> list[int]:
    """The track and its doubles up to a size, and others such as a replicator's own block; ascending."""
    doubles = []
    size = track_bytes
    while size <= max(up_to_bytes, track_bytes):
        doubles.append(size)
        size *= 2
    return sorted({*doubles, *others})


def dense_table_bytes(volume_bytes: int, track_bytes: int) -> int:
    """What a table with one bit for each track takes, in whole bytes."""
    return -(-track_count(volume_bytes, track_bytes) // 8)


def _factor(history: History, block_bytes: int) -> int:
    factor, rest = divmod(block_bytes, history.track_bytes)
    if rest or not factor:
        raise ValueError(
            f"block_bytes {block_bytes}: it is no multiple of the track of {history.track_bytes} B that was "
            f"captured of {history.volume}; choose a multiple, or capture the group with smaller tracks"
        )
    return factor


def _touched(first: Tracks, last: Tracks, factor: int, same: Flags) -> int:
    """How many blocks of `factor` tracks the runs touch.

    Runs do not overlap, so that two of them share one block at most; those that follow each other count it
    once where they are of the same interval.
    """
    low, high = (column if factor == 1 else column // np.uint64(factor) for column in (first, last))
    shared = (low[1:] == high[:-1]) & same
    return int((high - low).sum()) + len(first) - int(np.count_nonzero(shared))


def _last_blocks(history: History, block_bytes: int, factor: int) -> int:
    """In how many intervals the last block of the volume was written, where it is a short one; else 0."""
    if history.volume_bytes is None or not history.volume_bytes % block_bytes:
        return 0
    first = np.uint64(history.volume_bytes // block_bytes * factor)
    return len(ascending(history.interval[history.last >= first]))


def _plus(total: int | None, volume_bytes: int | None, block_bytes: int) -> int | None:
    table = None if volume_bytes is None else dense_table_bytes(volume_bytes, block_bytes)
    return add_known(total, table)
