"""A canary in each partition shows how far behind the worker of that partition is.

It is a group with intervals of one second. Each heartbeat closes the next one; how long its summary takes to
come is how long a message waits there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from types import TracebackType
from typing import Final, Self

from confluent_kafka import TopicPartition

from bench.data import ARRAY, START_US, Shape, definition
from bench.running import Figures
from bench.topics import Log
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Define, Origin
from streams.store import Source
from streams.wire.agent import encode_message
from streams.wire.keys import SummaryKey, parse_interval_key, writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record

__all__ = ["HEAD_SECONDS", "Canaries", "canary_names"]

HEAD_SECONDS: Final = 1.0
"""Who waits no longer is at the head of the log."""

_EVERY_SECONDS = 0.5
_SHAPE = Shape(interval_seconds=1, volumes=1)


def canary_names(partitions: int) -> list[str]:
    """For each partition the name of a group that is in it."""
    found: dict[int, str] = {}
    for number in count():
        name = f"canary{number}"
        found.setdefault(partition_of(writes_key(name), partitions), name)
        if len(found) == partitions:
            break
    return list(found.values())


class Canaries:
    """Sends heartbeats and takes note of their summaries; times are seconds since 1970."""

    def __init__(self, log: Log) -> None:
        self.names = canary_names(log.layout.partitions)
        self._sent: dict[tuple[str, int], float] = {}
        self._answered: dict[tuple[str, int], float] = {}
        self._rounds = 0
        self._next = 0.0
        self._calm_since = time.time()
        self._log = log
        self._consuming = Source(log.bootstrap, log.layout.prefix).consumer()

    def __enter__(self) -> Self:
        self._consumer = self._consuming.__enter__()
        topic = self._log.layout.name("intervals")
        self._consumer.assign([TopicPartition(topic, n, 0) for n in range(self._log.layout.partitions)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consuming.__exit__(kind, error, trace)

    def definitions(self) -> Iterator[Record]:
        """What comes before the first heartbeat."""
        for name in self.names:
            yield encode_message(name, Define(definition(_SHAPE, name)))

    def due(self) -> Iterator[Record]:
        """The heartbeats that are to be sent now."""
        if time.time() < self._next:
            return
        self._next = time.time() + _EVERY_SECONDS
        start_us = START_US + self._rounds * US
        for name in self.names:
            origin = Origin(ARRAY, name, 1, self._rounds, start_us, start_us + US)
            self._sent[name, start_us] = time.time()
            yield encode_message(name, AgentMessage("heartbeat", origin))
        self._rounds += 1

    def look(self) -> None:
        """Takes note of summaries that have come."""
        for message in self._consumer.consume(1_000, 0.02):
            if message.error() is not None:
                continue
            key = parse_interval_key(message.key() or b"")
            if isinstance(key, SummaryKey) and key.rung_seconds == 1:
                self._answered.setdefault((key.group, key.start_us), message.timestamp()[1] / 1000)
        if self._longest_waiting() > HEAD_SECONDS or not self._sent:
            self._calm_since = time.time()

    def waiting(self) -> int:
        """How many heartbeats have no summary."""
        return len(self._sent.keys() - self._answered.keys())

    def at_head_for(self, seconds: float) -> bool:
        """Whether for so long no heartbeat has waited too long."""
        return time.time() - self._calm_since > seconds

    def since(self, begin: float) -> Figures:
        """When the last one that had waited too long had its summary, and how long one waited at most."""
        waited = {
            place: self._answered[place] - sent
            for place, sent in self._sent.items()
            if place in self._answered
        }
        late = [
            self._answered[place]
            for place, seconds in waited.items()
            if seconds > HEAD_SECONDS and self._answered[place] > begin
        ]
        return {
            "back at the head s": max(late, default=begin) - begin,
            "longest wait s": max(waited[place] for place in waited if self._answered[place] > begin),
        }

    def _longest_waiting(self) -> float:
        now = time.time()
        return max(
            (now - self._sent[place] for place in self._sent.keys() - self._answered.keys()), default=0.0
        )
