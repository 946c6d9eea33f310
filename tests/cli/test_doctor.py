"""`doctor`: a sentence for every check, what is wrong is found, and nothing is left behind."""

import json
import subprocess
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from streams.broker.ports import free_port
from streams.cli import app
from streams.cli.clock import skew_seconds
from streams.model.groups import Definition, Member
from streams.model.messages import Command
from streams.model.state import Version
from streams.wire.agent import encode_message
from streams.wire.definitions import encode_version
from tests.programs import LINKGAUGE
from tests.waiting import ended_within, eventually


@pytest.fixture
def examine(tmp_path, monkeypatch):
    """Runs the doctor with these settings; gives exit code and findings by check.

    The reporter's port is one on which nothing of this machine listens.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)
    monkeypatch.setenv("LINKGAUGE_REPORTER__PORT", str(free_port()))

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


@pytest.fixture
def reporter(examine, source, tmp_path):
    """A reporter where the settings of `examine` say."""
    with (tmp_path / "reporter.log").open("wb") as log:
        process = subprocess.Popen([LINKGAUGE, "reporter"], stdout=log, stderr=log)
    yield process
    process.terminate()
    ended_within(process, 20)


def until_well(examine, *settings, **broker):
    """What the doctor finds in the end: services take seconds to come up."""
    return eventually(lambda: examine(*settings, **broker), lambda examined: examined[0] == 0)


@pytest.mark.broker
def test_all_is_well(examine, topics, worker, reporter):
    apply(topics, ("a", "v"), ("b", "w"))
    link = '[links.east]\ngroups = ["a", "b"]\npath_bits_per_second = 1\n'
    group = '[groups.a]\nmembers = [{array = "array", volume = "v"}]\n'
    code, found, said = until_well(examine, link + group, **at(topics))
    checks = ["settings", "reporter", "Kafka", "clock", "topics", "worker", "groups", "links"]
    assert (code, found) == (0, [(check, True) for check in checks]), said
    assert f"1 member in consumer group {topics.prefix}worker, 0 messages behind its place" in said
    assert f"{topics.bootstrap} answers: 1 broker" in said
    names = AdminClient({"bootstrap.servers": topics.bootstrap}).list_topics(timeout=8).topics
    assert not [name for name in names if name.startswith(f"{topics.prefix}doctor")]


@pytest.mark.broker
def test_nobody_works(examine, topics, put):
    put("writes", "a", [encode_message("a", Command("stop")), encode_message("a", Command("stop"))])
    code, found, said = examine("", **at(topics))
    assert code == 3
    assert [check for check, holds in found if not holds] == ["reporter", "worker"]
    assert f"nobody is in consumer group {topics.prefix}worker, 2 messages not taken up" in said
    assert "run `linkgauge worker`" in said
    assert "run `linkgauge reporter`" in said


@pytest.mark.broker
def test_a_worker_that_left_leaves_its_place(examine, topics, put, worker):
    def worker_is(holds, *sentences):
        """The doctor's answer once it says this of the worker."""

        def is_it(examined):
            _, found, said = examined
            return ("worker", holds) in found and all(text in said for text in sentences)

        return eventually(lambda: examine("", **at(topics)), is_it)

    # Of a group that is not there: refused at once.
    put("writes", "a", [encode_message("a", Command("stop"))])
    worker_is(True, "1 member in", "0 messages behind")
    worker.terminate()
    ended_within(worker, 20)
    put("writes", "a", [encode_message("a", Command("stop"))])
    # Its session ends first.
    _, _, said = worker_is(False, f"nobody is in consumer group {topics.prefix}worker")
    assert "1 message not taken up" in said


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
    wrong = [("reporter", False), ("Kafka", False)]
    assert (code, found) == (3, [("settings", True), *wrong, ("links", True)])


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
