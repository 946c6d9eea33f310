"""Batches of writes: how many fit into a message, and how a known stream is cut.

A message holds at most `MAX_WRITES` writes of at most `MAX_AGE_US` of time, and not more volume names than a
message can carry. Nothing here knows Kafka or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import US
from streams.model.writes import WriteBatch
from streams.wire.writes import ROWS_PER_UNUSED_NAME

__all__ = [
    "MAX_AGE_US",
    "MAX_WRITES",
    "append",
    "by_array",
    "compact",
    "concat",
    "fitting_writes",
    "sorted_by_time",
]

MAX_WRITES = 8192
MAX_AGE_US = 10 * US

_MAX_NAMES_BYTES = 400_000
"""Volume names in one message: with 8,192 writes of 24 B it stays well below 1 MB."""


def concat(batches: Iterable[WriteBatch]) -> WriteBatch:
    """One batch of all rows in order, in which every volume name stands once.

    Names that no write uses are left out, but where they are few for many writes: messages of one agent then
    look alike, which a worker reads at a third of the cost.
    """
    parts = [batch for batch in batches if len(batch)]
    if len(parts) > 1 and all(part.volumes == parts[0].volumes for part in parts):
        parts = [_stacked(parts, [part.volume_codes for part in parts], parts[0].volumes)]
    if len(parts) == 1 and _names_stay(parts[0]):
        return parts[0]
    names: dict[str, int] = {}
    codes = [_recoded(part, names) for part in parts]
    return _stacked(parts, codes, tuple(names))


def _names_stay(batch: WriteBatch) -> bool:
    names = batch.volumes
    return len(names) * ROWS_PER_UNUSED_NAME <= len(batch) and len(set(names)) == len(names)


def compact(writes: WriteBatch) -> WriteBatch:
    """The same rows, without names that no write uses, as `concat` has it."""
    return concat([writes])


def append(pending: WriteBatch, writes: WriteBatch) -> WriteBatch:
    """The rows of both; cheap where both have the same list of volume names."""
    if not len(writes) or not len(pending):
        return pending if len(pending) else writes
    if pending.volumes != writes.volumes:
        return concat((pending, writes))
    return _stacked([pending, writes], [pending.volume_codes, writes.volume_codes], writes.volumes)


def _stacked(parts: list[WriteBatch], codes: list[NDArray[np.int32]], volumes: tuple[str, ...]) -> WriteBatch:
    if not parts:
        return WriteBatch.empty()
    if len(parts) == 1:
        return replace(parts[0], volume_codes=codes[0], volumes=volumes)
    discards = [np.zeros(len(part), np.bool_) if part.discard is None else part.discard for part in parts]
    return WriteBatch(
        np.concatenate([part.time_us for part in parts]),
        np.concatenate(codes),
        volumes,
        np.concatenate([part.offset_bytes for part in parts]),
        np.concatenate([part.length_bytes for part in parts]),
        None if all(part.discard is None for part in parts) else np.concatenate(discards),
    )


def _recoded(batch: WriteBatch, names: dict[str, int]) -> NDArray[np.int32]:
    """The batch's volume codes as indices into `names`, which gets the names that it lacks."""
    codes, count = batch.volume_codes, len(batch)
    first = np.full(int(codes.max()) + 1, count)
    first[codes[::-1]] = np.arange(count - 1, -1, -1)  # of the rows of one volume the last put down stays
    used = np.flatnonzero(first < count)
    in_order = used[np.argsort(first[used])].tolist()
    mapped = np.empty(len(first), np.int32)
    mapped[in_order] = [names.setdefault(batch.volumes[code], len(names)) for code in in_order]
    return mapped[codes]


def fitting_writes(writes: WriteBatch, *, names_repeat: bool = False) -> int:
    """How many of the first rows one message can hold; at least one where there are rows.

    `names_repeat`: every row carries its volume's name (JSON), instead of an index (Arrow).
    """
    codes = writes.volume_codes[:MAX_WRITES]
    if not names_repeat and _surely_fit(writes.volumes):
        return len(codes)
    used, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    sizes = np.fromiter((len(writes.volumes[code].encode()) for code in used.tolist()), np.int64, len(used))
    taken = sizes[inverse] if names_repeat else np.zeros(len(codes), np.int64)
    if not names_repeat:
        taken[first] = sizes
    full = np.flatnonzero(np.cumsum(taken) > _MAX_NAMES_BYTES)
    return max(1, int(full[0])) if len(full) else len(codes)


def _surely_fit(volumes: tuple[str, ...]) -> bool:
    # A character takes at most four bytes; of very many names, most messages use few.
    return len(volumes) <= MAX_WRITES and 4 * sum(map(len, volumes)) <= _MAX_NAMES_BYTES


def sorted_by_time(writes: WriteBatch) -> WriteBatch:
    """The rows in order of time; rows of one time keep theirs."""
    if not len(writes) or bool((np.diff(writes.time_us) >= 0).all()):
        return writes
    return writes.take(np.argsort(writes.time_us, kind="stable"))


def by_array(writes: WriteBatch) -> dict[str, WriteBatch]:
    """Writes of volumes named `array/volume`, taken apart by array, with bare names.

    Raises:
        ValueError: a name has no array.
    """
    pairs = [name.partition("/") for name in writes.volumes]
    if bad := [name for name, (_, slash, _) in zip(writes.volumes, pairs, strict=True) if not slash]:
        raise ValueError(f"volume {bad[0]!r} has no array in its name; write array/volume")
    arrays = {array: index for index, array in enumerate(sorted({array for array, _, _ in pairs}))}
    bare = tuple(volume for _, _, volume in pairs)
    renamed = WriteBatch(
        writes.time_us, writes.volume_codes, bare, writes.offset_bytes, writes.length_bytes, writes.discard
    )
    if len(arrays) == 1:
        return {next(iter(arrays)): renamed}
    array_of = np.fromiter((arrays[array] for array, _, _ in pairs), np.int64, len(pairs))
    of_row = array_of[writes.volume_codes]
    return {array: renamed.take(of_row == index) for array, index in arrays.items()}
