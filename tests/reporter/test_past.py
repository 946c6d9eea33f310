"""The past of a link's trend, read from a real Kafka: only what was asked for, and all of it."""

from threading import Event

import pytest
from confluent_kafka import Producer

from streams.reporter.past import _is_wanted, read_past
from streams.store import Source
from streams.wire.keys import gap_key, summary_key
from streams.wire.summaries import encode_gap, encode_summary


class Link:
    """Notes what it is given."""

    def __init__(self, groups, seconds):
        self.link = type("Settings", (), {"groups": groups})
        self.trend_seconds = seconds
        self.taken = []
        self.is_read = False

    def take(self, summary):
        assert not self.is_read
        self.taken.append((summary.group, summary.rung_seconds, summary.start_us, summary.revision))

    def past_is_read(self):
        self.is_read = True


@pytest.mark.broker
def test_links_get_their_groups_at_their_length(topics, rows):
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    summaries = [
        rows.summary(index, group, length=length, revision=revision)
        for group in ("a", "b", "c")
        for length in (300, 900)
        for index in range(0, 30, 3)
        for revision in (0, 1)
    ]
    for record in (*map(encode_summary, summaries), encode_gap(rows.gap(40, 50, "a"))):
        producer.produce(topics.name("intervals"), record.value, record.key)
    producer.produce(topics.name("intervals"), b"{", summary_key("a", 900, 0, 7))
    producer.produce(topics.name("intervals"), b"?", b"no key")
    assert producer.flush(30) == 0
    one, both, none = Link(("a",), 900), Link(("a", "b"), 300), Link(("d",), 300)
    source = Source(topics.bootstrap, topics.prefix)
    assert read_past(source, [one, both, none], 35, Event(), lambda: None)
    # `a` is wanted at both lengths, each link picks its own by itself
    assert {key for key in one.taken if key[1] == 900} == {
        ("a", 900, s.start_us, s.revision) for s in summaries if s.group == "a" and s.rung_seconds == 900
    }
    assert {key[0] for key in both.taken} == {"a", "b"}
    assert len([key for key in both.taken if key[:2] == ("b", 300)]) == 20
    assert not [key for key in both.taken if key[:2] == ("b", 900)]
    assert (none.taken, none.is_read) == ([], True)


@pytest.mark.broker
def test_an_empty_topic_is_read_at_once(topics):
    link = Link(("a",), 300)
    assert read_past(Source(topics.bootstrap, topics.prefix), [link], 35, Event(), lambda: None)
    assert link.is_read


def test_an_outage_is_noted_and_waited_for_until_the_end():
    noted, stop, link = [], Event(), Link(("a",), 300)

    def note():
        noted.append(1)
        stop.set()

    assert not read_past(Source("127.0.0.1:1"), [link], 35, stop, note)
    assert (noted, link.is_read) == ([1], False)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (summary_key("a", 300, 0, 0), True),
        (summary_key("a", 900, 0, 0), False),
        (summary_key("b", 300, 0, 0), False),
        (gap_key("a", 0), False),
        (b"no key", False),
        (None, False),
    ],
)
def test_keys(key, wanted):
    assert _is_wanted(key, {"a": {300}}) == wanted
