"""Messages that are missing: what their absence shows, and how coming late mends it."""

from __future__ import annotations

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from streams.model.messages import AgentMessage, Define
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from tests.integration.sites import DEFINITION, Site, origin
from tests.waiting import eventually

pytestmark = pytest.mark.broker


def test_a_missing_message_lowers_coverage_until_it_comes_within_the_late_window(site: Site):
    site.workers.start("w0")
    site.send(Define(DEFINITION))
    site.writes(0, (0, 5), 3)
    site.writes(2, (10, 15), 12)
    assert eventually(site.counted, bool) == [(0, 1, 1, 0.5, 0)]

    site.workers.kill("w0")  # the hole is remembered in the state
    site.workers.start("w0")
    site.writes(1, (5, 10), 7, 8)
    site.send(AgentMessage("heartbeat", origin(3, (15, 25))))
    filled = [(0, 3, 2, 1.0, 1), (10, 1, 1, 1.0, 0)]
    assert eventually(site.counted, lambda found: len(found) == 2) == filled
    first, second = site.summaries("g", 10)
    assert (first.late_writes, second.totals.late_writes, second.totals.duplicate_messages) == (2, 2, 0)
    assert [(rung.changed_tracks_or, rung.coverage) for rung in site.summaries("g", 20)] == [(2, 1.0)]

    site.writes(1, (5, 10), 7, 8)  # no hole any more: a duplicate
    site.send(AgentMessage("bye", origin(4, (25, 30))))
    found = eventually(lambda: site.summaries("g", 10), lambda found: len(found) == 3)
    assert found[-1].totals.duplicate_messages == 1
    assert site.counted()[:2] == filled
    assert site.workers.stop_all() == {"w0": 0}
    assert site.judge().marks > 0


def test_messages_that_retention_took_from_a_worker_are_missing_coverage(site: Site):
    site.begin(3, 12)
    assert site.workers.stop_all() == {"w0": 0}
    number = partition_of(writes_key("g"), site.layout.partitions)
    held = site.committed()[number]
    site.writes(1, (15, 25), 16, 23)
    site.writes(2, (25, 35), 26)
    retained = site.log_end(number) - 1
    forget_before(site, number, retained)
    assert held < retained

    site.workers.start("w0")
    site.send(AgentMessage("bye", origin(3, (35, 40))))
    found = eventually(site.counted, lambda found: len(found) == 4)
    # The first is closed; of the second the write at 12 went too, of the third nothing came before 25.
    assert found == [(0, 1, 1, 1.0, 0), (10, 0, 0, 0.0, 0), (20, 1, 1, 0.5, 0), (30, 0, 0, 1.0, 0)]
    assert f"lost={retained - held}" in site.workers.log("w0")
    assert site.workers.stop_all() == {"w0": 0}


def forget_before(site: Site, partition: int, offset: int) -> None:
    """Does what retention does: the log of the partition begins at the offset."""
    client = AdminClient({"bootstrap.servers": site.source.bootstrap})
    place = TopicPartition(site.source.topic("writes"), partition, offset)
    for done in client.delete_records([place]).values():
        assert done.result().low_watermark == offset
