"""Writes that an agent had to drop, until a message declares them.

A message that declares lost writes vouches for nothing in its span. So each lost write must be declared by a
message whose span reaches past it, once, and no message may vouch for a span in which a write was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Losses"]

_MAX_STRETCHES = 1024


@dataclass(slots=True)
class Losses:
    """Stretches `(first_us, last_us, writes)` of event time, both ends inclusive, in which writes were lost.

    Bounded: neighbours are joined when there are too many, which vouches for less, never for more.
    """

    _stretches: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """Lost writes that no message has declared yet."""
        return sum(writes for _, _, writes in self._stretches)

    def add(self, first_us: int, last_us: int, writes: int) -> None:
        """Notes lost writes whose times lie between the two."""
        self._stretches.append((first_us, last_us, writes))
        if len(self._stretches) > _MAX_STRETCHES:
            self._stretches = _joined_pairs(sorted(self._stretches))

    def declare(self, watermark_us: int) -> tuple[int, int]:
        """What the next message may vouch up to, and the lost writes that it declares.

        That is the given watermark, or less where it would cut a stretch: the message then ends before the
        stretch and leaves it to a later one.
        """
        for first_us, last_us, _ in sorted(self._stretches, reverse=True):
            if first_us < watermark_us <= last_us:
                watermark_us = first_us
        declared = sum(writes for _, last_us, writes in self._stretches if last_us < watermark_us)
        self._stretches = [stretch for stretch in self._stretches if stretch[1] >= watermark_us]
        return watermark_us, declared

    def declare_all(self) -> int:
        """Every lost write left, for the message after which nothing follows."""
        writes = self.writes
        self._stretches.clear()
        return writes


def _joined_pairs(ordered: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    pairs = (ordered[start : start + 2] for start in range(0, len(ordered), 2))
    return [(pair[0][0], max(last for _, last, _ in pair), sum(n for _, _, n in pair)) for pair in pairs]
