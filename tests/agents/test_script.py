"""The script of a replay: exact whatever its shape, the same every time, heard while it is quiet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agents.brute import measure
from streams.agents.recording import BEAT_WRITES, recording_of_trace
from streams.agents.script import Script
from streams.agents.traces import Trace
from streams.model.groups import Geometry
from streams.model.intervals import US, total_us
from streams.model.messages import Define
from streams.model.writes import WriteBatch
from streams.wire.agent import encode_message
from tests.agents.replaying import DAY_US, Log, definition_of, trace

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
    totals = log.state.totals
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


def test_a_trace_of_reads_is_watched_all_the_same():
    silent = replace(trace(), writes=trace().writes.take(slice(0)))
    recording = recording_of_trace(silent)
    log = Log()
    log.play(Script(recording, Geometry()), definition_of(recording, Geometry()))
    assert log.rows() == []
    assert len(log.intervals) == 14
