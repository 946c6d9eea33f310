"""`doctor`: a sentence for every check, what is wrong is found, and nothing is left behind."""

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.clock import skew_seconds
from streams.model.groups import Definition, Member
from streams.model.state import Version
from streams.wire.definitions import encode_version


@pytest.fixture
def examine(tmp_path, monkeypatch):
    """Runs the doctor with these settings; gives exit code and findings by check."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)

    def run(settings, **broker):
        lines = [f"{key} = {json.dumps(value)}" for key, value in broker.items()]
        Path("linkgauge.toml").write_text("\n".join(["[broker]", *lines, settings]))
        ended = CliRunner().invoke(app, ["doctor", "--json"])
        found = json.loads(ended.stdout)
        return ended.exit_code, [(each["check"], each["holds"]) for each in found], ended.stdout

    return run


def at(topics):
    return {"bootstrap": topics.bootstrap, "topic_prefix": topics.prefix, "partitions": 2}


def apply(topics, *groups):
    """Puts definitions of groups, each of one volume, on their topic."""
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    for group, volume in groups:
        record = encode_version(Version(1, None, 0, Definition(group, (Member("array", volume),))))
        producer.produce(topics.name("groups"), record.value, record.key)
    assert producer.flush(30) == 0


@pytest.mark.broker
def test_all_is_well(examine, topics):
    apply(topics, ("a", "v"), ("b", "w"))
    link = '[links.east]\ngroups = ["a", "b"]\npath_bits_per_second = 1\n'
    group = '[groups.a]\nmembers = [{array = "array", volume = "v"}]\n'
    code, found, said = examine(link + group, **at(topics))
    checks = ["settings", "Kafka", "clock", "topics", "groups", "links"]
    assert (code, found) == (0, [(check, True) for check in checks]), said
    names = AdminClient({"bootstrap.servers": topics.bootstrap}).list_topics(timeout=8).topics
    assert not [name for name in names if name.startswith(f"{topics.prefix}doctor")]


@pytest.mark.broker
def test_groups_and_links_that_do_not_fit(examine, topics):
    apply(topics, ("a", "v"), ("b", "v"))
    code, found, said = examine('[links.east]\ngroups = ["a", "b"]\npath_bits_per_second = 1', **at(topics))
    assert (code, found[-1]) == (3, ("links", False))
    assert "groups a and b overlap" in said
    code, found, said = examine('[links.east]\ngroups = ["a", "c"]\npath_bits_per_second = 1', **at(topics))
    assert (code, found[-1]) == (3, ("links", False))
    assert "links.east.groups: group c is not defined" in said
    code, found, said = examine('[groups.a]\nmembers = [{array = "array", volume = "x"}]', **at(topics))
    assert (code, ("groups", False) in found) == (3, True)
    assert "a: the settings define it otherwise" in said


@pytest.mark.broker
def test_wrong_topics(examine, topics):
    code, found, said = examine("", **at(topics) | {"partitions": 3})
    assert code == 3
    assert ("topics", False) in found
    assert "partitions must be 3, is 2" in said


def test_no_broker(examine):
    code, found, _ = examine("", bootstrap="127.0.0.1:1")
    assert (code, found) == (3, [("settings", True), ("Kafka", False), ("links", True)])


def test_wrong_settings(examine):
    code, found, said = examine("[reporter]\nprot = 1")
    assert (code, found) == (3, [("settings", False)])
    assert "did you mean port?" in said
    code, found, said = examine("[groups.a]\nmembers = []")
    assert (code, found) == (3, [("settings", False)])


def test_plain_sentences(examine):
    examine("[reporter]\nprot = 1")
    ended = CliRunner().invoke(app, ["doctor"])
    sentence = "✗ settings: reporter.prot: there is no such key; did you mean port? (in linkgauge.toml)\n"
    assert (ended.exit_code, ended.stdout) == (3, sentence)


@pytest.mark.parametrize(
    ("before", "stamp", "after", "skew"),
    [(1000, 1000, 1000, 0), (1000, 1500, 2000, 0), (1000, 4000, 2000, 2), (5000, 2000, 6000, -3)],
)
def test_skew(before, stamp, after, skew):
    assert skew_seconds(before, stamp, after) == skew
