import tomllib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import DefinitionError, MessageError
from streams.model.groups import Definition, Geometry, Member
from streams.model.state import Version
from streams.wire.definitions import (
    decode_version,
    definition_from_json,
    definition_to_json,
    encode_version,
)

SMALL = {"group": "g", "members": [{"array": "a", "volume": "v"}]}


@given(st.from_type(Definition))
def test_round_trip(definition):
    value = orjson.loads(orjson.dumps(definition_to_json(definition)))
    assert definition_from_json(value) == definition
    assert definition_to_json(definition_from_json(value)) == value


@given(st.from_type(Version))
def test_round_trip_of_a_version(version):
    record = encode_version(version)
    assert decode_version(record.value) == version
    assert orjson.loads(record.key) == [version.definition.group, version.number]


@pytest.mark.parametrize("interval", [1, 7, 60, 300, 900, 3600, 86_400])
def test_what_is_left_out_fits_the_interval(interval):
    definition = definition_from_json(SMALL | {"interval_seconds": interval})
    assert definition == Definition("g", (Member("a", "v"),), Geometry.for_interval(interval))


def test_nothing_but_a_group_and_a_volume_is_needed():
    assert definition_from_json(SMALL) == Definition("g", (Member("a", "v"),))


def test_defaults_follow_what_must_not_exceed_them():
    definition = definition_from_json(SMALL | {"late_window_seconds": 100_000, "tick_seconds": 500})
    assert definition.geometry.max_gap_seconds == 100_000
    assert definition.geometry.silent_after_seconds == 500


def test_reads_a_table_of_a_toml_file():
    table = tomllib.loads(
        """
        group = "billing"
        interval_seconds = 60
        rungs_seconds = [900]
        members = [{ array = "a", volume = "v", volume_bytes = 1048576, extents = [[0, 65536]] }]
        """
    )
    assert definition_from_json(table) == Definition(
        "billing",
        (Member("a", "v", 1_048_576, ((0, 65_536),)),),
        Geometry(interval_seconds=60, slot_seconds=10, rungs_seconds=(900,)),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"group": None}, "group: expected a string, found null"),
        ({"interval": 300}, "interval: unknown field"),
        ({"interval_seconds": "300"}, 'interval_seconds: expected a whole number, found "300"'),
        ({"interval_seconds": 300.0}, "interval_seconds: expected a whole number, found 300.0"),
        ({"interval_seconds": True}, "interval_seconds: expected a whole number, found true"),
        ({"interval_seconds": 0}, "interval_seconds: expected a whole number from 1"),
        ({"tick_seconds": -1}, "tick_seconds: expected a whole number from 0"),
        ({"discards_mark": 1}, "discards_mark: expected true or false, found 1"),
        ({"rungs_seconds": [900, "1h"]}, 'rungs_seconds[1]: expected a whole number, found "1h"'),
        ({"rungs_seconds": [1000]}, "rungs_seconds 1000: must be a multiple"),
        ({"members": {}}, "members: expected an array, found {}"),
        ({"members": []}, "group g: it has no volume"),
        ({"members": ["v"]}, 'members[0]: expected an object, found "v"'),
        ({"members": [{"array": "a"}]}, "members[0].volume: this field is missing"),
        ({"members": [{"array": "a", "volume": "v", "size": 1}]}, "members[0].size: unknown field"),
        (
            {"members": [*SMALL["members"], {"array": "a", "volume": "w", "extents": [[0]]}]},
            "members[1].extents[0]: expected a pair of whole numbers, found [0]",
        ),
        (
            {"members": [{"array": "a", "volume": "w", "extents": [[0, 65_536], [0.5, 1]]}]},
            "members[0].extents[1][0]: expected a whole number, found 0.5",
        ),
        ({"members": SMALL["members"] * 2}, "group g: volume a/v is listed twice"),
        ({"agent_names": [1]}, "agent_names[0]: expected a string, found 1"),
        ({"group": "g" * 256}, "256 bytes long, at most 255"),
        ({"members": [{"array": "a", "volume": "ü" * 128}]}, "256 bytes long, at most 255"),
        ({"group": "\udcff"}, "not valid UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(change, said):
    with pytest.raises(DefinitionError) as caught:
        definition_from_json(SMALL | change)
    assert said in str(caught.value)


@pytest.mark.parametrize("value", [None, [], "g", 7])
def test_a_definition_is_an_object(value):
    with pytest.raises(DefinitionError, match=r"groups\.g: expected an object"):
        definition_from_json(value, "groups.g")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "bad-json"),
        (b"{}", "bad-row"),
        (b'{"version":1,"first":null,"ticks":0,"definition":{}}', "bad-definition"),
        (orjson.dumps({"version": 1, "first": None, "ticks": -1, "definition": SMALL}), "bad-row"),
        (orjson.dumps({"version": 1, "first": None, "ticks": 0, "definition": SMALL, "x": 1}), "bad-row"),
    ],
)
def test_a_damaged_row_is_refused(value, reason):
    with pytest.raises(MessageError) as caught:
        decode_version(value)
    assert caught.value.reason == reason
