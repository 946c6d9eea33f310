"""One partition of the writes topic: its groups, what comes next, and how far it may be committed."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.model import collector
from streams.model.messages import AgentMessage, Define, Message, Refused, Tick
from streams.model.opengroup import OpenGroup
from streams.model.screening import REASONS
from streams.model.state import DeadLetter, Mark, Outcome

__all__ = ["Partition"]


@dataclass(slots=True)
class Partition:
    """The groups of one partition and the offset that must come next.

    `loose` are offsets whose dead letters no group's mark vouches for, because the group is unknown.
    """

    next_offset: int
    groups: dict[str, OpenGroup] = field(default_factory=dict)
    loose: set[int] = field(default_factory=set)

    def take(self, name: str, message: Message) -> Outcome:
        """Takes the message at `next_offset`; the caller has checked that it is that one."""
        self.next_offset = message.offset + 1
        group = self.groups.get(name)
        if group is not None:
            return collector.take(group, message)
        if isinstance(message.body, Define):
            self.groups[name], outcome = collector.begin(message, message.body)
            return outcome
        return self._unknown(message)

    def skip(self, offset: int) -> None:
        """Passes an offset that carries no message, such as a transaction marker."""
        self.next_offset = offset + 1

    def acknowledged(self, name: str, mark: Mark) -> None:
        """The group's mark is durable."""
        collector.acknowledged(self.groups[name], mark)

    def settled(self, offset: int) -> None:
        """The dead letters of a message of an unknown group are durable."""
        self.loose.discard(offset)

    def commit_offset(self) -> int:
        """The lowest offset that a new owner must read again."""
        held = (next(iter(group.holds)) for group in self.groups.values() if group.holds)
        return min([self.next_offset, *held, *self.loose])

    def _unknown(self, message: Message) -> Outcome:
        body = message.body
        if isinstance(body, Tick):
            return Outcome()
        self.loose.add(message.offset)
        if isinstance(body, Refused):
            return Outcome((DeadLetter(message.offset, body.reason, body.detail),))
        count = len(body.writes or ()) if isinstance(body, AgentMessage) else 0
        detail = f"{REASONS['unknown-group']}; {count} writes"
        return Outcome((DeadLetter(message.offset, "unknown-group", detail),))
