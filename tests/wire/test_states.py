import base64

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError, StateError
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Member
from streams.model.state import State, Version
from streams.wire.keys import StateKey, parse_state_key
from streams.wire.states import (
    MAX_REDO,
    MAX_REVISIONS,
    Home,
    decode_shown,
    decode_state,
    encode_state,
    tables_from,
)

HOME = Home("cluster-1", "topic-1", 3)
STATE = State("g", 10, [Version(1, None, 0, Definition("g", (Member("a", "v"),)))])


@given(st.from_type(State), st.integers(0, 1 << 62))
def test_round_trip(state, offset):
    record = encode_state(state, HOME, offset)
    assert decode_state(record.value, HOME) == state
    assert tables_from(record.headers) == offset
    assert parse_state_key(record.key) == StateKey(state.group, state.offset)


@given(st.from_type(State), st.randoms())
def test_bytes_depend_on_the_state_alone(state, random):
    """Nothing of the order in which dictionaries were filled, nor of the writer's needs, is in them."""

    def shuffled(mapping):
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = state.copy()
    other.revisions = shuffled(state.revisions)
    other.agents = shuffled(state.agents)
    assert encode_state(other, HOME, 1).value == encode_state(state, HOME, 2).value


@given(st.from_type(State))
def test_totals_are_read_alone(state):
    shown = decode_shown(encode_state(state, HOME, 0).value)
    assert (shown.group, shown.offset, shown.totals) == (state.group, state.offset, state.totals)
    assert shown.closed_us == state.closed_us


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        ({"format": 2}, "bad-row", "a state row has format 2, this release reads 1"),
        ({"totals": {}}, "bad-row", "totals.intervals_closed"),
        ({"group": None}, "bad-row", "group"),
    ],
)
def test_totals_of_a_row_that_is_not_understood(change, reason, said):
    value = orjson.loads(encode_state(STATE, HOME, 0).value) | change
    with pytest.raises(MessageError) as caught:
        decode_shown(orjson.dumps(value))
    assert caught.value.reason == reason
    assert said in caught.value.detail


def test_a_long_late_window_stays_small():
    state = STATE.copy()
    state.revisions = dict.fromkeys(range(4096), 0) | {7: 1}
    state.redo = tuple(range(10**12, 10**12 + 100_000))
    assert len(encode_state(state, HOME, 0).value) < 2_000


def test_as_many_intervals_as_a_group_can_need():
    state = STATE.copy()
    state.revisions = {number: number % 2 for number in range(MAX_REVISIONS)}
    assert decode_state(encode_state(state, HOME, 0).value, HOME) == state


@pytest.mark.parametrize(
    "runs",
    [[[0, 20_000_000, 0]], [[0, MAX_REVISIONS, 0], [MAX_REVISIONS, 1, 0]], [[0, -1, 0]]],
    ids=["one run", "several", "less than none"],
)
def test_runs_of_more_intervals_than_a_group_can_need_are_not_written_out(runs):
    value = orjson.loads(encode_state(STATE, HOME, 0).value) | {"revisions": runs}
    with pytest.raises(StateError, match=r"revisions\[\d\]: expected .* intervals in all, found"):
        decode_state(orjson.dumps(value), HOME)


def test_bitmaps_of_more_offsets_than_a_worker_can_hold_are_not_written_out():
    offsets = BitTable()
    offsets.mark(np.array([0], np.uint64), np.array([52 * 10**6], np.uint64))
    parts = [(first, base64.b64encode(bitmap).decode()) for first, bitmap in offsets.parts()]
    value = orjson.loads(encode_state(STATE, HOME, 0).value) | {"redo": parts}
    with pytest.raises(StateError, match="redo: expected at most 8388608 offsets, found 52000001"):
        decode_state(orjson.dumps(value), HOME)


def test_what_could_not_be_read_back_is_not_written():
    state = STATE.copy()
    state.redo = (7,) * (MAX_REDO + 1)
    with pytest.raises(StateError, match="choose a shorter interval"):
        encode_state(state, HOME, 0)


@pytest.mark.parametrize(
    ("home", "said"),
    [
        (
            Home("cluster-2", "topic-1", 3),
            "belongs to cluster cluster-1, this worker reads cluster cluster-2",
        ),
        (Home("cluster-1", "topic-2", 3), "writes topic topic-1, this worker reads writes topic topic-2"),
        (Home("cluster-1", "topic-1", 4), "partition 3, this worker reads partition 4"),
    ],
)
def test_a_state_of_another_home_is_refused_with_the_remedy(home, said):
    with pytest.raises(StateError) as caught:
        decode_state(encode_state(STATE, HOME, 0).value, home)
    assert said in str(caught.value)
    assert "point the worker to the right cluster" in str(caught.value)
    assert "drain and recreate" in str(caught.value)


def test_another_format_is_refused_with_the_remedy():
    value = orjson.loads(encode_state(STATE, HOME, 0).value) | {"format": 2, "news": True}
    with pytest.raises(StateError, match="format 2, this release reads 1: start the release that wrote it"):
        decode_state(orjson.dumps(value), HOME)


@pytest.mark.parametrize("field", orjson.loads(encode_state(STATE, HOME, 0).value))
def test_a_missing_field_is_named(field):
    value = orjson.loads(encode_state(STATE, HOME, 0).value)
    del value[field]
    with pytest.raises(StateError, match=rf"{field}: this field is missing"):
        decode_state(orjson.dumps(value), HOME)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"redo": [[0, "no base64!"]]},
        {"redo": [[0, "AAAA"]]},
        {"redo": [[1, "OjAAAAAAAAA="]]},
        {"redo": [7]},
        {"revisions": [[1, 2]]},
        {"windows": [[1, "2"]]},
        {"versions": [{}]},
        {
            "versions": [
                {"version": 1, "first": None, "ticks": 0, "definition": {"group": "g", "members": []}}
            ]
        },
        {"agents": {"a/x": {}}},
        {"agents": []},
        {"totals": {}},
        {"deleted": 0},
    ],
    ids=str,
)
def test_a_damaged_state_is_refused(change):
    value = orjson.loads(encode_state(STATE, HOME, 0).value) | change
    with pytest.raises(StateError):
        decode_state(orjson.dumps(value), HOME)


@pytest.mark.parametrize("value", [b"", b"{", b"[]"])
def test_what_is_no_state_is_refused(value):
    with pytest.raises(StateError, match="a state row of partition 3 is damaged"):
        decode_state(value, HOME)


@pytest.mark.parametrize("headers", [(), (("tables_from", None),), (("tables_from", b"-1"),)])
def test_a_missing_tables_from_is_refused(headers):
    with pytest.raises(StateError, match="tables_from"):
        tables_from(headers)


def test_a_state_above_the_limit_is_refused_with_the_remedy():
    members = tuple(Member("array", f"volume-{number:06}") for number in range(5_000))
    versions = [Version(number, number, 0, Definition("g", members)) for number in range(1, 6)]
    state = State("g", 1, versions)
    with pytest.raises(StateError, match="divide its volumes among several groups"):
        encode_state(state, HOME, 0)
