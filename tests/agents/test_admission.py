"""Admission of a replay: what fits is let in, what would lie or be refused is told, with the remedy."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest

from streams.agents.admission import Wish, definition_for, require_not_ahead, require_open
from streams.agents.brute import measure
from streams.agents.recording import Recording, recording_of_trace
from streams.agents.script import Script
from streams.errors import ReplayError
from streams.model.groups import Geometry, Member
from streams.model.intervals import US
from streams.model.state import AgentState, State
from tests.agents.replaying import DAY_US, Log, existing, state, trace

FIRST = DAY_US // (300 * US)  # the interval in which the trace begins


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


def refusal(state: State | None, recording: Recording | None = None, agent: str = "me") -> str:
    """Why a group in this state does not take the replay; empty where it does."""
    try:
        require_open(existing(), recording or recording_of_trace(trace()), agent, state)
    except ReplayError as error:
        return str(error)
    return ""


def left(watermark_us: int) -> AgentState:
    return AgentState(0, 9, watermark_us=watermark_us, left_at=4)


def test_a_replay_behind_what_is_closed_is_admitted():
    assert not refusal(None)
    closed = (None, FIRST - 1, FIRST, FIRST + 1)
    assert [bool(refusal(state(last))) for last in closed] == [False, False, True, True]


def test_a_replay_that_is_admitted_behind_another_is_counted_in_full():
    log, before = Log(), trace(seconds=600)
    recording = recording_of_trace(before)
    log.play(Script(recording, Geometry()), existing())
    closed_us = log.state.closed_us
    assert closed_us == DAY_US + 900 * US  # the last record, 600 s behind the first, is in a third interval
    older = recording_of_trace(trace(seed=1, start_us=closed_us - 1))
    assert "is closed up to 1970-01-02T00:15:00Z" in refusal(log.state, older)
    behind = trace(seed=1, start_us=closed_us)
    recording = recording_of_trace(behind)
    script = Script(recording, Geometry())
    assert not refusal(log.state, recording, script.agent)
    log.play(script, existing())
    assert log.dead_letters == 0
    assert log.rows() == measure(before.writes, 65_536, 300) + measure(behind.writes, 65_536, 300)


@pytest.mark.parametrize(
    "agents", [{}, {"a_me": left(5)}, {"a_other": left(5), "b_other": left(5)}], ids=["none", "one", "others"]
)
def test_a_replay_older_than_what_is_closed_is_refused_with_the_remedy(agents):
    told = refusal(state(FIRST, **agents))
    assert re.search(r"closed up to 1970-01-02T00:05:00Z.*another --group.*--start", told)


def test_the_very_same_replay_is_admitted_again():
    assert not refusal(state(FIRST + 99, a_me=left(5), b_me=left(5)))
    log, recording = Log(), recording_of_trace(trace())
    script = Script(recording, Geometry())
    log.play(script, existing())
    assert not refusal(log.state, recording, script.agent)
    assert "is closed up to" in refusal(log.state, recording, "another")


def test_a_replay_that_was_broken_off_is_admitted_while_the_rest_still_counts():
    there = AgentState(0, 9, watermark_us=DAY_US + 600 * US)
    assert not refusal(state(FIRST + 13, a_me=there, b_me=left(5)))
    assert "broken off" in refusal(state(FIRST + 15, a_me=there, b_me=left(5)))


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
    found = pytest.raises(ReplayError, match=r"s ahead of the clock.*earlier --start")
    with found if refused else nullcontext():
        require_not_ahead(existing(), recording_of_trace(trace()), now_us, speed)
