"""What waits to be sent: writes go in as they come, parcels come out, one for each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from streams.model.messages import Fold
from streams.model.writes import WriteBatch

__all__ = ["Parcel", "Waiting"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one message carries: `count` writes, or folds of them.

    Their times lie in `first_us..last_us`, both inclusive.
    """

    first_us: int
    last_us: int
    count: int
    writes: WriteBatch | None = None
    folds: tuple[Fold, ...] = ()

    @classmethod
    def of_writes(cls, writes: WriteBatch) -> Self:
        """Writes as they are; at least one."""
        return cls(int(writes.time_us.min()), int(writes.time_us.max()), len(writes), writes)

    @classmethod
    def of_folds(cls, folds: Sequence[Fold]) -> Self:
        """Folds of any windows; at least one."""
        return cls(
            first_us=min(fold.start_us for fold in folds),
            last_us=max(fold.end_us for fold in folds) - 1,
            count=sum(fold.writes or 0 for fold in folds),
            folds=tuple(folds),
        )

    @property
    def kind(self) -> Literal["writes", "tracks"]:
        """The kind of the message."""
        return "tracks" if self.folds else "writes"


class Waiting(Protocol):
    """Writes that an agent was given and has not sent yet. False once there are none."""

    @property
    def longest_wait_us(self) -> float:
        """How long after its arrival a write leaves even though nothing else makes it due."""

    @property
    def oldest_us(self) -> int | None:
        """No write that waits is older; None where none waits."""

    def __bool__(self) -> bool:
        """Whether anything waits."""

    def add(self, writes: WriteBatch) -> None:
        """Takes columns of writes; they are not copied and must stay as they are."""

    def add_one(self, volume: str, offset_bytes: int, length_bytes: int, time_us: int) -> bool:
        """Takes one write; whether it is time to ask what is due."""

    def due(self, promised_us: int) -> bool:
        """Whether a message is to be sent, given that every write before `promised_us` was handed in."""

    def take(self, promised_us: int) -> Parcel:
        """Removes and returns the next message's load: of what is due, else of whatever waits."""
