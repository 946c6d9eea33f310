"""An agent of the present: when its writes become messages, and what each message vouches for.

No Kafka, no thread and no clock in here: messages go to a function, the time comes as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from streams.agents.batching import MAX_AGE_US
from streams.agents.buffer import WriteBuffer
from streams.agents.chain import Chain
from streams.agents.losses import Losses
from streams.agents.parcels import Parcel, Waiting
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch

__all__ = ["LiveAgent", "Moment", "heartbeat_seconds"]

_LONGEST_IDLE_SECONDS = 30.0
_NOTHING = Parcel(0, 0, 0)


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

    `send` takes a message and may block; `full` tells that it would. With `drop`, what is due while `full`
    holds is dropped and declared lost by a later message. `waiting` decides how writes travel.
    """

    chain: Chain
    send: Callable[[AgentMessage], None]
    full: Callable[[], bool]
    idle_seconds: float
    on_full: Literal["block", "drop"] = "block"
    last_sent: float = 0.0
    sent_writes: int = 0
    dropped_writes: int = 0
    waiting: Waiting = field(default_factory=WriteBuffer)
    _losses: Losses = field(default_factory=Losses)
    _since: float | None = None

    def write(
        self, volume: str, offset_bytes: int, length_bytes: int, time_us: int, now: Callable[[], Moment]
    ) -> None:
        """One write; `now` is asked for the time only where it matters."""
        if self.waiting.add_one(volume, offset_bytes, length_bytes, time_us):
            self._send_due(now())

    def write_batch(self, writes: WriteBatch, now: Callable[[], Moment]) -> None:
        """Columns of writes."""
        self.waiting.add(writes)
        self._send_due(now())

    def keep(self, now: Moment) -> None:
        """Sends what is due, or a heartbeat; to be called a few times per second. Never blocks."""
        while not self.full() and (self.waiting.due(now.promised_us) or self._aged(now)):
            self._send_next(now)
        if self._idle(now) and not self.full():
            self._send("heartbeat", now)

    def drain(self, now: Moment) -> None:
        """Sends everything that is pending; blocks rather than drops."""
        while self.waiting:
            self._send_next(now)

    def bye(self, now: Moment) -> None:
        """Sends what is pending and takes leave; every loss is declared."""
        self.drain(now)
        self.send(AgentMessage("bye", self.chain.stamp(now.promised_us, self._losses.declare_all())))

    def _send_due(self, now: Moment) -> None:
        if self._since is None and self.waiting:
            self._since = now.seconds
        while self.waiting.due(now.promised_us):
            if self.on_full == "drop" and self.full():
                self._drop(now)
            else:
                self._send_next(now)

    def _aged(self, now: Moment) -> bool:
        return self._since is not None and (now.seconds - self._since) * US >= self.waiting.longest_wait_us

    def _idle(self, now: Moment) -> bool:
        if self._since is None:
            return now.seconds - self.last_sent >= self.idle_seconds
        # What waits takes the heartbeat's place, unless its window of time does not end.
        waited = now.seconds - max(self.last_sent, self._since)
        return waited >= max(self.idle_seconds, MAX_AGE_US / US)

    def _take(self, now: Moment) -> Parcel:
        parcel = self.waiting.take(now.promised_us)
        self._since = now.seconds if self.waiting else None
        return parcel

    def _send_next(self, now: Moment) -> None:
        parcel = self._take(now)
        self._send(parcel.kind, now, parcel)
        self.sent_writes += parcel.count

    def _send(
        self, kind: Literal["writes", "tracks", "heartbeat"], now: Moment, parcel: Parcel = _NOTHING
    ) -> None:
        # What is still pending may be older than the promise: it follows this message.
        pending_us = self.waiting.oldest_us
        watermark_us = now.promised_us if pending_us is None else min(now.promised_us, pending_us)
        watermark_us, lost_writes = self._losses.declare(watermark_us)
        origin = self.chain.stamp(watermark_us, lost_writes)
        self.send(AgentMessage(kind, origin, parcel.writes, parcel.folds))
        self.last_sent = now.seconds

    def _drop(self, now: Moment) -> None:
        parcel = self._take(now)
        lost_writes = max(parcel.count, 1)  # a piece of a large fold has tracks, its counts are in another
        self._losses.add(parcel.first_us, parcel.last_us, lost_writes)
        self.dropped_writes += lost_writes
