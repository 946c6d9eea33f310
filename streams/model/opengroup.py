"""What one group holds open: the running values behind its marks."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.model.entries import Interval
from streams.model.groups import Geometry
from streams.model.intervals import Span, Spans
from streams.model.opentable import OpenInterval
from streams.model.state import DeadLetter, State, Version

__all__ = ["OpenGroup"]


@dataclass(slots=True)
class OpenGroup:
    """The running state of one group.

    `state` is what a mark remembers; `rows` are the closed base intervals at exactly `state.revisions`.
    `open` and `late` fill by interval index. `holds` maps the offset of every message that must not be
    committed yet to the end of the last interval that it feeds, None where it feeds none; a time, for a
    group that begins anew may count its intervals differently. `redo` are the offsets that are applied again
    after a crash; `dead` collects the dead letters of the message at hand.
    """

    state: State
    rows: dict[int, Interval] = field(default_factory=dict)
    redo: frozenset[int] = frozenset()
    open: dict[int, OpenInterval] = field(default_factory=dict)
    late: dict[int, OpenInterval] = field(default_factory=dict)
    holds: dict[int, int | None] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)

    @property
    def geometry(self) -> Geometry:
        """What shapes the rows of the group's present life."""
        return self.state.versions[-1].definition.geometry

    def version_at(self, interval: int) -> Version:
        """The definition in force at a base interval."""
        for version in reversed(self.state.versions):
            if version.first is None or version.first <= interval:
                return version
        return self.state.versions[0]

    def span_of(self, interval: int) -> Span:
        """The moments of a base interval."""
        length_us = self.geometry.interval_us
        return interval * length_us, (interval + 1) * length_us

    def windows_in(self, span: Span) -> Spans:
        """The parts of a span in which collection is on."""
        clipped = (
            (span[0] if start is None else max(start, span[0]), span[1] if end is None else min(end, span[1]))
            for start, end in self.state.windows
        )
        return [(start, end) for start, end in clipped if start < end]

    def first_free(self) -> int | None:
        """The first interval that is neither closed nor open nor in reach of an earlier definition.

        What changes the meaning of intervals takes effect there, so that no message is read under two
        definitions. None: nothing was seen yet, and everything is free.
        """
        taken = list(self.open)
        if self.state.closed is not None:
            taken.append(self.state.closed)
        taken += [version.first - 1 for version in self.state.versions if version.first is not None]
        return max(taken) + 1 if taken else None
