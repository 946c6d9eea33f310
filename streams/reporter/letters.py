"""The dead letters that their topic has now, by reason.

They are counted as rows at offsets, so that reading one twice changes nothing, and what retention removed can
be taken off again: every reporter that has read the topic comes to the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap64

from streams.model.screening import REASONS as MODEL_REASONS
from streams.wire.reasons import REASONS as WIRE_REASONS

__all__ = ["OTHER", "Letter", "LetterLog", "Letters"]

OTHER = "other"
"""Stands for every reason that this release does not give, so that labels stay a closed set."""

_REASONS = frozenset(MODEL_REASONS) | frozenset(WIRE_REASONS)


@dataclass(frozen=True, slots=True)
class Letter:
    """A row on the dead-letters topic."""

    partition: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class LetterLog:
    """How far the dead-letters topic goes.

    `first`: the lowest offset of each partition that retention left. `written`: the rows that it ever had.
    `is_read`: whether all that stood there at the start has been read.
    """

    first: Mapping[int, int]
    written: int
    is_read: bool


class Letters:
    """The rows of dead letters; offsets of a reason take next to nothing, however many they are."""

    def __init__(self) -> None:
        self._offsets: dict[tuple[str, int], BitMap64] = {}
        self._newest_us: dict[str, int] = {}

    def take(self, letter: Letter, append_us: int = 0) -> None:
        """Notes a row that was written at `append_us`; once, however often it comes."""
        reason = letter.reason if letter.reason in _REASONS else OTHER
        self._newest_us[reason] = max(append_us, self._newest_us.get(reason, append_us))
        self._offsets.setdefault((reason, letter.partition), BitMap64()).add(letter.offset)

    def forget_before(self, first: Mapping[int, int]) -> None:
        """Takes off the rows of each partition below its first offset: retention removed them."""
        for (_, partition), offsets in self._offsets.items():
            offsets.remove_range(0, first.get(partition, 0))

    def by_reason(self) -> dict[str, int]:
        """Rows of each reason that has any."""
        counts: dict[str, int] = {}
        for (reason, _), offsets in self._offsets.items():
            if offsets:
                counts[reason] = counts.get(reason, 0) + len(offsets)
        return counts

    def newest_us(self) -> dict[str, int]:
        """When the newest row was written of each reason that has any."""
        return {reason: self._newest_us[reason] for reason in self.by_reason()}
