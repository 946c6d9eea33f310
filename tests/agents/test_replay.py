"""A replay, from the writes of a trace to closed intervals: exact, repeatable, refused where it would lie."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agents import replay as module
from streams.agents.admission import Wish, definition_for, require_not_ahead, require_open
from streams.agents.brute import Row, measure
from streams.agents.load import publish_fleet, recording_of_fleet
from streams.agents.recording import BEAT_WRITES, recording_of_trace
from streams.agents.replay import ReplayOptions, replay
from streams.agents.script import Script
from streams.agents.synthetic import FleetSpec
from streams.agents.traces import Trace
from streams.broker.topics import cluster_identity
from streams.errors import BrokerUnreachable, ReplayError, SettingsError
from streams.model.entries import Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US, total_us
from streams.model.messages import Define
from streams.model.partition import Partition
from streams.model.state import AgentState, State, Version
from streams.model.writes import WriteBatch
from streams.store import Source, groups, patience, read_group_state, read_intervals
from streams.store.reading import read_topic
from streams.wire.agent import decode_message, encode_message
from streams.wire.record import Record

DAY_US = 86_400 * US
LATER_US = 2_000_000_000 * US


def trace(seed: int = 0, count: int = 300, seconds: int = 4000, start_us: int = DAY_US) -> Trace:
    rng = np.random.default_rng(seed)
    times = np.sort(start_us + rng.integers(0, seconds * US, count))
    volumes = ("a/v", "a/w/x", "b/v")
    writes = WriteBatch(
        times.astype(np.int64),
        rng.integers(0, 3, count).astype(np.int32),
        volumes,
        rng.integers(0, 1 << 26, count).astype(np.uint64),
        rng.integers(0, 200_000, count).astype(np.uint64),
    )
    return Trace(writes, start_us, start_us + seconds * US, count, 0, 0)


def definition_of(recording, geometry: Geometry) -> Definition:
    return Definition("g", recording.members, geometry, expected_agents=len(recording.arrays))


class Log:
    """A partition of the writes topic with its collector, in memory; marks are acknowledged at once."""

    def __init__(self) -> None:
        self.partition = Partition(0)
        self.intervals: dict[int, Interval] = {}
        self.dead_letters = 0

    def append(self, record: Record) -> None:
        offset = self.partition.next_offset
        message = decode_message(record.key, record.value, record.headers, offset, LATER_US + offset)
        outcome = self.partition.take("g", message)
        self.dead_letters += len(outcome.dead_letters)
        if outcome.mark is not None:
            for interval in outcome.mark.intervals:
                assert interval.revision == 0
                self.intervals[interval.start_us] = interval
            self.partition.acknowledged("g", outcome.mark)

    def play(self, script: Script, definition: Definition) -> None:
        self.append(encode_message("g", Define(definition)))
        for message in script.messages():
            self.append(encode_message("g", message, "json" if script.kind == "json" else "arrow"))

    def rows(self) -> list[Row]:
        return [
            Row(
                entry.volume,
                interval.start_us,
                interval.end_us,
                entry.changed_tracks,
                entry.changed_bytes,
                entry.writes,
                entry.written_bytes,
            )
            for start_us, interval in sorted(self.intervals.items())
            for entry in sorted(interval.entries, key=lambda entry: entry.volume)
            if entry.writes
        ]


kinds = st.sampled_from(["writes", "json", "tracks"])


@settings(max_examples=40)
@given(
    st.integers(0, 1 << 32),
    st.integers(0, 400),
    kinds,
    st.sampled_from([(300, 65_536), (10, 4096), (60, 56_664)]),
    st.sampled_from([None, 1.0, 100.0]),
)
def test_what_a_replay_leads_to_is_the_brute_count(seed, count, kind, shape, speed):
    interval_seconds, track_bytes = shape
    played = trace(seed, count)
    recording = recording_of_trace(played)
    geometry = Geometry.for_interval(interval_seconds, track_bytes)
    definition = definition_of(recording, geometry)
    log = Log()
    log.play(Script(recording, geometry, kind, speed), definition)
    assert log.rows() == measure(played.writes, track_bytes, interval_seconds)
    assert log.dead_letters == 0
    assert log.partition.commit_offset() == log.partition.next_offset
    step_us = interval_seconds * US
    starts = range(recording.first_us // step_us * step_us, recording.end_us, step_us)
    assert sorted(log.intervals) == list(starts)
    for interval in log.intervals.values():
        watched = min(interval.end_us, recording.end_us) - max(interval.start_us, recording.first_us)
        assert [total_us(entry.covered) for entry in interval.entries] == [watched] * 3


@pytest.mark.parametrize("kind", ["writes", "tracks"])
def test_the_same_replay_again_is_nothing_but_duplicates(kind):
    recording = recording_of_trace(trace())
    geometry = Geometry.for_interval(300)
    definition, script = definition_of(recording, geometry), Script(recording, geometry, kind)
    log = Log()
    log.play(script, definition)
    before, rows = dict(log.intervals), log.rows()
    log.play(script, definition)
    assert (log.intervals, log.rows()) == (before, rows)
    totals = log.partition.groups["g"].state.totals
    assert totals.duplicate_messages == len(list(script.messages()))


def test_a_replay_that_was_broken_off_goes_on_where_it_ended():
    recording = recording_of_trace(trace(count=3000))
    geometry = Geometry.for_interval(60)
    definition, script = definition_of(recording, geometry), Script(recording, geometry)
    broken, whole = Log(), Log()
    whole.play(script, definition)
    messages = list(script.messages())
    broken.append(encode_message("g", Define(definition)))
    for message in messages[: len(messages) // 2]:
        broken.append(encode_message("g", message))
    broken.play(script, definition)
    assert broken.intervals == whole.intervals


def test_agents_are_named_after_content_and_options():
    recording = recording_of_trace(trace())
    geometry, other = Geometry.for_interval(300), Geometry.for_interval(60)
    name = Script(recording, geometry).agent
    assert Script(recording_of_trace(trace()), geometry).agent == name
    assert Script(recording, other).agent == name  # writes do not depend on the interval
    variants = [
        Script(recording, geometry, "json"),
        Script(recording, geometry, "tracks"),
        Script(recording, other, "tracks"),
        Script(recording, geometry, speed=1.0),
        Script(recording_of_trace(trace(seed=1)), geometry),
        Script(recording_of_trace(replace(trace(), last_us=DAY_US + 5000 * US)), geometry),
    ]
    assert len({name, *(variant.agent for variant in variants)}) == 7


def test_every_write_and_time_of_a_trace_is_in_its_name():
    base = trace().writes
    digests = {recording_of_trace(trace()).digest}
    for column in ("time_us", "volume_codes", "offset_bytes", "length_bytes"):
        values = getattr(base, column).copy()
        values[7] = (values[7] + 1) % 3 if column == "volume_codes" else values[7] ^ 1
        changed = replace(trace(), writes=replace(base, **{column: values}))
        digests.add(recording_of_trace(changed).digest)
    discards = replace(trace(), writes=replace(base, discard=np.arange(len(base)) == 3))
    digests.add(recording_of_trace(discards).digest)
    assert len(digests) == 6


def test_a_quiet_array_is_heard_while_others_are_busy():
    busy = np.arange(3 * BEAT_WRITES, dtype=np.int64)
    last = np.array([len(busy)])
    writes = WriteBatch(
        DAY_US + np.concatenate([busy, last]),
        np.concatenate([np.zeros(len(busy), np.int32), np.ones(1, np.int32)]),
        ("busy/v", "quiet/v"),
        np.zeros(len(busy) + 1, np.uint64),
        np.ones(len(busy) + 1, np.uint64),
    )
    recording = recording_of_trace(Trace(writes, DAY_US, DAY_US + len(busy), 0, 0, 0))
    quiet = [m for m in Script(recording, Geometry()).messages() if m.origin.array == "quiet"]
    assert [m.kind for m in quiet] == ["heartbeat", "heartbeat", "heartbeat", "writes", "bye"]


def test_an_empty_trace_is_refused():
    with pytest.raises(ReplayError, match="holds no record"):
        recording_of_trace(Trace(WriteBatch.empty(), None, None, 0, 0, 0))


def test_a_trace_of_reads_is_watched_all_the_same():
    silent = replace(trace(), writes=trace().writes.take(slice(0)))
    recording = recording_of_trace(silent)
    log = Log()
    log.play(Script(recording, Geometry()), definition_of(recording, Geometry()))
    assert log.rows() == []
    assert len(log.intervals) == 14


# Admission


def existing(**changes: object) -> Definition:
    return replace(definition_of(recording_of_trace(trace()), Geometry()), **changes)


def test_a_new_group_is_every_volume_of_the_trace():
    recording = recording_of_trace(trace())
    definition, is_new = definition_for(Wish("g"), recording, None)
    assert is_new
    assert [member.id for member in definition.members] == ["a/v", "a/w/x", "b/v"]
    assert (definition.expected_agents, definition.geometry) == (2, Geometry())
    finer, _ = definition_for(Wish("g", 4096, 60), recording, None)
    assert finer.geometry == Geometry.for_interval(60, 4096)


def test_a_group_that_exists_keeps_its_definition():
    recording = recording_of_trace(trace())
    wider = existing(members=(*recording.members, Member("c", "v")), expected_agents=3)
    for wish in (Wish("g"), Wish("g", 65_536, 300)):
        assert definition_for(wish, recording, wider) == (wider, False)


@pytest.mark.parametrize(
    ("wish", "definition", "message"),
    [
        (Wish("g", 4096), existing(), "--track 65536, not 4096"),
        (Wish("g", None, 60), existing(), "--interval 300, not 60"),
        (
            Wish("g"),
            existing(members=(Member("a", "v"),)),
            "without volumes of the trace, 2 of them, such as a/w/x",
        ),
        (Wish("g", members=(Member("a", "v"),)), existing(), "exists with other members"),
    ],
)
def test_a_conflicting_definition_is_refused_with_the_remedy(wish, definition, message):
    with pytest.raises(ReplayError, match=message) as failure:
        definition_for(wish, recording_of_trace(trace()), definition)
    assert "another --group" in str(failure.value)


def state(closed: int | None, **agents: AgentState) -> State:
    named = {name.replace("_", "/"): agent for name, agent in agents.items()}
    return State("g", 5, [Version(1, None, 0, existing())], closed=closed, agents=named)


def admit(closed: int | None, **agents: AgentState) -> None:
    require_open(existing(), recording_of_trace(trace()), "me", state(closed, **agents))


def left(watermark_us: int) -> AgentState:
    return AgentState(0, 9, watermark_us=watermark_us, left_at=4)


def test_a_replay_behind_what_is_closed_is_admitted():
    first = DAY_US // (300 * US)
    require_open(existing(), recording_of_trace(trace()), "me", None)
    admit(None)
    admit(first - 1)


def test_a_replay_older_than_what_is_closed_is_refused_with_the_remedy():
    first = DAY_US // (300 * US)
    for agents in ({}, {"a_me": left(5)}, {"a_other": left(5), "b_other": left(5)}):
        with pytest.raises(ReplayError, match=r"closed up to 1970-01-02T00:05:00Z.*another --group.*--start"):
            admit(first, **agents)


def test_the_very_same_replay_is_admitted_again():
    admit(DAY_US // (300 * US) + 99, a_me=left(5), b_me=left(5))


def test_a_replay_that_was_broken_off_is_admitted_while_the_rest_still_counts():
    first = DAY_US // (300 * US)
    there = AgentState(0, 9, watermark_us=DAY_US + 600 * US)
    admit(first + 13, a_me=there, b_me=left(5))
    with pytest.raises(ReplayError, match="broken off"):
        admit(first + 15, a_me=there, b_me=left(5))


@pytest.mark.parametrize(
    ("now_us", "speed", "refused"),
    [
        (DAY_US + 4000 * US, None, False),
        (DAY_US + 3700 * US, None, False),
        (DAY_US + 3698 * US, None, True),
        (DAY_US, 1.0, False),
        (DAY_US, 2.0, True),
        (DAY_US, 0.5, False),
    ],
)
def test_a_replay_into_the_future_is_refused(now_us, speed, refused):
    arguments = (existing(), recording_of_trace(trace()), now_us, speed)
    if not refused:
        require_not_ahead(*arguments)
        return
    with pytest.raises(ReplayError, match=r"s ahead of the clock.*earlier --start"):
        require_not_ahead(*arguments)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_must_lead_somewhere(speed):
    with pytest.raises(SettingsError, match="speed"):
        ReplayOptions(speed=speed)


# On a real broker

_WORKER = """
import json, sys
from streams.processor.options import WorkerOptions
from streams.processor.worker import run_worker
run_worker(WorkerOptions(**json.loads(sys.argv[1])))
"""


@pytest.fixture
def source(topics) -> Source:
    return Source(topics.bootstrap, topics.prefix)


@pytest.fixture
def worker(topics, tmp_path):
    identity = cluster_identity(topics.bootstrap, topics.layout)
    options = {
        "bootstrap": topics.bootstrap,
        "name": "worker",
        "cluster_id": identity.cluster_id,
        "topic_id": identity.topic_ids[topics.name("writes")],
        "topic_prefix": topics.prefix,
    }
    with (tmp_path / "worker.log").open("wb") as log:
        command = [sys.executable, "-c", _WORKER, json.dumps(options)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
    yield process
    process.terminate()
    process.wait(20)


def stored(source: Source, group: str) -> list[Row]:
    log = Log()
    log.intervals = {interval.start_us: interval for interval in read_intervals(source, group)}
    return log.rows()


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
def test_a_fleet_is_measured_as_it_was_made(source, worker):
    fleet = FleetSpec(
        arrays=("a", "b"),
        volumes_per_array=3,
        volume_bytes=1 << 26,
        start_us=DAY_US,
        duration_seconds=1000,
        writes_per_second=50,
        write_bytes=4096,
        pattern="hotspot",
    )
    publish_fleet(source, [fleet], "fleet", ReplayOptions())
    assert stored(source, "fleet") == fleet.expected().rows()
    (version,) = groups(source)["fleet"]
    assert {member.volume_bytes for member in version.definition.members} == {1 << 26}


def test_fleets_of_one_group_must_fit_together():
    fleet = FleetSpec(
        arrays=("a",),
        volumes_per_array=1,
        volume_bytes=1 << 26,
        start_us=0,
        duration_seconds=1,
        writes_per_second=1,
        write_bytes=1,
        pattern="uniform",
    )
    with pytest.raises(SettingsError, match="no array in two"):
        recording_of_fleet([fleet, fleet])
    with pytest.raises(SettingsError, match="no array in two"):
        recording_of_fleet([])
    other = replace(fleet, arrays=("b",), interval_seconds=60)
    with pytest.raises(SettingsError, match="same track_bytes and interval_seconds"):
        publish_fleet(Source("localhost:1"), [fleet, other], "g", ReplayOptions())


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
