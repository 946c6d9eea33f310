"""Where the lake is, what of it is asked for, and what reading it came across."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.model.groups import Definition
from streams.settings import Lake

__all__ = ["LakeSource", "Seen"]


@dataclass(slots=True)
class Seen:
    """What was opened, and the rows whose bitmap cannot be read; `unreadable` names some of them."""

    files: int = 0
    row_groups: int = 0
    rows: int = 0
    unreadable_rows: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LakeSource:
    """The tables of `linkgauge lake`.

    `defined` is a group that was defined afterwards: it is read from the rows of its volumes, whichever
    groups they were measured in.
    """

    lake: Lake
    defined: Definition | None = None
    seen: Seen = field(default_factory=Seen)

    def __str__(self) -> str:
        """For people: what answers."""
        return f"the lake at {self.lake.path} ({self.lake.format})"
