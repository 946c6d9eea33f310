"""A replay through a worker, and the wait for its result: exact, repeatable, patient, interruptible."""

from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest

from streams.agents import replay as module
from streams.agents.admission import Wish
from streams.agents.brute import measure
from streams.agents.recording import recording_of_trace
from streams.agents.replay import ReplayOptions, replay
from streams.agents.script import Script
from streams.errors import BrokerUnreachable, ReplayError, SettingsError
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.state import State
from streams.store import Source, groups, patience, read_group_state
from streams.store.reading import read_topic
from streams.wire.agent import decode_message
from streams.wire.record import Record
from tests.agents.replaying import DAY_US, Log, existing, state, stored, trace


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_must_lead_somewhere(speed):
    with pytest.raises(SettingsError, match="speed"):
        ReplayOptions(speed=speed)


@pytest.mark.broker
def test_replays_through_a_worker_are_exact_and_repeatable(source, worker):
    played = trace(count=30_000)
    recording = recording_of_trace(played)
    for kind in ("writes", "json", "tracks"):
        told = []
        result = replay(
            source, recording, Wish(kind), ReplayOptions(kind), lambda *done, told=told: told.append(done)
        )
        assert stored(source, kind) == measure(played.writes, 65_536, 300)
        assert result.was_new
        assert told[0] == ("sending", 0, 30_000)
        assert ("sending", 30_000, 30_000) in told
        assert told[-1][0] == "closing"
        assert told[-1][1] == told[-1][2]
    assert sorted(groups(source)) == ["json", "tracks", "writes"]
    again = replay(source, recording, Wish("writes"), ReplayOptions())
    assert not again.was_new
    assert stored(source, "writes") == measure(played.writes, 65_536, 300)
    other = recording_of_trace(trace(seed=1))
    with pytest.raises(ReplayError, match="is closed up to"):
        replay(source, other, Wish("writes"))
    with pytest.raises(ReplayError, match="--track 65536, not 512"):
        replay(source, other, Wish("writes", 512))
    later = recording_of_trace(trace(seed=1, start_us=2 * DAY_US))
    replay(source, later, Wish("writes"))
    assert len(stored(source, "writes")) > len(measure(played.writes, 65_536, 300))


@pytest.mark.broker
def test_without_a_worker_the_wait_ends_and_says_what_to_check(source):
    options = ReplayOptions(patience_seconds=0.5)
    with pytest.raises(ReplayError, match=r"no worker has taken it up.*linkgauge worker.*dead-letters list"):
        replay(source, recording_of_trace(trace()), Wish("g"), options)
    assert read_group_state(source, "g") is None


class FakeWatch:
    """A group whose state moves on with every look."""

    def __init__(self, *_: object) -> None:
        self.partition = 0
        self.states = iter([None, state(None), state(4), state(5), state(6), state(7), state(9)])

    def newest(self) -> State | None:
        return next(self.states)


class FakeTail:
    """A topic on which nothing happens."""

    def __init__(self, *_: object) -> None:
        pass

    def end(self) -> int:
        return 0


def test_the_wait_ends_with_the_last_interval_and_not_before(monkeypatch):
    monkeypatch.setattr(module, "StateWatch", FakeWatch)
    monkeypatch.setattr(module, "Tail", FakeTail)
    monkeypatch.setattr(module, "_WATCH_SECONDS", 0.0)
    told = []
    end_us = 8 * 300 * US  # the last record lies in the interval with index 7
    closed = module._await_closing(
        Source("localhost:1"), existing(), end_us, 60.0, lambda *done: told.append(done)
    )
    assert closed.closed == 7
    assert told[:2] == [("closing", 0, 1)] * 2
    assert told[2:] == [("closing", 0, 3), ("closing", 1, 3), ("closing", 2, 3), ("closing", 3, 3)]


class FlakyWatch(FakeWatch):
    """A group whose broker is away at every look but the last."""

    looks = 0

    def newest(self) -> State | None:
        FlakyWatch.looks += 1
        if FlakyWatch.looks < 4:
            raise BrokerUnreachable("away")
        return state(7)


@pytest.fixture
def flaky(monkeypatch):
    monkeypatch.setattr(FlakyWatch, "looks", 0)
    monkeypatch.setattr(module, "StateWatch", FlakyWatch)
    monkeypatch.setattr(module, "Tail", FakeTail)
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)


def test_the_wait_outlasts_a_broker_that_is_away(flaky):
    closed = module._await_closing(Source("localhost:1"), existing(), 8 * 300 * US, 60.0, lambda *_: None)
    assert (closed.closed, FlakyWatch.looks) == (7, 4)


def test_a_broker_that_stays_away_is_told_when_patience_is_over(flaky):
    with pytest.raises(BrokerUnreachable, match="away"):
        module._await_closing(Source("localhost:1"), existing(), 8 * 300 * US, -1.0, lambda *_: None)
    assert FlakyWatch.looks == 1


@pytest.mark.broker
def test_what_the_group_refused_is_in_the_result(source, worker):
    played = trace()
    recording = recording_of_trace(played)
    small = tuple(replace(member, volume_bytes=1 << 25) for member in recording.members)
    beyond = int(np.count_nonzero(played.writes.offset_bytes + played.writes.length_bytes > 1 << 25))
    result = replay(source, recording, Wish("g", members=small))
    assert beyond > 0
    assert result.refused_writes == beyond
    assert result.dead_letters > 0
    again = replay(source, recording, Wish("g", members=small))
    assert (again.dead_letters, again.refused_writes) == (0, 0)


@pytest.mark.broker
def test_no_wait_returns_when_everything_is_sent(source):
    recording = recording_of_trace(trace())
    result = replay(source, recording, Wish("g"), ReplayOptions(wait=False))
    script = Script(recording, result.definition.geometry)
    assert result.messages == len(list(script.messages()))
    assert (result.agent, result.writes) == (script.agent, 300)


class FakeOutbox:
    """Time passes only while somebody polls."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent_at: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def poll(self, seconds: float) -> None:
        self.now += seconds

    def send(self, _record: Record) -> None:
        self.sent_at.append(self.now)


def test_speed_paces_the_recording(monkeypatch):
    outbox = FakeOutbox()
    monkeypatch.setattr(module.time, "monotonic", outbox.monotonic)
    script = Script(recording_of_trace(trace(count=20)), Geometry(), speed=100.0)
    assert module._send(outbox, "g", script, lambda *_: None) == len(outbox.sent_at)
    due = [(m.origin.watermark_us - DAY_US) / US / 100 for m in script.messages()]
    assert outbox.sent_at == pytest.approx(due)
    assert outbox.sent_at[-1] == pytest.approx(40.0)


@pytest.mark.broker
def test_ctrl_c_leaves_a_beginning_that_the_next_run_completes(source):
    recording, options = recording_of_trace(trace(count=20_000)), ReplayOptions(speed=4000.0, wait=False)

    def ctrl_c(stage: str, done: int, total: int) -> None:
        if done > total // 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        replay(source, recording, Wish("g"), options, ctrl_c)
    rows = list(read_topic(source, "writes"))
    broken = [decode_message(r.key, r.value, r.headers, r.offset, r.append_us).body for r in rows]
    assert "bye" not in [getattr(body, "kind", "") for body in broken]
    replay(source, recording, Wish("g"), options)
    log = Log()
    for row in read_topic(source, "writes"):
        log.append(Record(row.key, row.value, row.headers))
    assert log.rows() == measure(trace(count=20_000).writes, 65_536, 300)
