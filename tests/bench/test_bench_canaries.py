"""Canaries: one in each partition, and what their waiting says."""

from contextlib import nullcontext

import pytest

from bench import canaries
from bench.canaries import Canaries, canary_names
from bench.topics import Log
from streams.broker.layout import TopicLayout
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of


def test_there_is_one_in_each_partition():
    names = canary_names(8)
    assert sorted(partition_of(writes_key(name), 8) for name in names) == list(range(8))


@pytest.fixture
def flock(monkeypatch):
    class NoSource:
        def __init__(self, *_):
            pass

        def consumer(self):
            return nullcontext()

    monkeypatch.setattr(canaries, "Source", NoSource)
    return Canaries(Log("nowhere", TopicLayout(prefix="test.")))


def test_the_head_is_reached_when_the_last_late_one_is_answered(flock):
    for number, (sent, answered) in enumerate(
        [(95, 99), (100, 100.1), (101, 109), (103, 109.5), (111, 111.5)]
    ):
        flock._sent["canary", number] = sent
        flock._answered["canary", number] = answered
    assert flock.since(100) == pytest.approx({"back at the head s": 9.5, "longest wait s": 8})


def test_none_late_is_no_time(flock):
    flock._sent["canary", 0], flock._answered["canary", 0] = 100, 100.5
    assert flock.since(100) == pytest.approx({"back at the head s": 0, "longest wait s": 0.5})


def test_a_round_goes_to_every_partition_and_closes_the_next_second(flock):
    first = list(flock.due())
    assert len(first) == len(flock.names) == flock.waiting()
    assert list(flock.due()) == []  # the next round is not due yet
