"""What a collector must remember across a crash: the content of a group's mark.

Every field decides something about messages behind the mark; nothing here depends on who wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from streams.model.bittable import BitTable
from streams.model.entries import Gap, Interval, Summary, Totals
from streams.model.groups import Definition
from streams.model.messages import Fold
from streams.model.writes import WriteBatch

__all__ = ["AgentState", "DeadLetter", "Mark", "Outcome", "State", "Version", "Window"]

Window = tuple[int | None, int | None]
"""A half-open span of collection in microseconds; None is unbounded."""


@dataclass(frozen=True, slots=True)
class Version:
    """A definition with its number. It holds from base interval `first` on; None: from the beginning.

    `ticks` is the group's tick count when it came: agents never heard are silent counted from there.
    """

    number: int
    first: int | None
    ticks: int
    definition: Definition


@dataclass(slots=True)
class AgentState:
    """What is known of one agent of a group.

    `high`: the highest sequence number of `epoch`; `holes`: at most 64 missing ones below it; `floor`: the
    highest hole that was forgotten, -1 if none. `heard`: the tick count at its last accepted message.
    `left_at`: the offset of its bye, None while it is there.
    """

    epoch: int
    high: int = -1
    holes: list[int] = field(default_factory=list)
    floor: int = -1
    watermark_us: int | None = None
    heard: int = 0
    left_at: int | None = None

    def copy(self) -> AgentState:
        """An independent copy."""
        return replace(self, holes=list(self.holes))


@dataclass(slots=True)
class State:
    """The state of one group's collector as of the message at `offset`.

    `closed`: index of the last closed base interval, None before the first. `born`: the first interval of
    the present life of the group, None where nothing was before it. `redo`: offsets at or below `offset`
    that feed an interval after `closed`. `ticks` were counted, the last at `tick_us`; `last_us` is the
    append time of the last accepted message. `revisions`: of every base interval that a late write or a
    rung may still need. `redriven`: the dead letters that were accepted again, as source offsets by the id of
    their origin; they are no agents. `windows`: when collection is on. `deleted`: nothing is accepted but a
    definition.
    """

    group: str
    offset: int
    versions: list[Version]
    closed: int | None = None
    born: int | None = None
    redo: tuple[int, ...] = ()
    ticks: int = 0
    tick_us: int | None = None
    last_us: int | None = None
    revisions: dict[int, int] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    agents: dict[str, AgentState] = field(default_factory=dict)
    redriven: dict[str, BitTable] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=lambda: [(None, None)])
    deleted: bool = False

    @property
    def closed_us(self) -> int | None:
        """End of the last closed base interval, None before the first."""
        if self.closed is None:
            return None
        return (self.closed + 1) * self.versions[-1].definition.geometry.interval_us

    def copy(self) -> State:
        """A snapshot that later messages do not change."""
        return replace(
            self,
            versions=list(self.versions),
            revisions=dict(self.revisions),
            agents={name: agent.copy() for name, agent in self.agents.items()},
            redriven={name: taken.copy() for name, taken in self.redriven.items()},
            windows=list(self.windows),
        )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was refused of the message at `offset`, and why; one for each reason.

    `writes` or `folds` hold just the refused rows; both None or empty: the whole message was refused.
    """

    offset: int
    reason: str
    detail: str
    writes: WriteBatch | None = None
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """All that one message makes durable: the rows first, in any order, then `state` as one row.

    `intervals` are base intervals, whose tables are stored; `rungs` only get a summary. Once the state row
    is acknowledged, every message up to `state.offset` that feeds nothing after `state.closed` is released.
    """

    intervals: tuple[Interval, ...]
    rungs: tuple[Interval, ...]
    gaps: tuple[Gap, ...]
    summaries: tuple[Summary, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one message leads to. Dead letters and versions must be durable before this or a later mark."""

    dead_letters: tuple[DeadLetter, ...] = ()
    versions: tuple[Version, ...] = ()
    mark: Mark | None = None
