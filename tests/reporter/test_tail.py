"""Reading a real Kafka's topics: what is waited for, and what is read behind it."""

import pytest
from confluent_kafka import Producer

from streams.model.state import DeadLetter
from streams.reporter.letters import Letter, LetterLog
from streams.reporter.tail import Tail, parse_row
from streams.store import Source
from streams.wire.deadletters import encode_dead_letter
from streams.wire.record import Received
from streams.wire.summaries import encode_summary
from tests.waiting import eventually

pytestmark = pytest.mark.broker

LETTERS = 250


@pytest.fixture
def filled(topics, rows):
    """Many dead letters and one summary."""
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    for offset in range(LETTERS):
        refused = Received("writes", 0, offset, 0, b"group", bytes(1000))
        record = encode_dead_letter(DeadLetter(offset, "bad-arrow", ""), refused)
        producer.produce(topics.name("dead-letters"), record.value, record.key, headers=list(record.headers))
    record = encode_summary(rows.summary(0))
    producer.produce(topics.name("intervals"), record.value, record.key)
    assert producer.flush(30) == 0
    return Source(topics.bootstrap, topics.prefix)


def read_until(tail, condition):
    """The rows that are read until the condition holds."""
    rows = []

    def read():
        rows.extend(parse_row(suffix, message) for suffix, message in tail.poll())
        return condition()

    if not condition():
        eventually(read)
    return rows


def test_dead_letters_are_read_behind_everything_else(filled, rows):
    with filled.consumer() as consumer:
        tail = Tail(filled, consumer, 3600, tables=False)
        assert not tail.caught_up
        assert tail.letter_log() == LetterLog({0: 0}, LETTERS, is_read=False)
        assert tail.lag_messages() == LETTERS + 1
        assert read_until(tail, lambda: tail.caught_up) == [rows.summary(0)]
        assert not tail.letter_log().is_read
        letters = read_until(tail, lambda: tail.letter_log().is_read)
        assert tail.lag_messages() == 0
    assert letters == [Letter(0, offset, "bad-arrow") for offset in range(LETTERS)]
