"""Reading the topics from their beginning and on and on, without a consumer group and without a commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.reporter.history import Row
from streams.reporter.letters import Letter, LetterLog
from streams.reporter.volumes import TablePart
from streams.store.reading import partition_count, received
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.deadletters import decode_dead_letter
from streams.wire.definitions import decode_version
from streams.wire.keys import (
    TableKey,
    parse_group_key,
    parse_interval_key,
    parse_state_key,
    parse_table_key,
    writes_key,
)
from streams.wire.partitions import partition_of
from streams.wire.states import decode_shown
from streams.wire.summaries import decode_interval_row
from streams.wire.tables import read_head

__all__ = ["Tail", "parse_row"]

_BATCH = 100  # a row may have a megabyte
_POLL_SECONDS = 0.5
_RETENTION_SECONDS = 60.0  # how often the first offsets are asked for
_LETTERS: Final = "dead-letters"
_INTERVALS: Final = "intervals"
_TABLES: Final = "tables"
_SUFFIXES: Final = (_INTERVALS, "groups", "state", _LETTERS)
_FURTHER: Final = 4
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
Answer = TypeVar("Answer")


class Tail:
    """All partitions of the topics that the reporter reads.

    State and definitions are read from their beginning: they are compacted. Intervals, and tables where
    volumes are shown, are read from `back_seconds` ago, and `go_back` reads further back. `caught_up` once
    all that stood there when the reading began is read, but for dead letters and tables: those are large, and
    begin when all else is read.
    """

    def __init__(self, source: Source, consumer: Consumer, back_seconds: float, *, tables: bool) -> None:
        self._consumer = consumer
        self._back_seconds = back_seconds
        self._errors = 0
        names = [*_SUFFIXES, _TABLES] if tables else _SUFFIXES
        self._suffixes = {source.topic(suffix): suffix for suffix in names}
        self._intervals = source.topic(_INTERVALS)
        self._next: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self._counts = {
            name: partition_count(source, consumer, suffix) for name, suffix in self._suffixes.items()
        }
        for place in [(name, number) for name, count in self._counts.items() for number in range(count)]:
            self._next[place], self._ends[place] = self._bounds(place)
        self._lows = dict(self._next)
        letters = source.topic(_LETTERS)
        self._first = {place: low for place, low in self._next.items() if place[0] == letters}
        self._first_asked = time.monotonic()
        recent = [place for place in self._next if self._suffixes[place[0]] in (_INTERVALS, _TABLES)]
        self._next |= self._since(recent)
        self._start = dict(self._next)
        self._unwaited = frozenset(
            place for place in self._next if self._suffixes[place[0]] in (_LETTERS, _TABLES)
        )
        self._waiting = [TopicPartition(*place) for place in self._unwaited]
        consumer.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])
        consumer.pause(self._waiting)

    def go_back(self, groups: Iterable[str]) -> bool:
        """Reads the intervals of these groups' partitions from further back; False where nothing is left.

        What is read again changes nothing.
        """
        count = self._counts[self._intervals]
        places = {(self._intervals, partition_of(writes_key(group), count)) for group in groups}
        while left := [place for place in places if self._start[place] > self._lows[place]]:
            self._back_seconds *= _FURTHER
            found = {place: at for place, at in self._since(left).items() if at < self._start[place]}
            self._start |= found
            self._next |= found
            for place, offset in found.items():
                self._consumer.seek(TopicPartition(*place, offset))
            if found:
                return True
        return False

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the start has been read, dead letters aside."""
        return all(
            self._next[place] >= end for place, end in self._ends.items() if place not in self._unwaited
        )

    def has_reached(self, other: Tail) -> bool:
        """Whether it has read as far as the other one everywhere, dead letters and tables too."""
        return all(self._next[place] >= at for place, at in other._next.items() if place in self._next)

    def poll(self, *, wait: bool = True) -> list[tuple[str, Message]]:
        """The next messages with their topic's suffix; after half a second, or at once, an empty list.

        Raises:
            KafkaException: the cluster refuses, and would again. An outage is waited for.
        """
        messages = self._consumer.consume(_BATCH, timeout=_POLL_SECONDS if wait else 0)
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

    def taken_errors(self) -> int:
        """How often Kafka could not be asked since the last call."""
        errors, self._errors = self._errors, 0
        return errors

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

    def _since(self, places: list[Place]) -> dict[Place, int]:
        """The first offsets that were appended less than `back_seconds` ago."""
        at_ms = int(max(time.time() - self._back_seconds, 0) * 1000)
        asked = [TopicPartition(*place, at_ms) for place in places]
        found = self._asked(lambda: self._consumer.offsets_for_times(asked, timeout=REQUEST_SECONDS))
        ends = ((tp.topic, tp.partition) for tp in found)
        return {
            place: self._ends[place] if tp.offset < 0 else max(tp.offset, self._lows.get(place, 0))
            for place, tp in zip(ends, found, strict=True)
        }

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
            self._errors += 1
            return self._first[place]
        return int(low)

    def _bounds(self, place: Place) -> tuple[int, int]:
        """The first offset of a partition, and the one behind its last."""
        low, end = self._asked(
            lambda: self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=REQUEST_SECONDS)
        )
        return int(low), int(end)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """What the cluster answers, asked again while it only cannot now."""
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                return ask()
            except KafkaException as error:
                if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

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
        else:
            self._errors += 1
        return False


def parse_row(
    suffix: str, message: Message, volumes_of: Container[str] = ()
) -> Row | Letter | TablePart | None:
    """What a message says; without a value, what its key says was removed.

    None for a table of a group whose volumes nobody asked for.

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
            return parse_state_key(key) if value is None else decode_shown(value)
        case "tables":
            return _table_part(parse_table_key(key), value, volumes_of)
    return parse_interval_key(key) if value is None else decode_interval_row(value)


def _table_part(key: TableKey, value: bytes | None, volumes_of: Container[str]) -> TablePart | None:
    if value is None or key.group not in volumes_of:
        return None
    parts = read_head(value).parts
    return TablePart(key.group, key.rung_seconds, key.start_us, key.revision, key.part, parts, value)
