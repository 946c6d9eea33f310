import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import DefinitionError, MessageError
from streams.model.intervals import US
from streams.wire import keys

names = st.text(st.characters(codec="utf-8"), min_size=1)
numbers = st.integers(0, 10**10)


@given(names)
def test_writes_key_is_the_plain_name(group):
    assert keys.writes_key(group) == group.encode()
    assert keys.group_name(group.encode()) == group


@given(names, numbers, numbers, numbers, numbers)
def test_round_trips(group, rung, start, revision, part):
    start_us = start * US
    assert keys.parse_interval_key(keys.summary_key(group, rung, start_us, revision)) == keys.SummaryKey(
        group, rung, start_us, revision
    )
    assert keys.parse_interval_key(keys.gap_key(group, start_us)) == keys.GapKey(group, start_us)
    assert keys.parse_table_key(keys.table_key(group, rung, start_us, revision, part)) == keys.TableKey(
        group, rung, start_us, revision, part
    )
    assert keys.parse_state_key(keys.state_key(group, part)) == keys.StateKey(group, part)
    assert keys.parse_group_key(keys.group_key(group, part)) == keys.GroupKey(group, part)
    assert keys.parse_dead_letter_key(keys.dead_letter_key(part, start, group)) == keys.DeadLetterKey(
        part, start, group
    )


def test_keys_are_compact_json():
    assert keys.summary_key('a"b', 300, 600 * US, 2) == b'["a\\"b",300,600,2]'
    assert keys.gap_key("g", 600 * US) == b'["g","gap",600,0]'
    assert keys.table_key("g", 300, 600 * US, 2, 1) == b'["g",300,600,2,1]'
    assert keys.dead_letter_key(3, 14, "too-late") == b'[3,14,"too-late"]'


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_refuses_a_key_that_is_no_group(key):
    with pytest.raises(MessageError, match=r"bad-key: .*expected the name of the group|bad-key: no key"):
        keys.group_name(key)


@pytest.mark.parametrize("group", ["", "\udcff"])
def test_refuses_a_group_that_no_key_can_hold(group):
    with pytest.raises(DefinitionError, match="group"):
        keys.writes_key(group)


@pytest.mark.parametrize(
    "parse",
    [
        keys.parse_interval_key,
        keys.parse_table_key,
        keys.parse_state_key,
        keys.parse_group_key,
        keys.parse_dead_letter_key,
    ],
)
@pytest.mark.parametrize(
    "key", [None, b"", b"g", b"\xff", b"{}", b"[]", b'["g",1.5]', b'["g",true]', b"[1,2,3]"]
)
def test_refuses_keys_of_another_form(parse, key):
    with pytest.raises(MessageError, match=r"bad-key: .*expected the JSON array"):
        parse(key)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_parsers_raise_nothing_else(value):
    for parse in (keys.parse_interval_key, keys.parse_table_key, keys.parse_state_key):
        with pytest.raises(MessageError):
            parse(orjson.dumps(value))


def test_intervals_start_at_whole_seconds():
    with pytest.raises(ValueError, match="whole seconds"):
        keys.summary_key("g", 300, 1, 0)
