"""One partition between being read and being committed: messages become whole intervals, in the log's order.

An interval may be several messages, and those of other groups stand between them. A commit takes a stretch of
the log, from the offset where the last one ended, that no interval crosses: all rows of its messages are in,
and none of later ones. So the offset alone says what is in, and the next reading begins there.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

__all__ = ["Backlog", "Piece", "Stretch", "Unit"]

_GIVEN_UP_US: Final = 3_600_000_000
"""An interval whose next message is not there after an hour of the log lost it to retention."""

Part = TypeVar("Part")


class Piece(NamedTuple, Generic[Part]):
    """What one message holds of a unit: `part` of `parts`."""

    unit: Hashable
    part: int
    parts: int
    content: Part
    size_bytes: int


@dataclass(slots=True)
class Unit(Generic[Part]):
    """Rows that belong together: from the first message that holds some of them to the last."""

    first: int
    last: int
    append_us: int
    wanted: int
    parts: dict[int, Part] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all messages are there."""
        return len(self.parts) == self.wanted

    def contents(self) -> list[Part]:
        """What the messages hold, by part."""
        return [self.parts[number] for number in sorted(self.parts)]


class Stretch(NamedTuple, Generic[Part]):
    """What can be committed: the whole units below the offset `end`, and how many were given up there."""

    start: int
    end: int
    units: tuple[Unit[Part], ...]
    given_up: int


class Backlog(Generic[Part]):
    """The units of one partition that are not committed yet; `start` is where the table stands."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.next = start
        self.size_bytes = 0
        self._units: list[Unit[Part]] = []
        self._open: dict[Hashable, Unit[Part]] = {}
        self._newest_us = 0

    def is_new(self, offset: int) -> bool:
        """Whether the message has not been taken yet."""
        return offset >= self.next

    def passed(self, offset: int, append_us: int) -> None:
        """A message of this offset was read, whatever became of it."""
        self.next = offset + 1
        self._newest_us = max(self._newest_us, append_us)

    def add(self, offset: int, append_us: int, piece: Piece[Part]) -> None:
        """Takes a message's piece; one that is there already, written again by a worker, counts once."""
        unit = self._open.get(piece.unit)
        if unit is None:
            unit = Unit(offset, offset, append_us, piece.parts)
            self._units.append(unit)
            self._open[piece.unit] = unit
        unit.last, unit.append_us = offset, append_us
        if piece.part not in unit.parts:
            unit.parts[piece.part] = piece.content
            unit.size_bytes += piece.size_bytes
            self.size_bytes += piece.size_bytes
        if unit.is_whole:
            del self._open[piece.unit]

    def stretch(self) -> Stretch[Part]:
        """The longest stretch from `start` that no unit crosses."""
        end = min([self.next, *(unit.first for unit in self._units if not self._is_settled(unit))])
        end = self._uncrossed(end)
        inside = [unit for unit in self._units if unit.first < end]
        whole = tuple(unit for unit in inside if unit.is_whole)
        return Stretch(self.start, end, whole, len(inside) - len(whole))

    def committed(self, stretch: Stretch[Part]) -> None:
        """The stretch is in."""
        self.start = stretch.end
        self._units = [unit for unit in self._units if unit.first >= stretch.end]
        self._open = {key: unit for key, unit in self._open.items() if unit.first >= stretch.end}
        self.size_bytes = sum(unit.size_bytes for unit in self._units)

    def _is_settled(self, unit: Unit[Part]) -> bool:
        return unit.is_whole or self._newest_us - unit.append_us > _GIVEN_UP_US

    def _uncrossed(self, end: int) -> int:
        """The end pulled down until no unit begins below it and ends at or behind it."""
        while crossing := [unit.first for unit in self._units if unit.first < end <= unit.last]:
            end = min(crossing)
        return end
