"""How far a table has come: the offsets of its source, which stand in the same commit as the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.errors import LakeError

__all__ = ["LogId", "Move", "Progress"]

Offsets = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class LogId:
    """Which log offsets are of. A topic that is made anew, or a cluster that is built anew, has other ids."""

    cluster_id: str
    topic: str
    topic_id: str

    def __str__(self) -> str:
        return f"topic {self.topic} (id {self.topic_id}) of cluster {self.cluster_id}"


@dataclass(frozen=True, slots=True)
class Move:
    """What a commit does to the offsets: its rows are those of `start..end` in each partition of the log."""

    log: LogId
    start: Offsets
    end: Offsets


@dataclass(frozen=True, slots=True)
class Progress:
    """The log that feeds a table, None before the first commit, and the next offset of each partition."""

    log: LogId | None = None
    offsets: Offsets = field(default_factory=dict)

    def stands_at(self, move: Move) -> bool:
        """Whether the move begins where the table is; a partition that it never heard of is at 0."""
        if self.log not in (None, move.log):
            return False
        return all(self.offsets.get(number, 0) == offset for number, offset in move.start.items())

    def moved(self, move: Move) -> Progress:
        """The progress behind the move."""
        return Progress(move.log, {**self.offsets, **move.end})

    def to_json(self) -> str:
        """As it stands in a commit."""
        log = None if self.log is None else [self.log.cluster_id, self.log.topic, self.log.topic_id]
        offsets = {str(number): offset for number, offset in sorted(self.offsets.items())}
        return orjson.dumps({"log": log, "offsets": offsets}).decode()

    @staticmethod
    def from_json(text: str) -> Progress:
        """The inverse of `to_json`.

        Raises:
            LakeError: not of this form.
        """
        try:
            found: dict[str, Any] = orjson.loads(text)
            log = None if found["log"] is None else LogId(*map(str, found["log"]))
            return Progress(log, {int(number): int(offset) for number, offset in found["offsets"].items()})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LakeError(f"the offsets in a commit cannot be read: {text!r} ({error})") from None
