"""Whatever the encoders write keeps its JSON Schema."""

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from streams.model.entries import Gap, Interval, Summary
from streams.model.groups import Definition
from streams.model.messages import Command
from streams.model.state import State, Version
from streams.model.writes import WriteBatch
from streams.wire.arrow import read_stream
from streams.wire.commands import encode_command
from streams.wire.definitions import definition_to_json, encode_version
from streams.wire.states import Home, encode_state
from streams.wire.summaries import encode_gap, encode_summary
from streams.wire.tables import METADATA, encode_tables
from streams.wire.writes_json import encode_writes_json

SCHEMAS = Path(__file__).parents[2] / "schemas"
CONTRACTS = {
    path.name.partition(".")[0]: json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")
}
REGISTRY = Registry().with_resources(
    (contract["$id"], Resource.from_contents(contract)) for contract in CONTRACTS.values()
)
ENCODERS = {
    "writes": (WriteBatch, encode_writes_json),
    "definition": (Definition, lambda value: orjson.dumps(definition_to_json(value))),
    "command": (Command, encode_command),
    "summary": (Summary, lambda value: encode_summary(value).value),
    "gap": (Gap, lambda value: encode_gap(value).value),
    "version": (Version, lambda value: encode_version(value).value),
    "state": (State, lambda value: encode_state(value, Home("c", "t", 0), 0).value),
    "tables-metadata": (
        Interval,
        lambda value: read_stream(encode_tables(value)[0].value).schema.metadata[METADATA],
    ),
}


def test_every_contract_is_tried():
    assert set(ENCODERS) == set(CONTRACTS)


@pytest.mark.parametrize("contract", ENCODERS)
@given(data=st.data())
def test_what_is_written_keeps_the_contract(contract, data):
    kind, encode = ENCODERS[contract]
    value = orjson.loads(encode(data.draw(st.from_type(kind))))
    Draft202012Validator(CONTRACTS[contract], registry=REGISTRY).validate(value)
