"""Where the lake is, what of it is asked for, and what reading it came across."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.model.groups import Definition
from streams.settings import Lake
from streams.store.lake.files import has_table
from streams.wire.lake_tables import TRACKS

__all__ = ["LakeSource", "Seen"]


@dataclass(slots=True)
class Seen:
    """What was opened, and the rows whose bitmap cannot be read; `unreadable` names some of them."""

    files: int = 0
    row_groups: int = 0
    rows: int = 0
    unreadable_rows: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def remark(self) -> str | None:
        """What to know of the rows that cannot be read, None where all can."""
        if not self.unreadable_rows:
            return None
        unnamed = self.unreadable_rows - len(self.unreadable)
        more = f" and {unnamed} more" if unnamed else ""
        return (
            f"{self.unreadable_rows} rows of the lake hold no bitmap that can be read and count as not "
            f"measured: {', '.join(self.unreadable)}{more}; see `linkgauge lake check`"
        )


@dataclass(frozen=True, slots=True)
class LakeSource:
    """The tables of `linkgauge lake`.

    `defined` is a group that was defined afterwards: it is read from the rows of its volumes, whichever
    groups they were measured in.
    """

    lake: Lake
    defined: Definition | None = None
    seen: Seen = field(default_factory=Seen)

    def exists(self) -> bool:
        """Whether there is a lake, and what its format needs is installed."""
        return has_table(self.lake, TRACKS)

    def __str__(self) -> str:
        """For people: what answers."""
        return f"the lake at {self.lake.path} ({self.lake.format})"
