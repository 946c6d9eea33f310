"""Rows on the topics, as a worker would put them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from confluent_kafka import Producer

from streams.store import Source
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record

Put = Callable[[str, str, Iterable[Record]], None]


@pytest.fixture
def source(topics) -> Source:
    return Source(topics.bootstrap, topics.prefix)


@pytest.fixture
def put(topics) -> Put:
    """`put(suffix, group, records)` writes records to the partition of the group, and waits."""
    producer = Producer({"bootstrap.servers": topics.bootstrap, "linger.ms": 0, "enable.idempotence": True})

    def put(suffix: str, group: str, records: Iterable[Record]) -> None:
        partitions = 1 if suffix in ("groups", "dead-letters") else topics.layout.partitions
        partition = partition_of(writes_key(group), partitions)
        for record in records:
            producer.produce(
                topics.name(suffix),
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition,
            )
        assert producer.flush(10) == 0

    return put
