"""Reading the topics from their beginning and on and on, without a consumer group and without a commit."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.reporter.history import Counted, Row
from streams.reporter.letters import Letter, LetterLog
from streams.store.reading import partition_count, received
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.deadletters import decode_dead_letter
from streams.wire.definitions import decode_version
from streams.wire.keys import parse_group_key, parse_interval_key, parse_state_key
from streams.wire.states import decode_totals
from streams.wire.summaries import decode_interval_row

__all__ = ["Tail", "parse_row"]

_BATCH = 100  # a row may have a megabyte
_POLL_SECONDS = 0.5
_RETENTION_SECONDS = 60.0  # how often the first offsets are asked for
_LETTERS: Final = "dead-letters"
_SUFFIXES: Final = ("intervals", "groups", "state", _LETTERS)
_PASSING: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001  # librdkafka names its own codes so
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001  # as above
        KafkaError._TIMED_OUT,  # noqa: SLF001  # as above
        # A new topic, or a restarted broker, is known a moment before its partitions have a leader.
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
    }
)

Place = tuple[str, int]


class Tail:
    """All partitions of the topics that the reporter reads.

    The ends of the topics when the reading began are kept: `caught_up` once they are reached. Dead letters
    are not waited for: they carry what was refused, so they are large, and begin when all else is read.
    """

    def __init__(self, source: Source, consumer: Consumer) -> None:
        self._consumer = consumer
        self._suffixes = {source.topic(suffix): suffix for suffix in _SUFFIXES}
        self._next: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        counts = {name: partition_count(source, consumer, suffix) for name, suffix in self._suffixes.items()}
        for place in [(name, number) for name, count in counts.items() for number in range(count)]:
            self._next[place], self._ends[place] = self._bounds(place)
        letters = source.topic(_LETTERS)
        self._first = {place: low for place, low in self._next.items() if place[0] == letters}
        self._first_asked = time.monotonic()
        self._waiting = [TopicPartition(*place) for place in self._first]
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in self._next])
        consumer.pause(self._waiting)

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the start has been read, dead letters aside."""
        return all(self._next[place] >= end for place, end in self._ends.items() if place not in self._first)

    def poll(self) -> list[tuple[str, Message]]:
        """The next messages with their topic's suffix; after half a second an empty list.

        Raises:
            KafkaException: the cluster refuses, and would again. An outage is waited for.
        """
        messages = self._consumer.consume(_BATCH, timeout=_POLL_SECONDS)
        rows = [
            (self._suffixes[message.topic() or ""], message) for message in messages if self._is_row(message)
        ]
        if self._waiting and self.caught_up:
            self._consumer.resume(self._waiting)
            self._waiting = []
        return rows

    def lag_messages(self) -> int:
        """Messages that are not read yet, by what the brokers said last; removed ones count too."""
        return sum(self._end(place) - at for place, at in self._next.items())

    def letter_log(self) -> LetterLog:
        """How far the dead letters go; what retention removed is asked for once a minute."""
        if time.monotonic() - self._first_asked > _RETENTION_SECONDS:
            self._first_asked = time.monotonic()
            self._first = {place: self._first_of(place) for place in self._first}
        return LetterLog(
            first={partition: low for (_, partition), low in self._first.items()},
            written=sum(map(self._end, self._first)),
            is_read=all(self._next[place] >= self._ends[place] for place in self._first),
        )

    def _end(self, place: Place) -> int:
        """The end of a partition; it never steps back."""
        _, high = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        return max(int(high), self._next[place], self._ends[place])

    def _first_of(self, place: Place) -> int:
        """The first offset of a partition; in an outage the one that is known."""
        try:
            low, _ = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=REQUEST_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _PASSING:
                raise
            return self._first[place]
        return int(low)

    def _bounds(self, place: Place) -> tuple[int, int]:
        """The first offset of a partition, and the one behind its last."""
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                low, end = self._consumer.get_watermark_offsets(
                    TopicPartition(*place), timeout=REQUEST_SECONDS
                )
            except KafkaException as error:
                if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return int(low), int(end)

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


def parse_row(suffix: str, message: Message) -> Row | Letter:
    """What a message says; without a value, what its key says was removed.

    Raises:
        MessageError: it cannot be understood.
    """
    key, value = message.key(), message.value()
    match suffix:
        case "dead-letters":
            letter = decode_dead_letter(value, received(message).headers)
            return Letter(message.partition() or 0, message.offset() or 0, letter.reason)
        case "groups":
            return parse_group_key(key) if value is None else decode_version(value)
        case "state":
            return parse_state_key(key) if value is None else Counted(*decode_totals(value))
    return parse_interval_key(key) if value is None else decode_interval_row(value)
