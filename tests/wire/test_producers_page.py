"""docs/producers.md promises things to people who write producers in other languages: they hold."""

import json
import re
import sys
from pathlib import Path

import confluent_kafka
import pyarrow as pa
import pytest

from streams.model.messages import AgentMessage, Define
from streams.model.screening import REASONS as GROUP_REASONS
from streams.wire import folds, narrow, writes
from streams.wire.agent import AGENT_KINDS, KINDS, decode_message
from streams.wire.arrow import write_stream
from streams.wire.headers import ARROW, JSON, NAMES
from streams.wire.partitions import murmur2, partition_of
from streams.wire.reasons import REASONS
from streams.wire.record import MAX_MESSAGE_BYTES
from streams.wire.writes_json import encode_writes_json

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "producers.md").read_text()
INTERNAL = {"bad-row", "missing-part", "not-redrivable"}


def section(title):
    return re.search(rf"\n## {title}\n(.*?)(?=\n## |\Z)", PAGE, re.DOTALL).group(1)


def cells(text):
    """The rows of the tables in a text, headings left out."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]
    return [row for row in rows if row[0].startswith("`")]


def test_the_example_for_the_console_is_understood():
    lines = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines()
    bodies = []
    for offset, line in enumerate(lines):
        headers, key, value = line.split("|")
        pairs = [
            (name, text.encode()) for name, _, text in (pair.partition(":") for pair in headers.split(","))
        ]
        bodies.append(decode_message(key.encode(), value.encode(), pairs, offset, 0).body)
    define, batch, bye = bodies
    assert isinstance(define, Define)
    assert (isinstance(batch, AgentMessage), batch.kind, len(batch.writes)) == (True, "writes", 3)
    assert (
        len({int(offset) // define.definition.geometry.track_bytes for offset in batch.writes.offset_bytes})
        == 2
    )
    assert bye.kind == "bye"
    assert [body.origin.sequence for body in (batch, bye)] == [0, 1]
    assert batch.origin.watermark_us - batch.origin.observed_from_us == 300_000_000
    assert bye.origin.observed_from_us == batch.origin.watermark_us


def test_the_script_that_sends_the_example_reads_it_as_it_is_meant(tmp_path, monkeypatch):
    sent = []

    class Log:
        def __init__(self, settings):
            assert settings["partitioner"] == "murmur2_random"

        def produce(self, topic, key, value, headers):
            assert topic == "linkgauge.writes"
            sent.append((key, value, headers))

        def flush(self):
            sent.append("flushed")

    example, script = (
        re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL).group(1) for kind in ("text", "python")
    )
    (tmp_path / "billing.txt").write_text(example)
    monkeypatch.setattr(confluent_kafka, "Producer", Log)
    monkeypatch.setattr(sys, "argv", ["send.py", str(tmp_path / "billing.txt")])
    exec(script, {})  # noqa: S102  # it is the script that the page shows
    *messages, last = sent
    assert last == "flushed"
    bodies = [
        decode_message(
            key.encode(), value.encode(), [(name, text.encode()) for name, text in headers], 0, 0
        ).body
        for key, value, headers in messages
    ]
    assert [getattr(body, "kind", "define") for body in bodies] == ["define", "writes", "bye"]


@pytest.mark.parametrize("vector", json.loads((ROOT / "schemas" / "murmur2.json").read_text()), ids=str)
def test_the_vectors_of_the_partitioner_hold(vector):
    key = vector["key"].encode()
    assert murmur2(key) == vector["murmur2"]
    assert partition_of(key, 8) == vector["partition_of_8"]


def test_the_page_shows_these_vectors():
    vectors = json.loads((ROOT / "schemas" / "murmur2.json").read_text())
    assert cells(section("Topic, key, partition")) == [
        [
            f"`{vector['key']}`",
            f"`{vector['key'].encode().hex(' ')}`",
            str(vector["murmur2"]),
            str(vector["partition_of_8"]),
        ]
        for vector in vectors
    ]


def test_librdkafka_agrees_about_partitions():
    """Its mock broker is enough to see where its partitioner puts a key."""
    placed = {}
    producer = confluent_kafka.Producer(
        {"test.mock.num.brokers": 1, "partitioner": "murmur2_random", "log_level": 0}
    )
    keys = [f"group-{number}".encode() for number in range(100)] + ["grün".encode(), "データ".encode()]
    for key in keys:
        producer.produce(
            "t",
            key=key,
            value=b"",
            on_delivery=lambda _, found: placed.update({found.key(): found.partition()}),
        )
    assert producer.flush(20) == 0
    partitions = len(producer.list_topics("t", 10).topics["t"].partitions)
    assert placed == {key: partition_of(key, partitions) for key in keys}
    assert len(set(placed.values())) > 1


def test_the_page_names_every_header_that_a_producer_sends():
    assert [row[0].strip("`") for row in cells(section("Headers"))] == [n for n in NAMES if n != "payload"]
    for kind in KINDS:
        assert f"`{kind}`" in section("Headers")
    assert '"Agents" are the kinds ' + ", ".join(f"`{kind}`" for kind in AGENT_KINDS[:3]) in section(
        "Headers"
    )
    assert ARROW in PAGE
    assert JSON in PAGE


def test_the_page_names_every_column():
    assert [row[0].strip("`") for row in cells(section("Writes"))] == [c.name for c in writes.COLUMNS]
    assert [[cell.strip("`") for cell in row[:3]] for row in cells(section("Narrower columns"))] == [
        [column.name, column.instead_of, column.expected.replace("uint16 or uint32", "uint16` or `uint32")]
        for column in narrow.COLUMNS
    ]
    tracks = [name for row in cells(section("Tracks: .*?")) for name in re.findall(r"`(\w+)`", row[0])]
    assert tracks == [column.name for column in folds.COLUMNS]


def test_the_example_of_narrow_columns_is_its_plain_form():
    """The example's two blocks: what to send, and what it says."""
    narrowed, plain = re.findall(r"```json\n(.*?)```", section("Narrower columns"), re.DOTALL)
    columns = json.loads(narrowed)
    accepted = {column.name: column for column in narrow.COLUMNS}
    types = {"time_gap_us": pa.uint16(), "offset_sectors": pa.uint32(), "length_sectors": pa.uint16()}
    assert all(accepted[name].accepts(kind) for name, kind in types.items())
    arrays = {name: pa.array(columns[name], kind) for name, kind in types.items()}
    arrays["volume"] = pa.array(columns["volume"]).dictionary_encode()
    batch = pa.record_batch(arrays, metadata=columns["metadata"])
    assert json.loads(encode_writes_json(writes.decode_writes(write_stream(batch)))) == json.loads(plain)


def test_the_page_names_every_reason():
    expected = [(code, text) for code, text in REASONS.items() if code not in INTERNAL]
    expected += GROUP_REASONS.items()
    assert [(row[0].strip("`"), row[1]) for row in cells(section("What is refused"))] == expected


def test_the_page_names_the_limit():
    assert f"{MAX_MESSAGE_BYTES:,} bytes" in PAGE


def test_its_links_lead_somewhere():
    for page in (ROOT / "docs" / "producers.md", ROOT / "schemas" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), target
