"""librdkafka's consumer: messages in lists, partitions that come and go.

librdkafka fetches and decompresses in its own threads, ahead of us. What waits there is bounded by
`QUEUED_KBYTES` and one fetch (`FETCH_BYTES`, decompressed); a list has at most `AT_ONCE` messages.

All of it is for one thread: a call waits while another one is in the library, for as long as that waits for
messages or for our answer to a rebalance.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.errors import BrokerError
from streams.processor.options import WorkerOptions

__all__ = ["AT_ONCE", "FETCH_BYTES", "QUEUED_KBYTES", "Intake", "Owner"]

AT_ONCE = 64
QUEUED_KBYTES = 64 << 10
FETCH_BYTES = 16 << 20

_WAIT_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 600.0
_SESSIONS_OF_OTHERS = 3
_QUIET_SECONDS = 5.0
_REFUSALS = frozenset(
    {
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._FATAL,  # noqa: SLF001  # the library's own codes begin so
    }
)

_log = structlog.get_logger()


class Owner(Protocol):
    """Who is told of partitions, in the thread of the intake, which waits meanwhile."""

    def gained(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """They are ours now: which of them to read, and from which offset."""

    def committable(self) -> Mapping[int, int]:
        """Asked before all are given back: how far each may be committed."""

    def lost(self) -> None:
        """None is ours any more."""


class Intake:
    """Takes part in the consumer group and reads what it is given.

    `assigned` are the partitions that are ours, `generation` changes whenever they do: both may be looked at
    from any thread.
    """

    def __init__(self, options: WorkerOptions, owner: Owner) -> None:
        self.assigned: tuple[int, ...] = ()
        self.generation = 0
        self._options = options
        self._topic = options.topic("writes")
        self._owner = owner
        self._committed: dict[int, int] = {}
        self._strange_since: float | None = None
        self._told_at = float("-inf")
        hearing = {"on_commit": self._heard_of_commit, "error_cb": self._heard_of_trouble}
        self._consumer = Consumer(_settings(options) | hearing)
        self._consumer.subscribe(
            [self._topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def fetch(self) -> list[Message]:
        """What has come, at most `AT_ONCE` messages; waits a moment where nothing has.

        Raises:
            BrokerError: the group does not take us, for a reason that does not go away.
        """
        self._require_own_kind()
        first = self._consumer.consume(1, _WAIT_SECONDS)
        if not first:
            return []
        generation = self.generation
        more = self._consumer.consume(AT_ONCE - 1, 0)
        if generation != self.generation:
            return []  # of an assignment that is over; should one be missed, the core goes back to it
        return [message for message in first + more if self._is_ours(message)]

    def ends(self) -> dict[int, int]:
        """The end of each partition in its newest fetch, where there was one."""
        found = {number: self._end(number) for number in self.assigned}
        return {number: end for number, end in found.items() if end >= 0}

    def seek(self, partition: int, offset: int) -> None:
        """Reads on from an offset; what was fetched ahead is dropped."""
        try:
            self._consumer.seek(TopicPartition(self._topic, partition, offset))
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001  # the library's own codes begin so
                raise
            # Reading has not begun yet; it will where the owner said.

    def commit(self, offsets: Mapping[int, int], generation: int, *, wait: bool = False) -> None:
        """Commits what has moved since the last time, of this generation; what fails is tried again later."""
        if generation != self.generation:
            return
        done = self._committed
        moved = {number: offset for number, offset in offsets.items() if offset > done.get(number, 0)}
        if not moved:
            return
        done |= moved
        places = [TopicPartition(self._topic, number, offset) for number, offset in moved.items()]
        try:
            if wait:
                self._consumer.commit(offsets=places, asynchronous=False)
            else:
                self._consumer.commit(offsets=places)
        except KafkaException as error:
            self._heard_of_commit(error.args[0], places)

    def close(self) -> None:
        """Leaves in good order: commits, and gives the partitions back."""
        self._consumer.close()

    def _end(self, number: int) -> int:
        return self._consumer.get_watermark_offsets(TopicPartition(self._topic, number), cached=True)[1]

    def _is_ours(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return message.partition() in self.assigned
        if error.code() == KafkaError.INCONSISTENT_GROUP_PROTOCOL:
            self._strange_since = self._strange_since or time.monotonic()
        if error.fatal() or error.code() in _REFUSALS:
            raise BrokerError(
                f"consumer group {self._options.application} at {self._options.bootstrap}: {error.str()};"
                " is there another worker of this name (worker.name)? Else see `linkgauge doctor`"
            )
        self._heard_of_trouble(error)
        return False

    def _require_own_kind(self) -> None:
        """Those who have just ended are members until their session is over; that is waited for."""
        patience = _SESSIONS_OF_OTHERS * self._options.session_timeout_seconds
        if self._strange_since is not None and time.monotonic() - self._strange_since > patience:
            raise BrokerError(
                f"consumer group {self._options.application} at {self._options.bootstrap} has workers on"
                " another shell: all must have the same worker.shell, so stop them first"
            )

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.generation += 1
        self._strange_since = None
        self._committed.clear()
        starts = self._owner.gained([place.partition for place in partitions])
        self._consumer.assign([TopicPartition(self._topic, *start) for start in starts.items()])
        self.assigned = tuple(starts)

    def _on_revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self.commit(self._owner.committable(), self.generation, wait=True)
        self._drop()

    def _on_lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._drop()  # nothing can be committed

    def _drop(self) -> None:
        self.generation += 1
        self.assigned = ()
        self._owner.lost()
        self._consumer.unassign()

    def _heard_of_trouble(self, error: KafkaError) -> None:
        """What librdkafka mends by itself, such as a broker that is away; it tells of every attempt."""
        self._options.vitals.kafka_errors += 1
        if (now := time.monotonic()) - self._told_at > _QUIET_SECONDS:
            self._told_at = now
            _log.warning("kafka_trouble", error=error.str())

    def _heard_of_commit(self, error: KafkaError | None, places: Iterable[TopicPartition]) -> None:
        if error is None:
            return
        _log.info("not_committed", error=error.str())
        for place in places:
            self._committed.pop(place.partition, None)


def _settings(options: WorkerOptions) -> dict[str, Any]:
    session_ms = int(options.session_timeout_seconds * 1000)
    longest_pause = max(_LONGEST_PAUSE_SECONDS, 2 * options.patience_seconds)
    return {
        **options.client,
        "bootstrap.servers": options.bootstrap,
        "client.id": options.name,
        "group.id": options.application,
        "group.instance.id": options.name,
        "session.timeout.ms": session_ms,
        "heartbeat.interval.ms": session_ms // 6,
        "max.poll.interval.ms": int(longest_pause * 1000),
        "partition.assignment.strategy": "range",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 100,
        "fetch.max.bytes": FETCH_BYTES,
        "fetch.message.max.bytes": 4 << 20,
        "fetch.queue.backoff.ms": 10,  # a full second by default, in which the queue runs dry
        "queued.max.messages.kbytes": QUEUED_KBYTES,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 2,
    }
