"""The publisher on a real broker: what arrives on the writes topic is what was handed in."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streams.agents import outbox
from streams.agents import publisher as module
from streams.agents.outbox import Outbox
from streams.agents.publisher import Publisher, PublisherOptions
from streams.errors import BrokerError, BrokerUnreachable, DefinitionError, MissingData
from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage
from streams.model.state import Version
from streams.model.writes import WriteBatch
from streams.store.reading import read_topic
from streams.store.source import Source
from streams.wire.agent import decode_message
from streams.wire.definitions import encode_version
from tests.waiting import PATIENCE_SECONDS, eventually

NOW_US = 1_700_000_000_000_000


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.us = NOW_US
        self.seconds = 0.0

    def options(self, **more: object) -> PublisherOptions:
        return PublisherOptions(clock_us=lambda: self.us, monotonic_seconds=lambda: self.seconds, **more)

    def advance(self, seconds: float) -> None:
        self.us += int(seconds * 1_000_000)
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def publisher(topics, options: PublisherOptions) -> Publisher:
    options = replace(options, topic_prefix=topics.prefix)
    return Publisher(topics.bootstrap, "group", "array", "agent", options)


def arrived(topics) -> list[AgentMessage]:
    rows = read_topic(Source(topics.bootstrap, topics.prefix), "writes")
    return [decode_message(r.key, r.value, r.headers, r.offset, r.append_us).body for r in rows]


def batch(count: int, time_us: int = NOW_US) -> WriteBatch:
    return WriteBatch(
        np.full(count, time_us, np.int64),
        np.zeros(count, np.int32),
        ("vol-0",),
        np.arange(count, dtype=np.uint64),
        np.ones(count, np.uint64),
    )


@pytest.mark.broker
def test_writes_arrive_in_order_with_identity_and_a_bye(topics, clock):
    with publisher(topics, clock.options()) as sender:
        sender.write("vol-1", 4096, 512)
        clock.advance(3.0)
        sender.write_batch(batch(10_000))
        clock.advance(2.0)
    first, second, bye = arrived(topics)
    assert [m.kind for m in (first, second, bye)] == ["writes", "writes", "bye"]
    assert [(m.origin.array, m.origin.agent, m.origin.epoch) for m in (first, second)] == [
        ("array", "agent", NOW_US)
    ] * 2
    assert [m.origin.sequence for m in (first, second, bye)] == [0, 1, 2]
    # What is still pending is from the time of the first write, so nothing is vouched for yet.
    spans = [
        (m.origin.observed_from_us - NOW_US, m.origin.watermark_us - NOW_US) for m in (first, second, bye)
    ]
    assert spans == [(0, 0), (0, 5_000_000), (5_000_000, 5_000_000)]
    assert first.writes.volumes == ("vol-1", "vol-0")
    assert first.writes.offset_bytes.tolist() == [4096, *range(8191)]
    assert second.writes.offset_bytes.tolist() == list(range(8191, 10_000))
    assert sender.statistics.sent_messages == 3
    assert (sender.statistics.sent_writes, sender.statistics.unacknowledged) == (10_001, 0)


@pytest.mark.broker
def test_the_keeper_sends_old_batches_and_heartbeats(topics, clock, monkeypatch):
    monkeypatch.setattr(module, "_KEEP_SECONDS", 0.001)
    with publisher(topics, clock.options(interval_seconds=8)) as sender:
        sender.write("vol-0", 0, 1)
        for expected in (1, 2, 3):
            clock.advance(10.0)
            eventually(lambda expected=expected: sender.statistics.sent_messages >= expected)
    assert [m.kind for m in arrived(topics)] == ["writes", "heartbeat", "heartbeat", "bye"]
    assert not sender._keeper.is_alive()


@pytest.mark.broker
def test_the_caller_may_own_the_watermark(topics, clock):
    options = clock.options(watermark="caller", observed_from_us=100, epoch=7)
    with publisher(topics, options) as sender:
        sender.write("vol-0", 0, 1, time_us=150)
        clock.advance(5.0)
        sender.advance(200)
        sender.flush()
        sender.advance(300)
    origins = [m.origin for m in arrived(topics)]
    assert [(o.epoch, o.observed_from_us, o.watermark_us) for o in origins] == [(7, 100, 200), (7, 200, 300)]


@pytest.mark.broker
def test_flush_returns_when_everything_is_acknowledged(topics, clock):
    with publisher(topics, clock.options()) as sender:
        sender.write_batch(batch(100))
        sender.flush()
        assert (sender.statistics.sent_writes, sender.statistics.unacknowledged) == (100, 0)
        assert [len(m.writes) for m in arrived(topics)] == [100]


def define(topics) -> Definition:
    made = Definition("group", (Member("array", "vol-0"), Member("array", "vol-1")))
    store = Outbox(Source(topics.bootstrap, topics.prefix), "groups")
    store.send(encode_version(Version(1, None, 0, made)))
    store.flush(10)
    return made


@pytest.mark.broker
def test_folded_writes_arrive_as_tracks_of_their_windows(topics, clock):
    define(topics)
    with publisher(topics, clock.options(fold=True)) as sender:
        sender.write("vol-1", 4096, 512)
        sender.write_batch(batch(10_000))
        sender.write("nobody", 0, 1)
        clock.advance(10.5)
        sender.write("vol-0", 1 << 20, 1)
        assert sender.statistics.sent_messages == 0
        clock.advance(1.0)
        sender.write_batch(batch(0))
        sender.flush()
    messages = arrived(topics)
    assert [m.kind for m in messages] == ["tracks", "writes", "tracks", "bye"]
    assert [m.origin.sequence for m in messages] == [0, 1, 2, 3]
    assert [(m.origin.watermark_us - NOW_US) / 1e6 for m in messages] == [0, 10, 10.5, 11.5]
    assert [
        (f.volume, f.tracks.tracks().tolist(), f.writes, f.written_bytes) for m in messages for f in m.folds
    ] == [("vol-1", [0], 1, 512), ("vol-0", [0], 10_000, 10_000), ("vol-0", [16], 1, 1)]
    assert messages[1].writes.volumes == ("nobody",)
    assert sender.statistics.sent_writes == 10_003


@pytest.mark.broker
def test_the_keeper_sends_a_window_that_has_ended(topics, clock):
    define(topics)
    with publisher(topics, clock.options(fold=True)) as sender:
        sender.write("vol-0", 0, 1)
        clock.advance(11.0)
        eventually(lambda: sender.statistics.sent_messages >= 1)
    assert [m.kind for m in arrived(topics)] == ["tracks", "bye"]


@pytest.mark.broker
def test_folding_needs_a_group_that_is_defined(topics, clock):
    with (
        pytest.raises(MissingData, match=r"group 'group' is not known.*groups apply FILE"),
        publisher(topics, clock.options(fold=True)),
    ):
        pass


@pytest.mark.broker
def test_many_threads_may_write(topics, clock):
    def work(number: int) -> None:
        for index in range(3000):
            sender.write(f"vol-{number}", index, 1)

    with publisher(topics, clock.options()) as sender:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    messages = arrived(topics)
    assert [m.origin.sequence for m in messages] == list(range(len(messages)))
    rows = [
        (m.writes.volumes[code], offset)
        for m in messages
        if m.writes is not None
        for code, offset in zip(m.writes.volume_codes.tolist(), m.writes.offset_bytes.tolist(), strict=True)
    ]
    for number in range(4):
        assert [offset for volume, offset in rows if volume == f"vol-{number}"] == list(range(3000))


@pytest.mark.broker
def test_drops_are_declared_by_the_next_message(topics, clock, monkeypatch):
    with publisher(topics, clock.options(on_full="drop")) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "full", True)
            sender.write_batch(batch(20_000))
        clock.advance(2.0)
        sender.flush()
        assert sender.statistics.dropped_writes == 16_384
    messages = arrived(topics)
    assert [(m.kind, m.origin.lost_writes) for m in messages] == [("writes", 16_384), ("bye", 0)]
    assert len(messages[0].writes) == 20_000 - 16_384


@pytest.mark.broker
def test_an_agent_that_fails_says_no_bye_and_vouches_for_nothing_new(topics, clock):
    def fail() -> None:
        with publisher(topics, clock.options()) as sender:
            sender.write("vol-0", 0, 1)
            clock.advance(9.0)
            raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        fail()
    (message,) = arrived(topics)
    assert message.kind == "writes"
    assert message.origin.watermark_us == NOW_US


@pytest.mark.broker
def test_ctrl_c_is_an_orderly_end(topics, clock):
    with pytest.raises(KeyboardInterrupt), publisher(topics, clock.options()):
        raise KeyboardInterrupt
    assert [m.kind for m in arrived(topics)] == ["bye"]


@pytest.mark.broker
def test_a_failed_delivery_is_raised_by_every_later_call(topics, clock):
    sender = publisher(topics, clock.options()).__enter__()
    sender._usable().fail(BrokerError("disk of the broker is full"))
    calls = (
        lambda: sender.write("v", 0, 1),
        sender.flush,
        lambda: sender.write_batch(batch(1)),
        sender.close,
    )
    for call in calls:
        with pytest.raises(BrokerError, match="disk of the broker"):
            call()
    assert arrived(topics) == []


@pytest.mark.broker
def test_a_closed_publisher_takes_nothing(topics, clock):
    with publisher(topics, clock.options()) as sender:
        pass
    sender.close()
    with pytest.raises(ValueError, match="not open"):
        sender.write("v", 0, 1)


def test_a_broker_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(outbox, "REQUEST_SECONDS", 0.5)
    with (
        pytest.raises(BrokerUnreachable, match="no Kafka broker answers"),
        Publisher("localhost:1", "g", "a", "b"),
    ):
        pass


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.write("v", -1, 1), "at -1"),
        (lambda p: p.write("v", 1, -1), "-1 bytes"),
        (lambda p: p.write("v", 1, 1, -5), "time -5"),
        (lambda p: p.write("v", 1 << 63, 1), "write of 1 bytes"),
        (lambda p: p.write("", 1, 1), "volume ''"),
        (lambda p: p.write("v" * 1025, 1, 1), "1024 bytes are needed"),
        (lambda p: p.write_batch(replace(batch(2), offset_bytes=np.ones(2, np.int64))), "must be uint64"),
        (lambda p: p.write_batch(replace(batch(2), offset_bytes=np.ones(3, np.uint64))), r"columns of 2"),
        (
            lambda p: p.write_batch(replace(batch(2), time_us=np.array([1, -1]))),
            "write 1 of the batch: the time",
        ),
        (lambda p: p.write_batch(replace(batch(2), volumes=())), "write 0 of the batch: the volume code"),
        (
            lambda p: p.write_batch(replace(batch(2), offset_bytes=np.array([5, (1 << 64) - 1], np.uint64))),
            "write 1 of the batch: the write ends beyond",
        ),
        (lambda p: p.advance(5), "watermark="),
        (lambda p: p.write("v", 0, 1), "not open"),
    ],
)
def test_unusable_input_is_refused_at_the_call(call, message):
    with pytest.raises(ValueError, match=message):
        call(Publisher("localhost:1", "g", "array", "agent"))


@pytest.mark.parametrize(("array", "agent"), [("", "a"), ("a/b", "a"), ("a", ""), ("a", "b" * 256)])
def test_names_are_checked(array, agent):
    with pytest.raises(ValueError, match="255 bytes without a slash"):
        Publisher("localhost:1", "g", array, agent)


def test_a_group_needs_a_name():
    with pytest.raises(DefinitionError, match="a name is needed"):
        Publisher("localhost:1", "", "a", "b")


@pytest.mark.broker
def test_the_example_of_the_guide_runs(topics, tmp_path):
    guide = Path(module.__file__).parents[2] / "docs" / "agents.md"
    example = guide.read_text().split("```python\n")[1].split("```")[0]
    prefixed = example.replace("PublisherOptions(", f"PublisherOptions(topic_prefix={topics.prefix!r}, ", 1)
    (tmp_path / "agent.py").write_text(prefixed)
    command = [sys.executable, str(tmp_path / "agent.py"), topics.bootstrap]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    assert "sent_writes=1000, dropped_writes=0, unacknowledged=0" in done.stdout
    assert sum(len(m.writes) for m in arrived(topics) if m.writes is not None) == 1000
