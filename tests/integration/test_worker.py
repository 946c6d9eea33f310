"""The worker on a real Kafka, as its operators meet it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from confluent_kafka import TopicPartition

from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage, Command, Define
from streams.store import groups, read_dead_letters, read_intervals
from streams.wire.agent import encode_message
from streams.wire.record import Record
from tests.integration.sites import DEFINITION, GEOMETRY, US, Site, origin
from tests.waiting import eventually

pytestmark = pytest.mark.broker


def test_writes_become_tables_and_summaries_and_sigterm_ends_the_worker(site: Site):
    site.workers.start("w0")
    site.send(Define(DEFINITION))
    site.writes(0, (0, 15), 3, 4, 12)
    site.send(AgentMessage("bye", origin(1, (15, 20))))
    summaries = eventually(lambda: site.summaries("g"), lambda found: len(found) == 3)
    assert [(s.rung_seconds, s.start_us, s.changed_tracks_or) for s in summaries] == [
        (10, 0, 2),
        (20, 0, 3),
        (10, 10 * US, 1),
    ]
    first, second = read_intervals(site.source, "g")
    assert [entry.tracks.tracks().tolist() for entry in first.entries] == [[0, 1], []]
    assert [entry.tracks.tracks().tolist() for entry in second.entries] == [[2], []]
    assert site.workers.stop_all() == {"w0": 0}


def test_a_group_whose_agents_fall_silent_closes_with_low_coverage_also_after_a_restart(site: Site):
    site.workers.start("w0")
    site.send(Define(replace(DEFINITION, geometry=replace(GEOMETRY, silent_after_seconds=2))))
    site.writes(0, (0, 8), 3)
    eventually(lambda: read_topic_length(site), lambda length: length >= 2)
    site.workers.kill("w0")
    site.workers.start("w0")
    (first, *_) = eventually(lambda: site.summaries("g", 10), bool)
    assert first.coverage == pytest.approx(0.8)
    assert first.writes == 1


def read_topic_length(site: Site) -> int:
    with site.source.consumer() as consumer:
        topic = site.source.topic("writes")
        return sum(consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in (0, 1))


def test_a_message_that_nobody_understands_goes_untouched_to_the_dead_letters(site: Site):
    site.workers.start("w0")
    site.send(Define(DEFINITION))
    good = encode_message("g", AgentMessage("heartbeat", origin(0, (0, 1))))
    site.send_record(Record(b"g", b"\x00not arrow", (("kind", b"writes"), *good.headers[1:])))
    site.writes(1, (1, 25), 3)
    (letter,) = eventually(lambda: list(read_dead_letters(site.source)), bool)
    assert letter.letter.message.value == b"\x00not arrow"
    summaries = eventually(lambda: site.summaries("g", 10), lambda s: len(s) == 2)
    assert summaries[-1].totals.dead_letters == 1
    assert summaries[0].writes == 1


def test_two_workers_share_the_groups_and_one_takes_over_from_the_other(site: Site):
    names = [f"g{number}" for number in range(6)]
    for name in ("w0", "w1"):
        site.workers.start(name)
    for group in names:
        site.send(Define(Definition(group, (Member("a", "v"),), GEOMETRY)), group)
        site.send(AgentMessage("heartbeat", origin(0, (0, 15))), group)
    for group in names:
        eventually(lambda group=group: site.summaries(group), bool)
    site.workers.kill("w1")
    for group in names:
        site.send(AgentMessage("bye", origin(1, (15, 30))), group)
    for group in names:
        found = eventually(lambda group=group: site.summaries(group, 10), lambda s: len(s) == 3)
        assert [s.coverage for s in found] == [1.0, 1.0, 1.0]


def test_a_deleted_group_closes_and_its_definitions_go(site: Site):
    site.workers.start("w0")
    site.send(Define(DEFINITION))
    site.writes(0, (0, 5), 3)
    site.send(Command("delete"))
    (summary,) = eventually(lambda: site.summaries("g", 10), bool)
    assert (summary.writes, summary.partial) == (1, True)
    assert eventually(lambda: groups(site.source), lambda found: not found) == {}
