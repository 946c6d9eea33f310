"""`topics create / check` on a real Kafka: what is missing, what is wrong, and the exit codes."""

import pytest
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from streams.broker.topics import TopicLayout
from streams.cli import app
from streams.cli.topics import layout_from
from streams.settings import Settings


@pytest.fixture(autouse=True)
def somewhere_quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(bootstrap, prefix, *arguments, partitions=2):
    environment = {
        "LINKGAUGE_BROKER__BOOTSTRAP": bootstrap,
        "LINKGAUGE_BROKER__TOPIC_PREFIX": prefix,
        "LINKGAUGE_BROKER__PARTITIONS": str(partitions),
    }
    return CliRunner().invoke(app, ["topics", *arguments], env=environment)


def test_the_layout_is_that_of_the_settings():
    broker = {"topic_prefix": "x.", "partitions": 3, "replication_factor": 2}
    assert layout_from(Settings(broker=broker)) == TopicLayout("x.", 3, 2)
    assert layout_from(Settings()) == TopicLayout()


@pytest.mark.broker
def test_create_then_check(broker, topic_prefix):
    missing = run(broker.bootstrap, topic_prefix, "check")
    assert missing.exit_code == 3
    assert f"{topic_prefix}writes: topic must be there, is missing" in missing.stderr
    created = run(broker.bootstrap, topic_prefix, "create")
    assert created.exit_code == 0
    assert f"created {topic_prefix}writes\n" in created.stdout
    assert run(broker.bootstrap, topic_prefix, "create").stdout == "nothing to do: all topics exist\n"
    checked = run(broker.bootstrap, topic_prefix, "check")
    assert (checked.exit_code, checked.stdout) == (0, "all 6 topics are as they must be\n")
    other = run(broker.bootstrap, topic_prefix, "check", partitions=5)
    assert other.exit_code == 3
    assert f"{topic_prefix}writes: partitions must be 5, is 2" in other.stderr
    names = TopicLayout(topic_prefix).names()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for deleted in admin.delete_topics(names).values():
        deleted.result()
