"""The volumes of chosen groups in their newest base interval, from the tables topic."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.model.entries import Interval
from streams.model.intervals import US, total_us

__all__ = ["Shelf", "TablePart", "VolumeRow", "largest"]


@dataclass(frozen=True, slots=True)
class TablePart:
    """A message of the tables topic: one of the `parts` of an interval's revision, not decoded yet."""

    group: str
    rung_seconds: int
    start_us: int
    revision: int
    part: int
    parts: int
    value: bytes


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume in one interval."""

    volume: str
    changed_bytes: int
    written_bytes: int | None
    coverage: float


@dataclass(slots=True)
class Shelf:
    """Parts of tables until an interval is complete, and the newest complete interval of a group.

    Parts of older intervals or revisions are passed over; tables come in the order of their closing, so there
    is seldom more than one interval that waits.
    """

    newest: Interval | None = None
    parts: dict[tuple[int, int], dict[int, bytes]] = field(default_factory=dict)

    def put(self, place: tuple[int, int], part: int, parts: int, value: bytes) -> list[bytes] | None:
        """Takes a part of the revision at `(start_us, revision)`; all of its parts once they are there."""
        if self.newest is not None and place <= (self.newest.start_us, self.newest.revision):
            return None
        waiting = self.parts.setdefault(place, {})
        waiting[part] = value
        return list(waiting.values()) if len(waiting) == parts else None

    def show(self, interval: Interval) -> None:
        """The interval is complete: what waits before it will never be shown."""
        self.newest = interval
        place = (interval.start_us, interval.revision)
        self.parts = {at: parts for at, parts in self.parts.items() if at > place}


def largest(interval: Interval, limit: int) -> tuple[list[VolumeRow], int]:
    """The volumes that changed most, ties by name, and how many are left out."""
    rows = [
        VolumeRow(
            entry.volume,
            entry.changed_bytes,
            entry.written_bytes,
            min(total_us(entry.covered) / (interval.rung_seconds * US), 1.0),
        )
        for entry in interval.entries
    ]
    rows.sort(key=lambda row: (-row.changed_bytes, row.volume))
    return rows[:limit], max(len(rows) - limit, 0)
