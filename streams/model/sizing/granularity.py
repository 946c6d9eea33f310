"""What tracks cost: the same changes counted in larger blocks, and against the bytes that were written.

One capture answers for every multiple of its track: a block has changed where any of its tracks has. A
replicator that ships larger blocks than those captured ships more; one that ships smaller blocks ships
less, and no less than can be told from this capture: capture finer for it (requirements, 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.model.sizing.history import History, coarsen
from streams.model.tracks import track_count

__all__ = ["BlockFigures", "block_figures", "dense_table_bytes", "doubled_blocks"]


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
    sizes = sorted(set(block_bytes))
    if not sizes:
        raise ValueError("block_bytes: there is none; give at least one block size")
    blocks, total, union = ([0] * len(sizes) for _ in range(3))
    tables: list[int | None] = [0] * len(sizes)
    for history in histories:
        for place, size in enumerate(sizes):
            coarse = coarsen(history, _factor(history, size))
            blocks[place] += int(coarse.changed_tracks().sum())
            total[place] += int(coarse.changed_bytes().sum())
            union[place] += coarse.union_bytes()
            tables[place] = _plus(tables[place], coarse)
    return [
        BlockFigures(
            block_bytes=size,
            changed_blocks_sum=blocks[place],
            changed_bytes_sum=total[place],
            changed_bytes_or=union[place],
            inflation=total[place] / total[0] if total[0] else None,
            changed_per_written=total[place] / written_bytes if written_bytes else None,
            table_bytes=tables[place],
        )
        for place, size in enumerate(sizes)
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


def _plus(total: int | None, history: History) -> int | None:
    if total is None or history.volume_bytes is None:
        return None
    return total + dense_table_bytes(history.volume_bytes, history.track_bytes)
