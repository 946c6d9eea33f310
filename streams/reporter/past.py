"""What the intervals topic has of the past of links, read behind everything else: for their trends."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from threading import Event

import orjson
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.errors import BrokerError, MessageError
from streams.model.entries import Summary
from streams.reporter.linkshow import LinkShow
from streams.store.patience import settled
from streams.store.reading import partition_count
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.summaries import decode_interval_row

__all__ = ["read_past"]

_log = structlog.get_logger()

_BATCH = 500
_POLL_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
_DAY_SECONDS = 86_400


def read_past(
    source: Source, links: Collection[LinkShow], days: int, stop: Event, note_error: Callable[[], None]
) -> bool:
    """Gives the links their intervals of so many days; False where it was told to stop before the end.

    An outage of Kafka is noted and waited for; what is read twice changes nothing.
    """
    while not stop.is_set():
        try:
            _give(source, links, days, stop)
        except BrokerError as error:
            note_error()
            _log.warning("past_not_read", reason=str(error))
            stop.wait(_PAUSE_SECONDS)
        else:
            break
    if not stop.is_set():
        for link in links:
            link.past_is_read()
    return not stop.is_set()


def _give(source: Source, links: Collection[LinkShow], days: int, stop: Event) -> None:
    wanted: dict[str, set[int]] = {}
    for link in links:
        for group in link.link.groups:
            wanted.setdefault(group, set()).add(link.trend_seconds)
    for summary in _summaries(source, wanted, days, stop):
        for link in links:
            if summary.group in link.link.groups:
                link.take(summary)


def _summaries(
    source: Source, wanted: Mapping[str, Collection[int]], days: int, stop: Event
) -> Iterator[Summary]:
    """The summaries of groups and lengths that the topic has now and that are not older."""
    with source.consumer() as consumer:
        left = _begin(source, consumer, days)
        while left and not stop.is_set():
            for message in consumer.consume(_BATCH, timeout=_POLL_SECONDS):
                number, offset = message.partition() or 0, message.offset() or 0
                if _is_row(message) and _is_wanted(message.key(), wanted):
                    yield from _summary(message.value())
                if offset + (message.error() is None) >= left.get(number, offset + 2):
                    del left[number]


def _begin(source: Source, consumer: Consumer, days: int) -> dict[int, int]:
    """Assigns all partitions from so many days ago; the ends of those that have something."""
    topic, since_ms = source.topic("intervals"), int((time.time() - days * _DAY_SECONDS) * 1000)
    numbers = range(partition_count(source, consumer, "intervals"))
    asked = [TopicPartition(topic, number, max(since_ms, 0)) for number in numbers]
    found = settled(lambda: consumer.offsets_for_times(asked, timeout=REQUEST_SECONDS))
    begun = [at for at in found if at.offset >= 0]
    consumer.assign(begun)
    return {at.partition: _end(consumer, at) for at in begun}


def _end(consumer: Consumer, at: TopicPartition) -> int:
    return int(settled(lambda: consumer.get_watermark_offsets(at, timeout=REQUEST_SECONDS))[1])


def _is_row(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.code() != KafkaError._PARTITION_EOF and not error.retriable():  # noqa: SLF001  # librdkafka names its own codes so
        raise KafkaException(error)
    return False


def _is_wanted(key: bytes | None, wanted: Mapping[str, Collection[int]]) -> bool:
    """Whether the key names a summary of these; far cheaper than reading the row."""
    try:
        match orjson.loads(key or b""):
            case [str(group), int(length), _, _]:
                return length in wanted.get(group, ())
    except orjson.JSONDecodeError:
        pass
    return False


def _summary(value: bytes | None) -> Iterator[Summary]:
    try:
        row = decode_interval_row(value) if value is not None else None
    except MessageError:
        return  # counted where the newest rows are read
    if isinstance(row, Summary):
        yield row
