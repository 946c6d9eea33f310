"""Writes that an agent was given and has not sent yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from streams.agents.batching import MAX_AGE_US, MAX_WRITES, compact, concat, fitting_writes
from streams.agents.parcels import Parcel
from streams.model.writes import WriteBatch

__all__ = ["WriteBuffer", "require_sound", "require_volumes"]

_Piece = tuple[int, WriteBatch]  # its smallest time, and at most as many writes as a message holds

_END_OF_BYTES = 1 << 63
_MAX_VOLUME_NAME_BYTES = 1024


@dataclass(slots=True)
class WriteBuffer:
    """A queue of writes: in by single writes and by columns, out by batches of one message."""

    longest_wait_us: float = MAX_AGE_US
    _pieces: deque[_Piece] = field(default_factory=deque)
    _singles: list[tuple[int, int, int, int]] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _gathered: int = 0
    _oldest_us: int | None = None

    def __len__(self) -> int:
        return self._gathered + len(self._singles)

    def __bool__(self) -> bool:
        return bool(self._gathered or self._singles)

    @property
    def oldest_us(self) -> int | None:
        """The smallest time among the writes; None where there is none."""
        self._gather()
        return self._oldest_us

    def add(self, writes: WriteBatch) -> None:
        """Appends columns of writes."""
        self._gather()
        self._append(writes)

    def add_one(self, volume: str, offset_bytes: int, length_bytes: int, time_us: int) -> bool:
        """Appends one write; whether it is the first, or completes a message."""
        code = self._names.setdefault(volume, len(self._names))
        self._singles.append((time_us, code, offset_bytes, length_bytes))
        count = self._gathered + len(self._singles)
        return count == 1 or count >= MAX_WRITES

    def due(self, promised_us: int) -> bool:  # noqa: ARG002  # writes leave by number and age
        """Whether there is a full message."""
        return len(self) >= MAX_WRITES

    def take(self, promised_us: int) -> Parcel:  # noqa: ARG002  # as above
        """Removes and returns the first writes, as many as one message holds."""
        rows = self.take_writes(MAX_WRITES)
        count = fitting_writes(rows)
        if count == len(rows):
            return Parcel.of_writes(rows)
        self._append(rows.take(slice(count, None)), in_front=True)
        return Parcel.of_writes(compact(rows.take(slice(count))))

    def take_writes(self, count: int) -> WriteBatch:
        """Removes and returns the first writes, at most `count`, with the names that they use."""
        self._gather()
        chosen: list[WriteBatch] = []
        room = count
        while self._pieces and room:
            _, piece = self._pieces.popleft()
            self._gathered -= len(piece)
            if len(piece) > room:
                self._append(piece.take(slice(room, None)), in_front=True)
                piece = piece.take(slice(room))
            chosen.append(piece)
            room -= len(piece)
        self._oldest_us = min((oldest_us for oldest_us, _ in self._pieces), default=None)
        return concat(chosen)

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

    def _append(self, writes: WriteBatch, *, in_front: bool = False) -> None:
        if not len(writes):
            return
        # In pieces, so that the oldest of a long batch is not looked for again with every message.
        starts = range(0, len(writes), MAX_WRITES)
        pieces = [writes.take(slice(at, at + MAX_WRITES)) for at in starts] if len(starts) > 1 else [writes]
        aged = [(int(piece.time_us.min()), piece) for piece in pieces]
        if in_front:
            self._pieces.extendleft(reversed(aged))
        else:
            self._pieces.extend(aged)
        oldest_us = min(oldest_us for oldest_us, _ in aged)
        self._oldest_us = oldest_us if self._oldest_us is None else min(self._oldest_us, oldest_us)
        self._gathered += len(writes)


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
    if _extremes_are_sound(writes):
        return
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


def _extremes_are_sound(writes: WriteBatch) -> bool:
    """Whether no row can be wrong: said for less than a column of verdicts costs."""
    return (
        int(writes.time_us.min()) >= 0
        and int(writes.volume_codes.min()) >= 0
        and int(writes.volume_codes.max()) < len(writes.volumes)
        and int(writes.offset_bytes.max()) + int(writes.length_bytes.max()) <= _END_OF_BYTES
    )
