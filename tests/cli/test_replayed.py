"""What a replay says of itself: numbers of one and of many, and how much the group had before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.agents.replay import ReplayResult
from streams.cli.replayed import known_messages, refusal, told
from streams.model.groups import Definition, Member
from streams.model.sequence import take_sequence
from streams.model.state import AgentState, State, Version

DEFINITION = Definition("g", (Member("a", "v"),))


def result(messages: int, *, was_new: bool = False) -> ReplayResult:
    return ReplayResult(DEFINITION, was_new, "replay-1", messages, 1)


def state(**sequences: list[int]) -> State:
    """The state of a group that took these sequences from each `array`'s agent of the replay."""
    agents = {"a/other": AgentState(0, high=99)}
    for array, taken in sequences.items():
        agents[f"{array}/replay-1"] = AgentState(0)
        for sequence in taken:
            take_sequence(agents[f"{array}/replay-1"], sequence)
    return State("g", 9, [Version(1, None, 0, DEFINITION)], agents=agents)


@pytest.mark.parametrize(
    ("before", "known"),
    [
        (None, 0),
        (state(), 0),
        (state(a=[0]), 1),
        (state(a=[0, 1, 2], b=[0, 1]), 5),
        (state(a=[0, 1, 4]), 3),  # two are missing between
        (state(a=[0, *range(2, 200, 2)]), 65),  # holes that were forgotten, and what may lie before them
    ],
)
def test_messages_that_were_there_before(before, known):
    assert known_messages(before, result(5)) == known


def test_a_group_that_is_defined_anew_had_nothing():
    assert known_messages(state(a=[0, 1]), result(5, was_new=True)) == 0


def test_one_and_many():
    one = told(result(1, was_new=True), 0, waited=True)
    assert one == [
        "group g, new: tracks of 65536 B, intervals of 300 s, 1 volume",
        "1 write sent in 1 message as agent replay-1, and its last interval is published",
    ]
    many = told(ReplayResult(DEFINITION, False, "replay-1", 3, 2), 0, waited=False)
    assert many[1] == "2 writes sent in 3 messages as agent replay-1, and not waited for"


def test_duplicates_are_told():
    assert told(result(3), 0, waited=True)[2:] == []
    assert told(result(3), 3, waited=True)[2].startswith("this replay was there already: every message")
    assert told(result(3), 2, waited=True)[2].startswith("at least 2 of these 3 messages were there already")
    assert told(result(3), 1, waited=True)[2].startswith("at least 1 of these 3 messages was there already")


def test_what_was_refused_is_told_with_the_command_to_look():
    assert refusal(result(3)) is None
    refused = replace(result(3), dead_letters=1, refused_writes=20)
    look = "meanwhile: they are not in its figures; see `linkgauge dead-letters list --group g`"
    assert refusal(refused) == f"group g refused 20 writes (1 dead letter) {look}"
    assert (
        refusal(replace(refused, dead_letters=2, refused_writes=0))
        == f"group g refused 2 dead letters {look}"
    )
