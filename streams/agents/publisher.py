"""The publisher that an agent embeds: writes in, messages on the topic, nothing lost in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from streams.agents.buffer import require_sound, require_volumes
from streams.agents.chain import Chain
from streams.agents.foldbuffer import FoldBuffer
from streams.agents.live import LiveAgent, Moment, heartbeat_seconds
from streams.agents.outbox import Compression, Outbox, OutboxLimits
from streams.errors import BrokerError, MissingData
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch
from streams.store.definitions import group_versions
from streams.store.source import Source
from streams.wire.agent import encode_message
from streams.wire.headers import MAX_NAME_BYTES
from streams.wire.keys import writes_key

__all__ = ["Publisher", "PublisherOptions", "PublisherStatistics"]

_KEEP_SECONDS = 0.1


def wall_clock_us() -> int:
    """The time of day in microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class PublisherOptions:
    """What an agent may choose.

    `epoch` must be larger than at any earlier start of the agent; by default it is the time of the start in
    microseconds. `observed_from_us`: since when the agent sees every write; by default its start.

    `watermark` says who decides how far a message vouches. `clock`: up to `settle_seconds` ago, so every
    write must be handed in within that time. `caller`: up to what `advance` was told last.

    `interval_seconds` is the group's base interval: idle agents send a heartbeat every 30 s or every quarter
    of it, whichever is shorter. `on_full` decides what happens once `max_messages` or `max_bytes` are
    unacknowledged: `block` waits, `drop` drops writes and declares them lost.

    `fold`: the publisher marks tracks itself and sends, instead of writes, what each window of time touched:
    far fewer bytes where tracks are written again and again. The group must be defined before the publisher
    is entered. What it holds in memory meanwhile: `streams.agents.foldbuffer`.

    `clock_us` and `monotonic_seconds` stand in for the clocks in tests.
    """

    topic_prefix: str = "linkgauge."
    client_options: Mapping[str, str] = field(default_factory=dict)
    epoch: int | None = None
    observed_from_us: int | None = None
    watermark: Literal["clock", "caller"] = "clock"
    settle_seconds: float = 1.0
    interval_seconds: int = 300
    on_full: Literal["block", "drop"] = "block"
    fold: bool = False
    max_messages: int = 1000
    max_bytes: int = 64 << 20
    compression: Compression = "zstd"
    delivery_timeout_seconds: float = 300.0
    clock_us: Callable[[], int] = wall_clock_us
    monotonic_seconds: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """What was handed to Kafka, what was dropped, and how many messages Kafka has not acknowledged."""

    sent_messages: int
    sent_writes: int
    dropped_writes: int
    unacknowledged: int
    unacknowledged_bytes: int = 0


_DEFAULT_OPTIONS = PublisherOptions()


class Publisher:
    """Publishes the writes of one array's volumes to one data group.

    Use it as a context manager: entering connects, leaving sends what is left and says bye. All methods may
    be called from any thread. Batches close at 8,192 writes or after 10 s, whichever is first. With `fold`, a
    message leaves when the watermark has passed the end of a window: the longest of at most 10 s that divides
    the group's slot.

    Once a delivery has failed for good, every call raises that failure, and no later message is sent: start
    the agent anew, which takes a new epoch and shows as missing coverage in between.

    Args:
        bootstrap: `host:port` of the Kafka cluster, several by comma.
        group: the data group.
        array: the array that the volumes belong to; no slash.
        agent: this agent's name; unique in its array.
        options: everything that has a default.

    Raises:
        ValueError: a name is empty, too long, or has a slash where none may be.
    """

    def __init__(
        self,
        bootstrap: str,
        group: str,
        array: str,
        agent: str,
        options: PublisherOptions = _DEFAULT_OPTIONS,
    ) -> None:
        _require_name("array", array)
        _require_name("agent", agent)
        writes_key(group)
        self._source = Source(bootstrap, options.topic_prefix, options.client_options)
        self._group = group
        self._options = options
        start_us = options.clock_us()
        epoch = start_us if options.epoch is None else options.epoch
        self._promised_us = start_us if options.observed_from_us is None else options.observed_from_us
        self._outbox: Outbox | None = None
        self._closed = False
        self._known_volumes: tuple[str, ...] = ()
        self._agent = LiveAgent(
            chain=Chain(array, agent, epoch, self._promised_us),
            send=self._send,
            full=lambda: self._usable().full,
            idle_seconds=heartbeat_seconds(options.interval_seconds),
            on_full=options.on_full,
            last_sent=options.monotonic_seconds(),
        )
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"publisher {array}/{agent}", daemon=True)

    def __enter__(self) -> Self:
        """Connects and starts the heartbeat.

        Raises:
            BrokerUnreachable: no broker answers.
            TopicMismatch: the writes topic is not there.
            MissingData: it shall fold, and the group is not defined.
        """
        outbox = self._connect()
        if self._options.fold:
            self._fold()
        self._outbox = outbox
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes; after an unexpected exception without a bye, for then nobody knows what was seen."""
        if kind is None:
            self.close()
            return
        with suppress(BrokerError):  # what went wrong first is what the caller must see
            self.close(bye=issubclass(kind, KeyboardInterrupt | SystemExit))

    @property
    def name(self) -> tuple[str, str, str]:
        """The data group, the array and the agent."""
        return self._group, self._agent.chain.array, self._agent.chain.agent

    @property
    def has_failed(self) -> bool:
        """Whether a delivery failed for good, so that nothing is sent any more."""
        return self._outbox is not None and self._outbox.has_failed

    @property
    def statistics(self) -> PublisherStatistics:
        """What was done so far."""
        outbox = self._outbox
        return PublisherStatistics(
            sent_messages=outbox.sent_messages if outbox else 0,
            sent_writes=self._agent.sent_writes,
            dropped_writes=self._agent.dropped_writes,
            unacknowledged=outbox.unacknowledged if outbox else 0,
            unacknowledged_bytes=outbox.unacknowledged_bytes if outbox else 0,
        )

    def write(self, volume: str, offset_bytes: int, length_bytes: int, time_us: int | None = None) -> None:
        """Hands in one write; without a time it happened now.

        Raises:
            ValueError: a negative figure, an unusable volume name, or an end beyond 2^63 bytes.
            BrokerError: an earlier message could not be delivered.
        """
        require_volumes((volume,))
        if min(offset_bytes, length_bytes, time_us or 0) < 0 or offset_bytes + length_bytes > 1 << 63:
            raise ValueError(f"a write of {length_bytes} bytes at {offset_bytes}, time {time_us}")
        with self._lock:
            self._usable()
            at_us = self._options.clock_us() if time_us is None else time_us
            self._agent.write(volume, offset_bytes, length_bytes, at_us, self._now)

    def write_batch(self, writes: WriteBatch) -> None:
        """Hands in columns of writes, with bare volume names.

        Raises:
            ValueError: a row is wrong; then none was taken.
            BrokerError: an earlier message could not be delivered.
        """
        require_sound(writes)
        with self._lock:
            if writes.volumes is not self._known_volumes:
                require_volumes(writes.volumes)
                self._known_volumes = writes.volumes
            self._usable()
            self._agent.write_batch(writes, self._now)

    def advance(self, watermark_us: int) -> None:
        """Promises that every write older than this was handed in, and no such write follows.

        Raises:
            ValueError: the watermark is the clock's business.
        """
        if self._options.watermark != "caller":
            raise ValueError('advance() needs PublisherOptions(watermark="caller")')
        with self._lock:
            self._promised_us = max(self._promised_us, watermark_us)

    def flush(self, timeout_seconds: float = 60.0) -> None:
        """Sends what is pending and returns when the broker has acknowledged everything.

        Raises:
            BrokerError: it has not within the time, or a message could not be delivered.
        """
        with self._lock:
            outbox = self._usable()
            self._agent.drain(self._now())
        outbox.flush(timeout_seconds)

    def close(self, timeout_seconds: float = 60.0, *, bye: bool = True) -> None:
        """Sends what is pending and a bye, and returns when the broker has acknowledged all of it.

        Without `bye` the last messages vouch for nothing new, and the group waits until the agent counts as
        silent. Closing twice does nothing.

        Raises:
            BrokerError: it has not within the time, or a message could not be delivered.
        """
        if self._outbox is None or self._closed:
            return
        self._closing.set()
        self._keeper.join()
        with self._lock:
            self._closed = True
            self._outbox.check()
            if bye:
                self._agent.bye(self._now(settle_seconds=0.0))
            else:
                self._agent.drain(Moment(self._options.monotonic_seconds(), self._agent.chain.watermark_us))
        self._outbox.flush(timeout_seconds)

    def _connect(self) -> Outbox:
        options = self._options
        limits = OutboxLimits(
            options.max_messages, options.max_bytes, options.delivery_timeout_seconds, options.compression
        )
        return Outbox(self._source, "writes", limits)

    def _fold(self) -> None:
        try:
            definition = group_versions(self._source, self._group)[-1].definition
        except MissingData as error:
            raise MissingData(
                f"{error}; folding needs its tracks and slots: define it first (linkgauge groups apply FILE) "
                "or leave fold out"
            ) from None
        self._agent.waiting = FoldBuffer(definition, self._agent.chain.array)
        self._agent.idle_seconds = heartbeat_seconds(definition.geometry.interval_seconds)

    def _usable(self) -> Outbox:
        if self._outbox is None or self._closed:
            raise ValueError("the publisher is not open: use it as `with Publisher(...) as publisher:`")
        self._outbox.check()
        return self._outbox

    def _now(self, settle_seconds: float | None = None) -> Moment:
        options = self._options
        if options.watermark == "clock":
            settle_us = (options.settle_seconds if settle_seconds is None else settle_seconds) * US
            self._promised_us = max(self._promised_us, options.clock_us() - int(settle_us))
        return Moment(options.monotonic_seconds(), self._promised_us)

    def _send(self, message: AgentMessage) -> None:
        if self._outbox is not None:
            self._outbox.send(encode_message(self._group, message))

    def _keep(self) -> None:
        """Runs in the background until closing; a failure is raised by the agent's next call."""
        while not self._closing.wait(_KEEP_SECONDS):
            outbox = self._usable()
            try:
                outbox.poll()
                with self._lock:
                    self._agent.keep(self._now())
            except Exception as error:  # noqa: BLE001  # whatever it is, the agent must hear of it
                outbox.fail(error)
                return


def _require_name(what: str, name: str) -> None:
    if not name or "/" in name or len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"{what} {name!r}: 1 to {MAX_NAME_BYTES} bytes without a slash are needed")
