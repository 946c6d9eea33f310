"""Exactly once, the same for every format: no row is lost and none is there twice."""

from __future__ import annotations

import pytest

from streams.errors import LakeError
from streams.lake.formats.table import OffsetsMoved
from tests.lake.logs import Logs, feeds_of, run, story
from tests.lake.reading import expected, measured
from tests.lake.story import VOLUMES, records

NUMBERS = range(285, 291)
"""Intervals on both sides of midnight."""


def test_what_was_read_is_in_once(lake):
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs)
    assert measured(lake) == expected(NUMBERS)


def test_a_sink_goes_on_where_the_last_one_ended(lake):
    logs = story(NUMBERS)
    half = {place: len(log) // 2 for place, log in logs.messages.items()}
    run(feeds_of(lake, logs), logs, ends=half)
    run(feeds_of(lake, logs), logs)
    run(feeds_of(lake, logs), logs)
    assert measured(lake) == expected(NUMBERS)


def test_messages_that_come_again_are_passed_over(lake):
    logs = story(NUMBERS)
    feeds = feeds_of(lake, logs)
    run(feeds, logs)
    for (topic, _), log in logs.messages.items():
        for message in log:
            feeds[topic].take(message)
        feeds[topic].commit()
    assert measured(lake) == expected(NUMBERS)


def test_two_sinks_share_the_partitions(lake):
    logs = story(NUMBERS)
    one, other = feeds_of(lake, logs), feeds_of(lake, logs)
    for topic in ("groups", "tables", "intervals"):
        one[topic].begin([0])
        other[topic].begin([1])
        for feed, number in ((one[topic], 0), (other[topic], 1)):
            for message in logs.messages.get((topic, number), []):
                feed.take(message)
        one[topic].commit()
        other[topic].commit()
    assert measured(lake) == expected(NUMBERS)


def test_a_sink_that_lost_its_partitions_and_does_not_know_it_writes_nothing(lake):
    logs = story(NUMBERS)
    frozen = feeds_of(lake, logs)
    for topic, feed in frozen.items():
        feed.begin([0, 1])
        for number in (0, 1):
            for message in logs.messages.get((topic, number), [])[:3]:
                feed.take(message)
    run(feeds_of(lake, logs), logs)
    for feed in frozen.values():
        with pytest.raises(OffsetsMoved):
            feed.commit()
    run(frozen, logs)
    assert measured(lake) == expected(NUMBERS)


def test_a_rebalance_drops_what_is_not_committed_and_the_next_owner_reads_it_again(lake):
    logs = story(NUMBERS)
    one, other = feeds_of(lake, logs), feeds_of(lake, logs)
    for topic, feed in one.items():
        feed.begin([0, 1])
        for number in (0, 1):
            for message in logs.messages.get((topic, number), [])[:2]:
                feed.take(message)
        feed.drop()
        assert feed.commit() == {}
    run(other, logs)
    assert measured(lake) == expected(NUMBERS)


def test_rows_that_a_worker_writes_again_are_one_row(lake):
    logs = story(NUMBERS)
    for partition, group in enumerate(VOLUMES):
        logs.put(((topic, row) for topic, row in records(group, NUMBERS) if topic != "groups"), partition)
    run(feeds_of(lake, logs), logs, at_once=1000)
    assert measured(lake) == expected(NUMBERS)


def test_a_cluster_that_was_made_anew_is_refused_and_adopted_when_told(lake):
    old = story(NUMBERS)
    run(feeds_of(lake, old), old)
    new = Logs("cluster-2", messages=story(range(291, 293)).messages)
    with pytest.raises(LakeError, match=r"cluster-1.*cluster-2.*linkgauge lake adopt"):
        run(feeds_of(lake, new), new)
    assert measured(lake) == expected(NUMBERS)
    for feed in feeds_of(lake, new).values():
        feed.table.adopt(feed.log)
    run(feeds_of(lake, new), new)
    rows = expected(NUMBERS) + expected(range(291, 293))
    assert set(measured(lake)) == set(rows)
