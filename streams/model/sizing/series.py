"""The series: how many bytes arrived in each slot of a range, and how much of each slot was measured.

It is what continuous replication is sized on, for a volume, a group or a whole link alike. A slot that
nobody vouches for is a gap: its bytes are what was seen, at least, and no figure judges its time. So every
figure of a series with gaps is a lower bound of what the truth asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from streams.errors import MissingData
from streams.model.intervals import US, Span, Spans

__all__ = ["Series"]

_MOST_BYTES = 1 << 62
"""Sums up to here leave room for a difference and a further slot in 64 bits."""

Slots = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Bytes by slot over `[start_us, end_us)`; slots are `slot_seconds` long and aligned to UTC.

    `coverage` is the share of each slot's volume-seconds that agents vouch for. `asked` says which slots a
    calendar asks about (all of them without one): only these are judged, while the bytes of all of them
    wait in the backlog.
    """

    start_us: int
    slot_seconds: int
    bytes_by_slot: Slots
    coverage: Shares
    asked: Flags = field(default_factory=lambda: np.empty(0, np.bool_))

    def __post_init__(self) -> None:
        """Refuses what is no series; without `asked`, all slots are."""
        count = len(self.bytes_by_slot)
        if not len(self.asked):
            object.__setattr__(self, "asked", np.ones(count, np.bool_))
        if self.slot_seconds < 1 or self.start_us % (self.slot_seconds * US):
            raise ValueError(
                f"slot_seconds {self.slot_seconds}: whole seconds, and they must divide start_us"
            )
        if len(self.coverage) != count or len(self.asked) != count:
            raise ValueError(f"coverage and asked: one for each of the {count} slots")
        if count and self.bytes_by_slot.min() < 0:
            raise ValueError("bytes_by_slot: bytes cannot be negative")
        if self.bytes_by_slot.sum(dtype=np.float64) > _MOST_BYTES:
            raise ValueError("bytes_by_slot: more than 4 EiB in all; ask for a shorter range")

    @classmethod
    def of(cls, bytes_by_slot: Sequence[int], slot_seconds: int, start_us: int = 0) -> Series:
        """A series without gaps."""
        values = np.array(bytes_by_slot, np.int64)
        return cls(start_us, slot_seconds, values, np.ones(len(values)))

    @property
    def slots(self) -> int:
        """How many there are."""
        return len(self.bytes_by_slot)

    @property
    def slot_us(self) -> int:
        """Length of a slot."""
        return self.slot_seconds * US

    @property
    def end_us(self) -> int:
        """End of the half-open range."""
        return self.start_us + self.slots * self.slot_us

    @property
    def total_bytes(self) -> int:
        """Bytes of all slots."""
        return int(self.bytes_by_slot.sum())

    @property
    def judged(self) -> Flags:
        """Slots that figures judge: asked for, and measured at least in part."""
        return self.asked & (self.coverage > 0)

    @property
    def coverage_ratio(self) -> float:
        """Share of the asked time that was measured; 0 where nothing is asked for."""
        return float(self.coverage[self.asked].mean()) if self.asked.any() else 0.0

    def arrived_bytes(self) -> Slots:
        """Bytes that arrived before each slot edge: `slots + 1` values, the first 0, the last the total."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.bytes_by_slot)])

    def gaps(self) -> Spans:
        """The asked spans that nobody vouches for."""
        edges = np.diff(np.concatenate([[False], self.asked & (self.coverage <= 0), [False]]).astype(np.int8))
        starts, ends = np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist()
        return [(self._edge_us(start), self._edge_us(end)) for start, end in zip(starts, ends, strict=True)]

    def require_judged(self) -> Series:
        """The series itself.

        Raises:
            MissingData: none of its slots can be judged.
        """
        if not self.judged.any():
            raise MissingData("nothing was measured in the asked range; widen it")
        return self

    def within(self, spans: Sequence[Span]) -> Series:
        """The same arrivals, judged only in slots that lie inside the spans: business hours, weekdays."""
        asked = np.zeros(self.slots, np.bool_)
        for start_us, end_us in spans:
            first = max(-(-(start_us - self.start_us) // self.slot_us), 0)
            asked[first : max((end_us - self.start_us) // self.slot_us, 0)] = True
        return replace(self, asked=self.asked & asked)

    def clipped(self, window: Span) -> Series:
        """The slots that start inside the window."""
        first, end = (min(max(-(-(edge - self.start_us) // self.slot_us), 0), self.slots) for edge in window)
        kept = slice(first, max(first, end))
        return Series(
            self._edge_us(first),
            self.slot_seconds,
            self.bytes_by_slot[kept],
            self.coverage[kept],
            self.asked[kept],
        )

    def coarsened(self, slot_seconds: int) -> Series:
        """The series on longer slots, aligned to UTC as well; their coverage is the mean of their parts.

        A long slot at the edge of the range has only a part of its time covered. It is asked for where one
        of its parts is.

        Raises:
            ValueError: the length is no multiple of the slots'.
        """
        factor, rest = divmod(slot_seconds, self.slot_seconds)
        if rest or factor < 1:
            raise ValueError(f"slot_seconds {slot_seconds}: choose a multiple of {self.slot_seconds}")
        before = self.start_us // self.slot_us % factor
        behind = -(before + self.slots) % factor
        parts, covered, asked = (
            np.pad(column, (before, behind)).reshape(-1, factor)
            for column in (self.bytes_by_slot, self.coverage, self.asked)
        )
        return Series(
            self.start_us - before * self.slot_us,
            slot_seconds,
            parts.sum(axis=1),
            covered.mean(axis=1),
            asked.sum(axis=1) > 0,
        )

    def _edge_us(self, slot: int) -> int:
        return self.start_us + slot * self.slot_us
