"""A partition in this worker's hands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from streams.model.partition import Partition
from streams.model.state import State

__all__ = ["MARKS_KEPT", "Place"]

MARKS_KEPT = 3
"""Marks of a group that stay on the state topic; older ones are removed."""


@dataclass(slots=True)
class Place:
    """A loaded partition and where its rows lie on the topics.

    `tables` maps a group's base intervals to the lowest offset of the table messages of their newest
    revision; `marks` are the offsets `T` of a group's state rows that are not for removal. `heard`,
    `ticked` and `moved` are monotonic times: when an agent of a group last sent something, when we last
    ticked for a group, when the partition last took a message.
    """

    number: int
    partition: Partition
    tables: dict[str, dict[int, int]] = field(default_factory=dict)
    marks: dict[str, list[int]] = field(default_factory=dict)
    heard: dict[tuple[str, str], float] = field(default_factory=dict)
    ticked: dict[str, float] = field(default_factory=dict)
    moved: float = field(default_factory=time.monotonic)

    def tables_from(self, state: State) -> int:
        """The lowest offset of tables that a reader of this mark needs; 0 where it needs none.

        The map is pruned to the intervals of the mark: nobody will ask for the others again.
        """
        known = self.tables.get(state.group, {})
        needed = {interval: known[interval] for interval in state.revisions}
        if needed:
            oldest = min(needed)
            for interval in [interval for interval in known if interval < oldest]:
                del known[interval]
        return min(needed.values(), default=0)

    def removable(self, group: str, offset: int) -> list[int]:
        """Notes a new mark; the marks that may be removed now that it is durable."""
        marks = self.marks.setdefault(group, [])
        marks.append(offset)
        old, marks[:] = marks[:-MARKS_KEPT], marks[-MARKS_KEPT:]
        return old
