"""Writes that an agent was given and has not sent yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from streams.agents.batching import MAX_WRITES, compact, concat, fitting_writes
from streams.model.writes import WriteBatch

__all__ = ["WriteBuffer", "require_sound", "require_volumes"]

_END_OF_BYTES = 1 << 63
_MAX_VOLUME_NAME_BYTES = 1024


@dataclass(slots=True)
class WriteBuffer:
    """A queue of writes: in by single writes and by columns, out by batches of one message."""

    _batches: deque[WriteBatch] = field(default_factory=deque)
    _singles: list[tuple[int, int, int, int]] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _batched: int = 0

    def __len__(self) -> int:
        return self._batched + len(self._singles)

    @property
    def oldest_us(self) -> int | None:
        """The smallest time among the writes; None where there is none."""
        self._gather()
        return min((int(batch.time_us.min()) for batch in self._batches), default=None)

    def add(self, writes: WriteBatch) -> None:
        """Appends columns of writes."""
        if len(writes):
            self._gather()
            self._append(writes)

    def add_one(self, volume: str, offset_bytes: int, length_bytes: int, time_us: int) -> None:
        """Appends one write."""
        code = self._names.setdefault(volume, len(self._names))
        self._singles.append((time_us, code, offset_bytes, length_bytes))

    def take(self) -> WriteBatch:
        """Removes and returns the first writes, as many as one message holds."""
        self._gather()
        chosen: list[WriteBatch] = []
        room = MAX_WRITES
        while self._batches and room:
            batch = self._batches.popleft()
            self._put_back(batch.take(slice(room, None)))
            chosen.append(batch.take(slice(room)))
            room -= len(chosen[-1])
        rows = concat(chosen)
        count = fitting_writes(rows)
        self._put_back(rows.take(slice(count, None)))
        self._batched -= count
        return compact(rows.take(slice(count)))

    def _put_back(self, writes: WriteBatch) -> None:
        if len(writes):
            self._batches.appendleft(writes)

    def _gather(self) -> None:
        """Turns single writes into columns, behind what came before them."""
        if not self._singles:
            return
        time_us, codes, offsets, lengths = zip(*self._singles, strict=True)
        self._append(
            WriteBatch(
                np.array(time_us, np.int64),
                np.array(codes, np.int32),
                tuple(self._names),
                np.array(offsets, np.uint64),
                np.array(lengths, np.uint64),
            )
        )
        self._singles, self._names = [], {}

    def _append(self, writes: WriteBatch) -> None:
        self._batches.append(writes)
        self._batched += len(writes)


def require_volumes(volumes: Iterable[str]) -> None:
    """Refuses names that no message can carry.

    Raises:
        ValueError: a name is empty, longer than 1,024 bytes or not UTF-8.
    """
    for volume in volumes:
        # A character takes at most four bytes, so short names need no second look.
        if not volume or (4 * len(volume) > _MAX_VOLUME_NAME_BYTES < len(volume.encode())):
            raise ValueError(f"volume {volume[:80]!r}: 1 to {_MAX_VOLUME_NAME_BYTES} bytes are needed")


def require_sound(writes: WriteBatch) -> None:
    """Refuses what a worker would refuse: the sender should hear of it, not the dead letters.

    Raises:
        ValueError: names the first row that is wrong, and why.
    """
    if not len(writes):
        return
    columns = (writes.volume_codes, writes.offset_bytes, writes.length_bytes)
    if any(len(column) != len(writes) for column in columns):
        raise ValueError(
            f"columns of {len(writes)} times and {[len(c) for c in columns]} codes, offsets, lengths"
        )
    if writes.offset_bytes.dtype != np.uint64 or writes.length_bytes.dtype != np.uint64:
        raise ValueError("offset_bytes and length_bytes must be uint64")
    for wrong, what in (
        (writes.time_us < 0, "the time is before 1970"),
        (
            (writes.volume_codes < 0) | (writes.volume_codes >= len(writes.volumes)),
            "the volume code names none",
        ),
        (
            (writes.offset_bytes > _END_OF_BYTES)
            | (
                writes.length_bytes
                > _END_OF_BYTES - np.minimum(writes.offset_bytes, np.uint64(_END_OF_BYTES))
            ),
            "the write ends beyond 2^63 bytes",
        ),
    ):
        if wrong.any():
            raise ValueError(f"write {int(np.argmax(wrong))} of the batch: {what}")
