"""Batches above 1 MB: the publisher makes smaller ones, the topic or the worker refuses those of others."""

from __future__ import annotations

import numpy as np
import pytest
from confluent_kafka import KafkaError, Producer

from streams.agents.publisher import Publisher, PublisherOptions
from streams.broker.layout import MAX_BATCH_BYTES
from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage, Define
from streams.model.writes import WriteBatch
from streams.store import read_dead_letters, read_intervals
from streams.store.reading import read_topic
from streams.wire.agent import encode_message
from streams.wire.record import MAX_MESSAGE_BYTES, Record, record_bytes
from tests.integration.sites import DEFINITION, GEOMETRY, US, Site, origin
from tests.waiting import eventually

pytestmark = pytest.mark.broker

VOLUMES = tuple(f"{number:04}" * 50 for number in range(2000))
COUNT = 20_000


@pytest.mark.parametrize("shell", ["faust"])
def test_the_publisher_sends_a_large_batch_as_several_below_1_mb(site: Site):
    """20,000 writes with 400 kB of volume names, handed over at once."""
    codes = np.arange(COUNT, dtype=np.int32) % len(VOLUMES)
    ranks = np.arange(COUNT) // len(VOLUMES)
    batch = WriteBatch(
        np.sort(np.arange(COUNT, dtype=np.int64) * 8 * US // COUNT),
        codes,
        VOLUMES,
        (ranks * 65_536).astype(np.uint64),
        np.full(COUNT, 4096, np.uint64),
    )
    site.workers.start("w0")
    site.send(Define(Definition("g", tuple(Member("a", volume) for volume in VOLUMES), GEOMETRY)))
    options = PublisherOptions(
        topic_prefix=site.layout.prefix,
        epoch=0,
        observed_from_us=0,
        watermark="caller",
        interval_seconds=10,
    )
    with Publisher(site.source.bootstrap, "g", "a", "x", options) as publisher:
        publisher.write_batch(batch)
        publisher.advance(10 * US)
    sent = [row for row in read_topic(site.source, "writes") if dict(row.headers).get("kind") == b"writes"]
    sizes = [record_bytes(row.key, row.value, row.headers) for row in sent]
    assert sum(sizes) > MAX_MESSAGE_BYTES
    assert max(sizes) <= MAX_MESSAGE_BYTES
    assert eventually(site.counted, bool) == [(0, COUNT, COUNT, 1.0, 0)]
    (interval,) = read_intervals(site.source, "g")
    assert {entry.changed_tracks for entry in interval.entries} == {COUNT // len(VOLUMES)}
    assert len(interval.entries) == len(VOLUMES)
    tables = [record_bytes(row.key, row.value, row.headers) for row in read_topic(site.source, "tables")]
    assert max(tables) <= MAX_MESSAGE_BYTES


def test_what_others_send_above_1_mb_is_refused_by_the_topic_or_becomes_a_dead_letter(site: Site):
    site.workers.start("w0")
    site.send(Define(DEFINITION))
    site.writes(0, (0, 5), 3)
    model = encode_message("g", AgentMessage("heartbeat", origin(1, (5, 8)))).headers
    assert raw(site, Record(b"g", b"x" * MAX_BATCH_BYTES, model)) == KafkaError.MSG_SIZE_TOO_LARGE
    assert raw(site, Record(b"g", b"y" * (MAX_MESSAGE_BYTES + 1), model)) is None
    # The topic measures what was compressed.
    assert raw(site, Record(b"g", b"z" * 5_000_000, model), "zstd") is None
    site.writes(1, (5, 15), 7)

    letters = eventually(lambda: list(read_dead_letters(site.source)), lambda found: len(found) == 2)
    told = [(one.letter.reason, one.letter.scope, len(one.letter.message.value or b"")) for one in letters]
    assert told == [("too-large", "whole", MAX_MESSAGE_BYTES + 1), ("too-large", "cut", 0)]
    assert eventually(site.counted, bool) == [(0, 2, 1, 1.0, 0)]
    assert site.summaries("g", 10)[0].totals.dead_letters == 2
    assert site.workers.stop_all() == {"w0": 0}
    assert site.judge().marks > 0


def raw(site: Site, record: Record, compression: str = "none") -> int | None:
    """Sends by a producer that checks nothing by itself; the broker's error code, if there is one."""
    settings = {
        "bootstrap.servers": site.source.bootstrap,
        "partitioner": "murmur2_random",
        "message.max.bytes": 10_000_000,
        "compression.type": compression,
        "log_level": 0,
    }
    producer, answers = Producer(settings), []
    producer.produce(
        site.source.topic("writes"),
        record.value,
        record.key,
        headers=list(record.headers),
        on_delivery=lambda error, _: answers.append(None if error is None else error.code()),
    )
    assert producer.flush(20) == 0
    (answer,) = answers
    return answer
