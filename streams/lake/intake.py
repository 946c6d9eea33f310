"""Kafka's side of the sink: partitions are shared in a consumer group, offsets come from the tables."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Collection, Mapping
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import LakeError
from streams.lake.feed import Feed
from streams.lake.formats.table import WrongLog
from streams.settings import Lake
from streams.store.reading import received
from streams.store.source import REQUEST_SECONDS, Source

__all__ = ["Intake", "group_name"]

_AT_ONCE: Final = 500
_WAIT_SECONDS: Final = 0.2
_QUIET_SECONDS: Final = 5.0
_REFUSALS: Final = frozenset(
    {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError._FATAL}  # noqa: SLF001
)

_log = structlog.get_logger()


def group_name(prefix: str, lake: Lake) -> str:
    """The consumer group of all sinks of one lake; a folder is one of this machine."""
    host = "" if "://" in lake.path else socket.gethostname()
    place = "\0".join((host, lake.format, lake.table_uri("")))
    return f"{prefix}lake-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


class Intake:
    """Reads the topics of all feeds and hands each the messages of its partitions."""

    def __init__(self, source: Source, lake: Lake, feeds: Mapping[str, Feed]) -> None:
        self._source = source
        self._feeds = {source.topic(suffix): feed for suffix, feed in feeds.items()}
        self._awaiting: list[TopicPartition] | None = None
        self._told_at = float("-inf")
        self.kafka_errors = 0
        self._is_paused = False
        self.is_assigned = False
        self._consumer = Consumer(
            {
                **source.client_settings([]),
                "error_cb": self._heard_of_trouble,
                "group.id": group_name(source.topic_prefix, lake),
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "range",
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 1_000,
                "max.poll.interval.ms": 900_000,
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 32 << 10,
            }
        )
        self._consumer.subscribe(
            list(self._feeds), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def read(self) -> int:
        """Takes what has come, waiting a moment where nothing has; how many messages it was.

        Raises:
            BrokerError: Kafka refuses, and would again.
        """
        messages = self._consumer.consume(_AT_ONCE, _WAIT_SECONDS)
        taken = 0
        for message in messages:
            error = message.error()
            if error is None:
                self._feeds[message.topic() or ""].take(received(message))
                taken += 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # as above
                # Beyond the last message where compaction removed some.
                self._feeds[message.topic() or ""].ends_at(message.partition() or 0, message.offset() or 0)
            elif error.fatal() or error.code() in _REFUSALS:
                raise self._source.named(error, [])
            else:
                self._heard_of_trouble(error)
        return taken

    @property
    def is_awaiting(self) -> bool:
        """Whether partitions were assigned that are not read yet."""
        return self._awaiting is not None

    def begin(self) -> None:
        """Reads the partitions that were assigned since, if any, from where their tables stand.

        Raises:
            WrongLog: a table is of another log, or this one was cut.
            LakeError: a table cannot be read: to be tried again.
        """
        if self._awaiting is None:
            return
        starts: list[TopicPartition] = []
        try:
            for topic in self._feeds:
                own = [place.partition for place in self._awaiting if place.topic == topic]
                starts += self._starts(topic, own)
        except LakeError:
            self._drop()
            raise
        self._consumer.assign(starts)
        self._awaiting = None
        self.is_assigned, self._is_paused = True, False

    def begin_again(self, suffix_topic: str, partitions: Collection[int]) -> None:
        """Reads these partitions of a topic from where its table stands."""
        for place in self._starts(suffix_topic, partitions):
            self._consumer.seek(place)

    def committed(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Tells Kafka, for those who watch the lag; nothing is ever read from there."""
        places = [TopicPartition(topic, number, offset) for number, offset in offsets.items()]
        if places and self.is_assigned:
            try:
                self._consumer.commit(offsets=places)
            except KafkaException as error:
                self._heard_of_trouble(error.args[0])

    def hold(self, *, is_full: bool) -> None:
        """Stops reading while too much waits for its commit, and goes on behind it."""
        if is_full == self._is_paused:
            return
        self._is_paused = is_full
        assigned = self._consumer.assignment()
        (self._consumer.pause if is_full else self._consumer.resume)(assigned)

    def ends(self) -> dict[str, dict[int, int]]:
        """Where our partitions of each topic end now."""
        found: dict[str, dict[int, int]] = {}
        for topic, feed in self._feeds.items():
            places = [TopicPartition(topic, number) for number in feed.partitions]
            found[topic] = {
                place.partition: self._consumer.get_watermark_offsets(place, timeout=REQUEST_SECONDS)[1]
                for place in places
            }
        return found

    def read_of(self, ends: Mapping[str, Mapping[int, int]]) -> int:
        """How many messages below these ends are read."""
        return sum(
            min(self._feeds[topic].read_up_to(number), end)
            for topic, found in ends.items()
            for number, end in found.items()
        )

    def has_reached(self, ends: Mapping[str, Mapping[int, int]]) -> bool:
        """Whether everything below these ends is read; transactions' own marks at an end are no messages."""
        return self.read_of(ends) >= sum(sum(found.values()) for found in ends.values())

    def lag_messages(self) -> int:
        """Messages on the topics that no commit has, by what the brokers said last."""
        lag = 0
        for topic, feed in self._feeds.items():
            for number, offset in feed.positions().items():
                _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, number), cached=True)
                lag += max(0, int(end) - offset)
        return lag

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._awaiting = partitions  # the storage may be away, and what a callback raises is swallowed
        self._consumer.assign([])

    def _on_revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._awaiting = None
        self._drop()
        self._consumer.unassign()

    def _drop(self) -> None:
        self.is_assigned = False
        for feed in self._feeds.values():
            feed.drop()

    def _starts(self, topic: str, partitions: Collection[int]) -> list[TopicPartition]:
        feed = self._feeds[topic]
        return [
            self._start(feed, TopicPartition(topic, number, offset))
            for number, offset in feed.begin(partitions).items()
        ]

    def _start(self, feed: Feed, place: TopicPartition) -> TopicPartition:
        """Where to read, held against what the log has."""
        low, end = self._consumer.get_watermark_offsets(place, timeout=REQUEST_SECONDS)
        if place.offset > end:
            raise WrongLog(
                f"the lake has {place.topic} partition {place.partition} up to offset {place.offset}, but "
                f"the log ends at {end}: it was cut or restored. Look at the cluster; if the loss is real, "
                "`linkgauge lake adopt` reads the log again and keeps every row once"
            )
        if place.offset < low:
            feed.missed(place.partition, low)
            _log.warning(
                "messages_missed",
                topic=place.topic,
                partition=place.partition,
                from_offset=place.offset,
                to_offset=low,
                remedy="retention removed them before they were read: run the sink more often than that",
            )
            return TopicPartition(place.topic, place.partition, low)
        return place

    def _heard_of_trouble(self, error: KafkaError) -> None:
        """What librdkafka mends by itself, such as a broker that is away; it tells of every attempt."""
        self.kafka_errors += 1
        if (now := time.monotonic()) - self._told_at > _QUIET_SECONDS:
            self._told_at = now
            _log.warning("kafka_trouble", error=error.str())
