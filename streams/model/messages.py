"""What stands on the writes topic, as values: offset, append time, and one of a few bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.model.bittable import BitTable
from streams.model.groups import Definition
from streams.model.writes import WriteBatch

__all__ = [
    "AgentMessage",
    "Body",
    "Command",
    "Define",
    "Fold",
    "Message",
    "Origin",
    "Refused",
    "Tick",
]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a message and what it vouches for: the headers of everything that an agent sends.

    The agent saw every write of its volumes in `[observed_from_us, watermark_us)` but `lost_writes` of them,
    and sends nothing older than `watermark_us` any more. `sequence` counts from 0 without gaps for each
    agent, epoch and group; `epoch` grows with every start of the agent.
    """

    array: str
    agent: str
    epoch: int
    sequence: int
    observed_from_us: int
    watermark_us: int
    lost_writes: int = 0

    @property
    def id(self) -> str:
        """`array/agent`."""
        return f"{self.array}/{self.agent}"


@dataclass(frozen=True, slots=True)
class Fold:
    """Pre-folded tracks: what one volume's writes inside `[start_us, end_us)` touched.

    `writes` and `written_bytes` are None where the source cannot know them.
    """

    volume: str
    start_us: int
    end_us: int
    track_bytes: int
    tracks: BitTable
    writes: int | None = None
    written_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """What an agent sends. A `redrive` brings refused writes back and vouches for nothing."""

    kind: Literal["writes", "tracks", "heartbeat", "bye", "redrive"]
    origin: Origin
    writes: WriteBatch | None = None
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True, slots=True)
class Define:
    """A new version of the group's definition."""

    definition: Definition


@dataclass(frozen=True, slots=True)
class Command:
    """Collection starts (at a time, for a number of intervals), stops, or the group is deleted."""

    action: Literal["start", "stop", "delete"]
    at_us: int | None = None
    intervals: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """The owner of the partition says that append time goes on."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that could not be understood; the record itself goes to the dead letters."""

    reason: str
    detail: str


Body = AgentMessage | Define | Command | Tick | Refused


@dataclass(frozen=True, slots=True)
class Message:
    """A body at its place in the group's log. `append_us` is the broker's append time."""

    offset: int
    append_us: int
    body: Body
