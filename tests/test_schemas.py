"""The contracts in schemas/ say what the code does, and the golden messages are still understood."""

import importlib.util
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.entries import Gap, Totals
from streams.model.groups import Geometry
from streams.model.messages import Origin
from streams.model.state import AgentState, DeadLetter
from streams.wire import folds, narrow, writes
from streams.wire.agent import KINDS, decode_message, encode_message
from streams.wire.arrow import read_stream
from streams.wire.commands import MAX_COMMAND_INTERVALS
from streams.wire.deadletters import HEADERS, decode_dead_letter, encode_dead_letter
from streams.wire.definitions import decode_version, encode_version
from streams.wire.headers import CONTENT_TYPE, IDENTITY, NAMES, PAYLOAD
from streams.wire.record import Record
from streams.wire.states import Home, decode_state, encode_state, tables_from
from streams.wire.summaries import decode_interval_row, encode_gap, encode_summary
from streams.wire.table_rows import SCHEMA
from streams.wire.tables import METADATA, decode_tables, encode_tables

SCHEMAS = Path(__file__).parents[1] / "schemas"
FIELDS = json.loads((SCHEMAS / "fields.json").read_text())
CONTRACTS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text())
    for path in SCHEMAS.glob("*.schema.json")
}
REGISTRY = Registry().with_resources(
    (contract["$id"], Resource.from_contents(contract)) for contract in CONTRACTS.values()
)
RECORDS = sorted(
    path.name.removesuffix(".record.json") for path in (SCHEMAS / "golden").glob("*.record.json")
)
BATCH = [
    (1_172_145_600_000_000, "vol-1", 0, 512, False),
    (1_172_145_600_000_001, "vol-2", 65_536, 131_072, False),
    (1_172_145_602_500_000, "vol-1", 1 << 40, 0, False),
    (1_172_145_609_999_999, "vol-2", 4096, 4096, True),
]


def golden(name):
    sidecar = json.loads((SCHEMAS / "golden" / f"{name}.record.json").read_text())
    value = (SCHEMAS / "golden" / sidecar["value"]).read_bytes()
    headers = tuple((header, text.encode()) for header, text in sidecar["headers"].items())
    return Record(sidecar["key"].encode(), value, headers)


def make_golden():
    """The module that writes the golden files."""
    spec = importlib.util.spec_from_file_location("make_golden", SCHEMAS / "make_golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def valid(contract, value):
    Draft202012Validator(CONTRACTS[contract], registry=REGISTRY).validate(value)


def message(record):
    return decode_message(record.key, record.value, record.headers, 1_234, 0)


def reencoded(name, record):
    """The record that comes out when a golden one is decoded and encoded again."""
    match name.split("."):
        case ["writes", kind]:
            return encode_message(
                "billing", message(record).body, "json" if kind == "writes-json" else "arrow"
            )
        case ["intervals", _]:
            row = decode_interval_row(record.value)
            return encode_gap(row) if isinstance(row, Gap) else encode_summary(row)
        case ["tables", _]:
            return encode_tables(decode_tables([record.value]))[0]
        case ["groups", _]:
            return encode_version(decode_version(record.value))
        case ["state", _]:
            home = Home("kD3LDC6sTLW5PZb4yIrcrg", "pTSM0h4nQbSSxH7eT0Zr4A", 3)
            return encode_state(decode_state(record.value, home), home, tables_from(record.headers))
        case ["dead-letters", _]:
            stored = decode_dead_letter(record.value, record.headers)
            rows = None
            if not stored.whole:
                source = stored.message
                rows = decode_message(source.key, source.value, source.headers, 0, 0).body.writes
            letter = DeadLetter(stored.message.offset, stored.reason, stored.detail, rows)
            return encode_dead_letter(letter, stored.message)
    raise AssertionError(name)


@pytest.mark.parametrize("name", [name for name in RECORDS if "foreign" not in name])
def test_a_golden_message_survives_decoding_and_encoding(name):
    assert reencoded(name, golden(name)) == golden(name)


def test_golden_files_are_what_is_encoded_today():
    records = make_golden().golden_records()
    assert sorted(records) == RECORDS
    assert {name: golden(name) for name in RECORDS} == records


def test_every_kind_and_every_topic_has_a_golden_message():
    assert {
        message(golden(name)).body.__class__.__name__ for name in RECORDS if name.startswith("writes.")
    } == {
        "AgentMessage",
        "Define",
        "Command",
        "Tick",
    }
    assert {name.removeprefix("writes.") for name in RECORDS} >= set(KINDS)
    assert {name.partition(".")[0] for name in RECORDS} == {
        "writes",
        "intervals",
        "tables",
        "state",
        "groups",
        "dead-letters",
    }


@pytest.mark.parametrize("name", ["writes", "writes-json", "foreign", "foreign-plain", "foreign-json"])
def test_golden_writes_are_the_same_in_every_encoding(name):
    found = message(golden(f"writes.{name}")).body.writes
    names = np.array(found.volumes)[found.volume_codes].tolist()
    columns = (found.time_us, names, found.offset_bytes, found.length_bytes, found.discard)
    assert list(zip(*(c if isinstance(c, list) else c.tolist() for c in columns), strict=True)) == BATCH


def test_golden_tracks_are_as_described():
    found = message(golden("writes.tracks")).body.folds
    assert [fold.volume for fold in found] == ["vol-1", "vol-2"]
    assert found[0].tracks == BitTable.of([0, 7, PART_TRACKS + 1])
    assert found[1].tracks == BitTable.of(range(1000))
    assert [(fold.writes, fold.written_bytes) for fold in found] == [(5, 20_480), (None, None)]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contracts_are_valid_json_schemas(contract):
    Draft202012Validator.check_schema(CONTRACTS[contract])


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        ("writes", "writes.writes-json"),
        ("writes", "writes.foreign-json"),
        ("definition", "writes.define"),
        ("command", "writes.start"),
        ("command", "writes.stop"),
        ("command", "writes.delete"),
        ("summary", "intervals.summary"),
        ("gap", "intervals.gap"),
        ("version", "groups.version"),
        ("state", "state.state"),
    ],
)
def test_golden_messages_keep_their_contract(contract, name):
    value = orjson.loads(golden(name).value)
    valid(contract, value)
    required = set(CONTRACTS[contract].get("required", ()))
    assert required <= set(value) <= set(CONTRACTS[contract]["properties"])


def test_golden_tables_keep_the_contract_of_their_metadata():
    metadata = orjson.loads(read_stream(golden("tables.table").value).schema.metadata[METADATA])
    valid("tables-metadata", metadata)
    assert set(metadata) == set(CONTRACTS["tables-metadata"]["properties"])


def test_contracts_name_the_fields_of_the_code():
    properties = {name: list(contract["properties"]) for name, contract in CONTRACTS.items()}
    assert properties["writes"] == [column.name for column in writes.COLUMNS]
    assert properties["summary"] == list(orjson.loads(golden("intervals.summary").value))
    assert properties["gap"] == list(orjson.loads(golden("intervals.gap").value))
    assert properties["state"] == list(orjson.loads(golden("state.state").value))
    assert properties["version"] == list(orjson.loads(golden("groups.version").value))
    assert properties["definition"] == list(orjson.loads(golden("writes.define").value))
    assert set(properties["definition"]) >= {field.name for field in fields(Geometry)}
    totals = CONTRACTS["summary"]["$defs"]["totals"]
    assert list(totals["properties"]) == totals["required"] == [field.name for field in fields(Totals)]
    agent = CONTRACTS["state"]["properties"]["agents"]["additionalProperties"]
    assert list(agent["properties"]) == agent["required"] == [field.name for field in fields(AgentState)]
    assert CONTRACTS["command"]["properties"]["intervals"]["maximum"] == MAX_COMMAND_INTERVALS


def test_defaults_of_a_definition_are_those_of_the_code():
    defaults = {
        name: found["default"]
        for name, found in CONTRACTS["definition"]["properties"].items()
        if name in {field.name for field in fields(Geometry)} and "default" in found
    }
    assert defaults == {name: getattr(Geometry(), name) for name in defaults}
    assert len(defaults) == 6


@pytest.mark.parametrize(("contract", "columns"), [("writes", writes.COLUMNS), ("tracks", folds.COLUMNS)])
def test_field_tables_are_the_columns_that_are_read(contract, columns):
    table = [(f["name"], f["type"], f["nullable"], f["optional"]) for f in FIELDS[contract]["columns"]]
    assert table == [(c.name, c.expected, c.nullable, c.optional) for c in columns]


def test_the_field_table_of_narrow_columns_is_what_is_read():
    table = [
        (f["name"], f["instead_of"], f["type"], f["nullable"]) for f in FIELDS["writes-narrow"]["columns"]
    ]
    assert table == [(c.name, c.instead_of, c.expected, c.nullable) for c in narrow.COLUMNS]
    assert {c.instead_of for c in narrow.COLUMNS} < {c.name for c in writes.COLUMNS}
    assert narrow.TIME_BASE in FIELDS["writes-narrow"]["what"]


def test_the_golden_writes_of_today_are_narrow():
    schema = read_stream(golden("writes.writes").value).schema
    stand_ins = {column.instead_of: column for column in narrow.COLUMNS}
    columns = [stand_ins.get(column.name, column) for column in writes.COLUMNS]
    assert schema.names == [column.name for column in columns]
    assert all(column.accepts(schema.field(column.name).type) for column in columns)
    assert schema.metadata == {b"time_base_us": str(BATCH[0][0]).encode()}


@pytest.mark.parametrize(
    ("contract", "name", "columns"),
    [("writes", "writes.foreign-plain", writes.COLUMNS), ("tracks", "writes.tracks", folds.COLUMNS)],
)
def test_golden_arrow_messages_have_these_columns(contract, name, columns):
    schema = read_stream(golden(name).value).schema
    assert schema.names == [field["name"] for field in FIELDS[contract]["columns"]]
    assert all(column.accepts(schema.field(column.name).type) for column in columns)


def test_the_field_table_of_tables_is_their_schema():
    table = [(f["name"], f["type"], f["nullable"]) for f in FIELDS["tables"]["columns"]]
    assert table == [(field.name, str(field.type), field.nullable) for field in SCHEMA]
    assert pa.ipc.open_stream(golden("tables.table").value).schema.remove_metadata() == SCHEMA


def test_the_field_table_of_headers_is_what_is_read():
    assert [field["name"] for field in FIELDS["headers"]["columns"]] == list(NAMES)
    assert [field["name"] for field in FIELDS["dead-letter-headers"]["columns"]] == list(HEADERS)
    assert len(IDENTITY) == len(fields(Origin))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_headers_that_the_table_says(kind):
    expected = [field["name"] for field in FIELDS["headers"]["columns"] if kind in field["kinds"]]
    assert [name for name, _ in golden(f"writes.{kind}").headers] == expected
    assert (CONTENT_TYPE in expected) == bool(golden(f"writes.{kind}").value)
    assert (PAYLOAD in expected) == (kind == "redrive")


def test_every_field_says_what_it_means():
    for table in FIELDS.values():
        for field in table["columns"]:
            assert field["meaning"]
            assert field["unit"] in {"", "us", "bytes", "sectors", "tracks", "writes"}


def test_the_map_names_every_contract():
    page = (SCHEMAS / "README.md").read_text()
    for name in CONTRACTS:
        assert f"`{name}.schema.json`" in page
    for table in FIELDS:
        assert f"`{table}`" in page


wrong_columns = st.dictionaries(
    st.sampled_from(["time", "volume", "offset", "length", "discard", "data"]),
    st.none() | st.lists(st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=2), max_size=2),
)


@given(wrong_columns)
def test_what_the_reader_takes_the_contract_takes(value):
    """The contract may be laxer (equal lengths are beyond JSON Schema), never stricter than the code."""
    headers = golden("writes.writes-json").headers
    try:
        decode_message(b"g", orjson.dumps(value), headers, 0, 0)
    except MessageError:
        return
    valid("writes", value)
