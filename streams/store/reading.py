"""Reading partitions from their beginning to what was their end when the reading began, and on from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.errors import TopicMismatch
from streams.store.patience import settled
from streams.store.source import MISSING, REQUEST_SECONDS, Source
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Received

__all__ = ["Tail", "of_group", "partition_count", "partition_of_group", "read_topic", "received"]

_FETCH_MESSAGES = 1000
_FETCH_SECONDS = 0.05  # it waits so long for more messages, even if it has some
_STALL_SECONDS = 30.0

KeyFilter = Callable[[bytes | None], bool]


def of_group(group: str) -> KeyFilter:
    """Which keys, JSON arrays that begin with a group's name, are of this group."""
    start = orjson.dumps([group])[:-1] + b","
    return lambda key: key is not None and key.startswith(start)


def partition_count(source: Source, consumer: Consumer, suffix: str) -> int:
    """How many partitions a topic has, asked until the cluster is settled.

    Raises:
        TopicMismatch: the topic is not there.
    """
    name = source.topic(suffix)

    def count() -> int:
        topic = consumer.list_topics(name, timeout=REQUEST_SECONDS).topics.get(name)
        if topic is None or topic.error is not None or not topic.partitions:
            raise KafkaException((topic and topic.error) or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return len(topic.partitions)

    try:
        return settled(count)
    except KafkaException as error:
        if error.args[0].code() not in MISSING:
            raise
        raise TopicMismatch(
            f"topic {name} is missing at {source.bootstrap}: run `linkgauge topics create`"
        ) from error


def partition_of_group(source: Source, consumer: Consumer, suffix: str, group: str) -> int:
    """The partition of a topic in which the group's rows are.

    Raises:
        TopicMismatch: the topic is not there.
    """
    return partition_of(writes_key(group), partition_count(source, consumer, suffix))


def read_topic(
    source: Source, suffix: str, *, group: str | None = None, keys: KeyFilter = lambda _: True
) -> Iterator[Received]:
    """The records that a topic has now and whose keys pass, each partition in order.

    With a `group` only its partition is read, and the others' keys are passed over.
    """
    with source.consumer() as consumer:
        if group is None:
            partitions = range(partition_count(source, consumer, suffix))
        else:
            partition = partition_of_group(source, consumer, suffix, group)
            partitions = range(partition, partition + 1)
            keys = of_group(group)
        for partition in partitions:
            tail = Tail(source, consumer, suffix, partition)
            for message in tail.up_to_now():
                if keys(message.key()):
                    yield received(message)


class Tail:
    """One partition, read from its beginning; `up_to_now` gives what is new every time that it is called."""

    def __init__(
        self,
        source: Source,
        consumer: Consumer,
        suffix: str,
        partition: int,
        at_once: int = _FETCH_MESSAGES,
    ) -> None:
        self._at_once = at_once
        self._source = source
        self._consumer = consumer
        self._suffix = suffix
        self._at = TopicPartition(source.topic(suffix), partition)
        self._next = 0
        self._assigned = False

    def end(self) -> int:
        """The offset behind the last message."""
        return self._bounds()[1]

    def up_to_now(self) -> Iterator[Message]:
        """The messages from where the last call ended to the present end of the partition, or a few more."""
        low, end = self._bounds()
        self._next = max(self._next, low)
        if self._next >= end:
            return
        self._assign()
        heard = time.monotonic()
        while self._next < end:
            messages = self._consumer.consume(self._at_once, timeout=_FETCH_SECONDS)
            for message in messages:
                if self._is_new(message):
                    yield message
            heard = time.monotonic() if messages else heard
            if time.monotonic() - heard > _STALL_SECONDS:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001  # librdkafka names its own codes so

    def _bounds(self) -> tuple[int, int]:
        """The first offset of the partition, and the one behind its last."""
        try:
            return settled(self._ask_bounds)
        except KafkaException as error:
            if error.args[0].code() not in MISSING:
                raise
        # So the client says of every topic once its broker is gone: only the metadata tell which it is.
        partition_count(self._source, self._consumer, self._suffix)
        return settled(self._ask_bounds)

    def _ask_bounds(self) -> tuple[int, int]:
        low, end = self._consumer.get_watermark_offsets(self._at, timeout=REQUEST_SECONDS)
        return low, end

    def _assign(self) -> None:
        if not self._assigned:
            self._consumer.assign([TopicPartition(self._at.topic, self._at.partition, self._next)])
            self._assigned = True

    def _is_new(self, message: Message) -> bool:
        if message.partition() != self._at.partition:
            return False
        offset = message.offset() or 0
        error = message.error()
        if error is None:
            self._next = offset + 1
            return True
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # as above
            raise KafkaException(error)
        # The end as it was when the event arose: beyond the last message where compaction removed some.
        self._next = max(self._next, offset)
        return False


def received(message: Message) -> Received:
    """A consumer's message as a value."""
    headers: Any = message.headers() or ()  # pairs, whatever the library's annotation says
    return Received(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        int(message.timestamp()[1]) * 1000,
        message.key(),
        message.value(),
        tuple(headers),
    )
