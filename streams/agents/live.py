"""An agent of the present: when its writes become messages, and what each message vouches for.

No Kafka, no thread and no clock in here: messages go to a function, the time comes as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from streams.agents.batching import MAX_AGE_US, MAX_WRITES
from streams.agents.buffer import WriteBuffer
from streams.agents.chain import Chain
from streams.agents.losses import Losses
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch

__all__ = ["LiveAgent", "Moment", "heartbeat_seconds"]

_LONGEST_IDLE_SECONDS = 30.0


def heartbeat_seconds(interval_seconds: int) -> float:
    """How long an agent may be idle: 30 s or a quarter of the base interval, whichever is shorter."""
    return min(_LONGEST_IDLE_SECONDS, interval_seconds / 4)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: `seconds` of a clock that never steps back; every write before `promised_us` was handed in."""

    seconds: float
    promised_us: int


@dataclass(slots=True)
class LiveAgent:
    """Writes as they happen, in; messages out.

    `send` takes a message and may block; `full` tells that it would. With `drop`, a batch that is due while
    `full` holds is dropped and declared lost by a later message.
    """

    chain: Chain
    send: Callable[[AgentMessage], None]
    full: Callable[[], bool]
    idle_seconds: float
    on_full: Literal["block", "drop"] = "block"
    last_sent: float = 0.0
    sent_writes: int = 0
    dropped_writes: int = 0
    _buffer: WriteBuffer = field(default_factory=WriteBuffer)
    _losses: Losses = field(default_factory=Losses)
    _since: float | None = None

    def write(
        self, volume: str, offset_bytes: int, length_bytes: int, time_us: int, now: Callable[[], Moment]
    ) -> None:
        """One write; `now` is asked for the time only where it matters."""
        self._buffer.add_one(volume, offset_bytes, length_bytes, time_us)
        if self._since is None or len(self._buffer) >= MAX_WRITES:
            self._cut_full(now())

    def write_batch(self, writes: WriteBatch, now: Callable[[], Moment]) -> None:
        """Columns of writes."""
        self._buffer.add(writes)
        self._cut_full(now())

    def keep(self, now: Moment) -> None:
        """Sends what is due by its age, or a heartbeat; to be called a few times per second. Never blocks."""
        if self.full():
            return
        if self._since is not None and (now.seconds - self._since) * US >= MAX_AGE_US:
            self._send_batch(now)
        elif self._since is None and now.seconds - self.last_sent >= self.idle_seconds:
            self._send("heartbeat", now)

    def drain(self, now: Moment) -> None:
        """Sends everything that is pending; blocks rather than drops."""
        while len(self._buffer):
            self._send_batch(now)

    def bye(self, now: Moment) -> None:
        """Sends what is pending and takes leave; every loss is declared."""
        self.drain(now)
        self.send(AgentMessage("bye", self.chain.stamp(now.promised_us, self._losses.declare_all())))

    def _cut_full(self, now: Moment) -> None:
        if self._since is None and len(self._buffer):
            self._since = now.seconds
        while len(self._buffer) >= MAX_WRITES:
            if self.on_full == "drop" and self.full():
                self._drop(now)
            else:
                self._send_batch(now)

    def _take(self, now: Moment) -> WriteBatch:
        writes = self._buffer.take()
        self._since = now.seconds if len(self._buffer) else None
        return writes

    def _send_batch(self, now: Moment) -> None:
        writes = self._take(now)
        self._send("writes", now, writes)
        self.sent_writes += len(writes)

    def _send(
        self, kind: Literal["writes", "heartbeat"], now: Moment, writes: WriteBatch | None = None
    ) -> None:
        # What is still pending may be older than the promise: it follows this message.
        pending_us = self._buffer.oldest_us
        watermark_us = now.promised_us if pending_us is None else min(now.promised_us, pending_us)
        watermark_us, lost_writes = self._losses.declare(watermark_us)
        self.send(AgentMessage(kind, self.chain.stamp(watermark_us, lost_writes), writes))
        self.last_sent = now.seconds

    def _drop(self, now: Moment) -> None:
        writes = self._take(now)
        self._losses.add(int(writes.time_us.min()), int(writes.time_us.max()), len(writes))
        self.dropped_writes += len(writes)
