"""Messages on their way to the broker: bounded, in order, each delivery watched.

Kafka's client sends in the background. What it was given counts as sent, and as unacknowledged until the
broker has it; a delivery that fails for good makes every later call fail, so nothing is taken for safe.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, Literal, Protocol, cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.errors import BrokerError, SettingsError
from streams.store.patience import settled
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.record import Record

__all__ = ["Compression", "Outbox", "OutboxLimits", "ProducerLike"]

Compression = Literal["zstd", "lz4", "none"]

_POLL_SECONDS = 0.1
_POLL_EVERY_SECONDS = 0.02  # a poll beside the main thread costs as much as a message
_MAX_MESSAGE_BYTES: Final = 1_048_576  # what the topics take; the client's own default is a little lower


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much may be under way: beyond either limit `full` is true. One more message may go over it."""

    max_messages: int = 1000
    max_bytes: int = 64 << 20
    delivery_timeout_seconds: float = 300.0
    compression: Compression = "zstd"


_DEFAULT_LIMITS = OutboxLimits()


class ProducerLike(Protocol):
    """What is used of `confluent_kafka.Producer`."""

    def produce(self, topic: str, **message: Any) -> None:
        """Takes a message; BufferError when the client's queue is full."""

    def poll(self, timeout: float) -> int:
        """Calls back for deliveries."""

    def flush(self, timeout: float) -> int:
        """Waits for deliveries; how many are left."""


class Outbox:
    """Sends records to one topic, from any thread.

    `newest_offsets` tells, by key, where the newest acknowledged record stands in its partition.

    Args:
        source: the cluster.
        topic: the suffix of the topic, such as `writes`.
        limits: bounds and patience.
        producer: stands in for Kafka's client in tests.
    """

    def __init__(
        self,
        source: Source,
        topic: str = "writes",
        limits: OutboxLimits = _DEFAULT_LIMITS,
        producer: ProducerLike | None = None,
    ) -> None:
        self._source = source
        self._topic = source.topic(topic)
        self._limits = limits
        self._causes: list[KafkaError] = []
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._poll_at = 0.0
        self.sent_messages = 0
        self.unacknowledged = 0
        self.unacknowledged_bytes = 0
        self.newest_offsets: dict[bytes, int] = {}
        self._producer = producer or _connect(source, self._topic, limits, self._causes)

    @property
    def full(self) -> bool:
        """Whether a limit is reached."""
        return (
            self.unacknowledged >= self._limits.max_messages
            or self.unacknowledged_bytes >= self._limits.max_bytes
        )

    def send(self, record: Record) -> None:
        """Hands a record over; while the outbox is full this waits for room.

        Raises:
            BrokerError: an earlier delivery failed, or this record cannot be sent.
        """
        if time.monotonic() >= self._poll_at:
            self.poll()
        self.check()
        while self.full:
            self.poll(_POLL_SECONDS)
        size_bytes = record.size_bytes()
        with self._lock:
            self.unacknowledged += 1
            self.unacknowledged_bytes += size_bytes
        while not self._produced(record, size_bytes):
            self.poll(_POLL_SECONDS)
        self.sent_messages += 1

    def poll(self, timeout_seconds: float = 0.0) -> None:
        """Takes note of deliveries.

        Raises:
            BrokerError: a delivery failed.
        """
        _beside(lambda: self._producer.poll(timeout_seconds))
        self._poll_at = time.monotonic() + _POLL_EVERY_SECONDS
        self.check()

    def fail(self, error: Exception) -> None:
        """Makes every later call raise this, unless one has failed before."""
        with self._lock:
            self._failure = self._failure or error

    @property
    def has_failed(self) -> bool:
        """Whether every later call fails."""
        return self._failure is not None

    def check(self) -> None:
        """Raises the failure, if there was one."""
        if self._failure is not None:
            raise self._failure

    def flush(self, timeout_seconds: float) -> None:
        """Returns when the broker has everything.

        Raises:
            BrokerError: it has not within the time, or a delivery failed.
        """
        left = _beside(lambda: self._producer.flush(timeout_seconds))
        self.check()
        if left:
            raise BrokerError(
                f"{self._topic} at {self._source.bootstrap}: {left} messages are not acknowledged after "
                f"{timeout_seconds:g} s; they may be lost: look at the broker"
            )

    def _produced(self, record: Record, size_bytes: int) -> bool:
        try:
            self._producer.produce(
                self._topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=partial(self._delivered, record.key, size_bytes),
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._delivered(record.key, size_bytes, error.args[0], None)
            self.check()
        return True

    def _delivered(
        self, key: bytes, size_bytes: int, error: KafkaError | None, message: Message | None
    ) -> None:
        with self._lock:
            self.unacknowledged -= 1
            self.unacknowledged_bytes -= size_bytes
        if error is not None:
            self.fail(_failed(self._topic, self._source.named(error, self._causes)))
        elif message is not None:
            self.newest_offsets[key] = message.offset() or 0


def _beside(call: Callable[[], int]) -> int:
    """What a call returns that calls back.

    Python raises Ctrl-C in the main thread, in whatever Python code runs there next. Were that a callback,
    the delivery would be noted in part; so callbacks run in another thread. It is a bare one, and its answer
    is waited for outside Python code: `threading.Thread` leaves a callback that swallows what is raised in
    it, and waits by locks that an exception at the wrong moment turns into another.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    answers: SimpleQueue[int | Exception] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is asked for
            answers.put(error)

    _thread.start_new_thread(run, ())
    answer = answers.get()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _failed(topic: str, cause: BrokerError) -> BrokerError:
    return type(cause)(f"a message to {topic} was not delivered, nothing after it is sent: {cause}")


def _connect(source: Source, topic: str, limits: OutboxLimits, causes: list[KafkaError]) -> ProducerLike:
    """A producer that has seen the topic.

    Raises:
        BrokerUnreachable: nobody answers.
        TopicMismatch: the topic is not there.
    """
    settings = {
        "linger.ms": 5,
        **source.client_settings(causes),
        "enable.idempotence": True,  # a message that was sent again stands once in the log, in its place
        "partitioner": "murmur2_random",  # as Java's; the client's own default differs
        "compression.type": limits.compression,
        # zstd's fastest: columns of writes come out within 2 % of the client's own choice, in half the time.
        **({"compression.level": 1} if limits.compression == "zstd" else {}),
        "message.max.bytes": _MAX_MESSAGE_BYTES,
        "delivery.timeout.ms": int(limits.delivery_timeout_seconds * 1000),
        "queue.buffering.max.messages": limits.max_messages + 1,
        "queue.buffering.max.kbytes": (limits.max_bytes + 2 * _MAX_MESSAGE_BYTES) // 1024,
    }
    try:
        producer = Producer(settings)
    except KafkaException as error:
        raise SettingsError(f"Kafka client options: {error.args[0].str()}") from error
    try:
        settled(lambda: _require_topic(producer, topic))
    except KafkaException as error:
        producer.poll(0)  # hands over what went wrong on the connections
        raise source.named(error.args[0], causes) from error
    return cast("ProducerLike", producer)


def _require_topic(producer: Producer, topic: str) -> None:
    error = producer.list_topics(topic, timeout=REQUEST_SECONDS).topics[topic].error
    if error is not None:
        raise KafkaException(error)
