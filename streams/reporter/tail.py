"""Reading the topics from their beginning and on and on, without a consumer group and without a commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.errors import TopicMismatch
from streams.reporter.history import Row
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.definitions import decode_version
from streams.wire.keys import parse_group_key, parse_interval_key
from streams.wire.summaries import decode_interval_row

__all__ = ["Tail", "parse_row"]

_BATCH = 1000
_POLL_SECONDS = 0.5
_SUFFIXES = ("intervals", "groups")
_PASSING: Final = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})  # noqa: SLF001  # librdkafka names its own codes so

Place = tuple[str, int]


class Tail:
    """All partitions of the intervals and the groups topic.

    `ends` are the offsets at which they ended when the reading began: `caught_up` once they are reached.
    """

    def __init__(self, source: Source, consumer: Consumer) -> None:
        self._consumer = consumer
        self._suffixes = {source.topic(suffix): suffix for suffix in _SUFFIXES}
        places = [place for name in self._suffixes for place in _partitions(source, consumer, name)]
        self._next = dict.fromkeys(places, 0)
        self._ends: dict[Place, int] = {}
        for place in places:
            low, self._ends[place] = consumer.get_watermark_offsets(
                TopicPartition(*place), timeout=REQUEST_SECONDS
            )
            self._next[place] = low
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in places])

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the start has been read."""
        return all(self._next[place] >= end for place, end in self._ends.items())

    def poll(self) -> list[tuple[str, Message]]:
        """The next messages with their topic's suffix; after half a second an empty list.

        Raises:
            KafkaException: the cluster refuses, and would again. An outage is waited for.
        """
        messages = self._consumer.consume(_BATCH, timeout=_POLL_SECONDS)
        return [
            (self._suffixes[message.topic() or ""], message) for message in messages if self._is_row(message)
        ]

    def lag_messages(self) -> int:
        """Messages that are not read yet, by what the brokers said last; removed ones count too."""
        return sum(self._behind(place, at) for place, at in self._next.items())

    def _behind(self, place: Place, at: int) -> int:
        _, high = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        return max(int(high) - at, 0)

    def _is_row(self, message: Message) -> bool:
        error, place = message.error(), (message.topic() or "", message.partition() or 0)
        if error is None:
            self._next[place] = (message.offset() or 0) + 1
            return True
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # as above
            # Compaction may have removed what stood just before the end.
            self._next[place] = max(self._next[place], message.offset() or 0)
        elif not error.retriable() and error.code() not in _PASSING:
            raise KafkaException(error)
        return False


def parse_row(suffix: str, message: Message) -> Row:
    """What a message says; without a value, what its key says was removed.

    Raises:
        MessageError: it cannot be understood.
    """
    key, value = message.key(), message.value()
    if suffix == "groups":
        return parse_group_key(key) if value is None else decode_version(value)
    return parse_interval_key(key) if value is None else decode_interval_row(value)


def _partitions(source: Source, consumer: Consumer, name: str) -> Iterable[Place]:
    topic = consumer.list_topics(name, timeout=REQUEST_SECONDS).topics.get(name)
    if topic is None or topic.error is not None or not topic.partitions:
        raise TopicMismatch(f"topic {name} is missing at {source.bootstrap}: run `linkgauge topics create`")
    return [(name, partition) for partition in topic.partitions]
