"""What a report is asked for: a range, a calendar, and of which volumes or extents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from streams.cli.reports.calendar import Calendar
from streams.model.groups import Definition
from streams.wire.times import format_time

__all__ = ["Choice"]

_WHOLE = (0, 1 << 62)
Extents = Mapping[str, Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the stored range is asked for; `extents` by volume, None for all of them."""

    from_us: int | None
    to_us: int | None
    calendar: Calendar
    least_coverage: float
    volumes: frozenset[str] | None = None
    extents: Extents | None = None

    def of(self, *, volumes: frozenset[str] | None = None, extents: Extents | None = None) -> Choice:
        """The same for some volumes, or for a data set."""
        return replace(self, volumes=volumes, extents=extents)

    def of_definition(self, definition: Definition) -> Choice:
        """The same for a group that was defined afterwards: its volumes, or the extents of them."""
        members = definition.by_id
        if all(member.extents is None for member in members.values()):
            return self.of(volumes=frozenset(members))
        return self.of(extents={name: member.extents or (_WHOLE,) for name, member in members.items()})

    @property
    def range_text(self) -> str:
        """Its range, as words of a sentence."""
        words = [
            "in the range" if self.from_us is self.to_us is None else "",
            "" if self.from_us is None else f"from {format_time(self.from_us)}",
            "" if self.to_us is None else f"to {format_time(self.to_us)}",
        ]
        return " ".join(filter(None, words))
