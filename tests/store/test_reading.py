"""Reading a partition from its beginning to now, and on from there."""

from __future__ import annotations

import re

import pytest

from streams.errors import BrokerUnreachable, SettingsError, TopicMismatch
from streams.store import Source, read_summaries
from streams.store import reading as module
from streams.store.reading import Tail, of_group, partition_count, read_topic
from streams.store.source import REQUEST_SECONDS
from streams.wire.keys import state_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record
from tests.waiting import eventually


def rows(group: str, numbers: range) -> list[Record]:
    return [Record(state_key(group, number), b"value %d" % number, (("h", b"1"),)) for number in numbers]


@pytest.mark.parametrize("group", ["g", 'with "quotes', "ünï", "a,b", "[", "a\\", "\n"])
def test_keys_of_a_group_are_told_from_those_of_others(group):
    mine = of_group(group)
    assert mine(state_key(group, 5))
    for other in (group + "x", "x" + group, group[:-1], group + '"', group + '",'):
        assert not mine(state_key(other, 5))
    assert not mine(None)


@pytest.mark.broker
def test_all_partitions_are_read_in_order(put, source):
    groups = ("a", "b", "c", "d")
    assert len({partition_of(group.encode(), 2) for group in groups}) == 2
    for group in groups:
        put("state", group, rows(group, range(3)))
    found = list(read_topic(source, "state"))
    for group in groups:
        mine = [row for row in found if of_group(group)(row.key)]
        assert [(row.key, row.value, row.headers) for row in mine] == [
            (record.key, record.value, record.headers) for record in rows(group, range(3))
        ]
        assert {row.partition for row in mine} == {partition_of(group.encode(), 2)}
        assert all(row.append_us > 1_600_000_000_000_000 for row in mine)


@pytest.mark.broker
def test_only_the_partition_and_rows_of_a_group_are_read(put, source, monkeypatch):
    partitions = []

    class Watched(Tail):
        def __init__(self, *args: object) -> None:
            partitions.append(args[-1])
            super().__init__(*args)

    monkeypatch.setattr(module, "Tail", Watched)
    for group in ("a", "b", "c", "d"):
        put("state", group, rows(group, range(2)))
    found = list(read_topic(source, "state", group="b"))
    assert [row.key for row in found] == [record.key for record in rows("b", range(2))]
    assert partitions == [partition_of(b"b", 2)]


@pytest.mark.broker
def test_more_than_one_fetch(put, source):
    put("state", "g", rows("g", range(5000)))
    assert [row.value for row in read_topic(source, "state", group="g")] == [
        b"value %d" % number for number in range(5000)
    ]


@pytest.mark.broker
def test_a_tail_goes_on_where_it_was(put, source):
    partition = partition_of(b"g", 2)
    with source.consumer() as consumer:
        tail = Tail(source, consumer, "state", partition)
        assert list(tail.up_to_now()) == []
        for numbers in (range(3), range(3, 3), range(3, 10)):
            put("state", "g", rows("g", numbers))
            values = [message.value() for message in tail.up_to_now()]
            assert values == [b"value %d" % number for number in numbers]


@pytest.mark.broker
@pytest.mark.parametrize("topics", [3], indirect=True)
def test_partitions_are_counted(source):
    with source.consumer() as consumer:
        counts = [partition_count(source, consumer, suffix) for suffix in ("state", "intervals", "groups")]
    assert counts == [3, 3, 1]


@pytest.mark.broker
def test_a_missing_topic_is_named_with_the_remedy(broker):
    with pytest.raises(TopicMismatch, match=r"none\.intervals is missing .*`linkgauge topics create`"):
        read_summaries(Source(broker.bootstrap, "none."), "g")


def test_a_broker_that_is_not_there_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.5)

    def refusal() -> str:
        with pytest.raises(BrokerUnreachable, match=r"no Kafka broker answers at localhost:1 \(") as refused:
            read_summaries(Source("localhost:1"), "g")
        return str(refused.value)

    # A machine that stands still for half a second hears of no cause.
    eventually(refusal, lambda text: re.search(r"at localhost:1 \(.*refused", text))


def test_a_wrong_client_option_is_named():
    with pytest.raises(SettingsError, match=r"no\.such\.thing"):
        read_summaries(Source("localhost:1", "linkgauge.", {"no.such.thing": "1"}), "g")


def test_an_absent_broker_is_told_within_10_s():
    assert REQUEST_SECONDS < 10
