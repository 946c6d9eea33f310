"""Topics on a real cluster: created once, checked setting by setting."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from streams.broker.admin import admin_client, answers
from streams.broker.layout import TOPICS
from streams.broker.topics import (
    Problem,
    TopicLayout,
    check_topics,
    cluster_identity,
    create_topics,
    require_broker,
)
from streams.errors import BrokerError, BrokerUnreachable, SettingsError
from tests.waiting import eventually

NOBODY = "127.0.0.1:1"  # a privileged port that nothing listens on


def settings_of(bootstrap, topic):
    resource = ConfigResource(ResourceType.TOPIC, topic)
    client = AdminClient({"bootstrap.servers": bootstrap})
    found = client.describe_configs([resource])[resource].result()
    return {key: entry.value for key, entry in found.items()}


def alter(bootstrap, topic, setting, value):
    change = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])
    client = AdminClient({"bootstrap.servers": bootstrap})
    client.incremental_alter_configs([resource])[resource].result()
    # The broker learns it a moment after the controller.
    eventually(lambda: settings_of(bootstrap, topic)[setting], lambda found: found == value)


def delete(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    client.delete_topics([topic])[topic].result()
    eventually(lambda: topic not in client.list_topics(timeout=8).topics)


@pytest.mark.broker
@pytest.mark.parametrize("topics", [3], indirect=True)
def test_topics_are_created_as_the_contract_says(topics):
    metadata = AdminClient({"bootstrap.servers": topics.bootstrap}).list_topics(timeout=8).topics
    partitions = {suffix: len(metadata[topics.name(suffix)].partitions) for suffix in all_suffixes()}
    assert partitions == {
        "writes": 3,
        "intervals": 3,
        "tables": 3,
        "state": 3,
        "groups": 1,
        "dead-letters": 1,
    }
    day_ms = 86_400_000
    rows = {suffix: settings_of(topics.bootstrap, topics.name(suffix)) for suffix in all_suffixes()}
    cleanup = {suffix: set(row["cleanup.policy"].split(",")) for suffix, row in rows.items()}
    assert cleanup == {
        "writes": {"delete"},
        "intervals": {"compact", "delete"},
        "tables": {"compact", "delete"},
        "state": {"compact"},
        "groups": {"compact"},
        "dead-letters": {"delete"},
    }
    kept = {suffix: int(row["retention.ms"]) for suffix, row in rows.items() if "delete" in cleanup[suffix]}
    assert kept == {
        "writes": 3 * day_ms,
        "intervals": 35 * day_ms,
        "tables": 7 * day_ms,
        "dead-letters": 30 * day_ms,
    }
    assert rows["writes"]["message.timestamp.type"] == "LogAppendTime"
    assert all(int(row["max.message.bytes"]) >= 1_000_000 for row in rows.values())


def all_suffixes():
    return [spec.suffix for spec in TOPICS]


@pytest.mark.broker
def test_creating_again_changes_nothing(topics):
    before = cluster_identity(topics.bootstrap, topics.layout)
    assert create_topics(topics.bootstrap, topics.layout) == []
    assert cluster_identity(topics.bootstrap, topics.layout) == before
    assert check_topics(topics.bootstrap, topics.layout) == []


@pytest.mark.broker
def test_only_the_missing_topic_is_created(topics):
    delete(topics.bootstrap, topics.name("state"))
    assert create_topics(topics.bootstrap, topics.layout) == [topics.name("state")]


@pytest.mark.broker
def test_another_prefix_is_another_set_of_topics(topics):
    other = TopicLayout(prefix=f"{topics.prefix}other.", partitions=1)
    assert [problem.found for problem in check_topics(topics.bootstrap, other)] == ["missing"] * 6
    assert cluster_identity(topics.bootstrap, other).topic_ids == {}


@pytest.mark.broker
def test_a_missing_topic_is_named_with_the_command_that_creates_it(topics):
    delete(topics.bootstrap, topics.name("tables"))
    [problem] = check_topics(topics.bootstrap, topics.layout)
    assert (problem.topic, problem.found) == (topics.name("tables"), "missing")
    assert "linkgauge topics create" in str(problem)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("suffix", "setting", "wrong", "expected"),
    [
        ("writes", "cleanup.policy", "compact", "delete"),
        ("intervals", "cleanup.policy", "delete", "compact,delete"),
        ("state", "cleanup.policy", "compact,delete", "compact"),
        ("groups", "cleanup.policy", "delete", "compact"),
        ("writes", "message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("tables", "max.message.bytes", "1000", "1114112"),
    ],
)
def test_a_wrong_setting_is_named_with_the_command_that_corrects_it(topics, suffix, setting, wrong, expected):
    topic = topics.name(suffix)
    alter(topics.bootstrap, topic, setting, wrong)
    [problem] = check_topics(topics.bootstrap, topics.layout)
    assert (problem.topic, problem.setting) == (topic, setting)
    assert (problem.expected, problem.found) == (expected, wrong)
    assert f"--entity-name {topic} --add-config {setting}=" in problem.remedy
    alter(topics.bootstrap, topic, setting, expected)
    assert check_topics(topics.bootstrap, topics.layout) == []


@pytest.mark.broker
def test_the_order_of_cleanup_policies_does_not_matter(topics):
    alter(topics.bootstrap, topics.name("tables"), "cleanup.policy", "delete,compact")
    assert check_topics(topics.bootstrap, topics.layout) == []


@pytest.mark.broker
@pytest.mark.parametrize("suffix", ["state", "dead-letters"])
def test_a_wrong_number_of_partitions_is_named(topics, suffix):
    client = AdminClient({"bootstrap.servers": topics.bootstrap})
    client.create_partitions([NewPartitions(topics.name(suffix), 5)])[topics.name(suffix)].result()
    eventually(
        lambda: client.list_topics(timeout=8).topics[topics.name(suffix)].partitions,
        lambda found: len(found) == 5,
    )
    [problem] = check_topics(topics.bootstrap, topics.layout)
    assert (problem.topic, problem.setting, problem.found) == (topics.name(suffix), "partitions", "5")
    assert problem.expected == ("2" if suffix == "state" else "1")
    assert "partitions cannot be added" in problem.remedy


@pytest.mark.broker
def test_a_topic_that_was_made_anew_has_another_identity(topics):
    before = cluster_identity(topics.bootstrap, topics.layout)
    assert list(before.topic_ids) == topics.layout.names()
    assert len({before.cluster_id, *before.topic_ids.values()}) == 7
    delete(topics.bootstrap, topics.name("state"))
    create_topics(topics.bootstrap, topics.layout)
    after = cluster_identity(topics.bootstrap, topics.layout)
    assert after.cluster_id == before.cluster_id
    changed = {topic for topic in topics.layout.names() if after.topic_ids[topic] != before.topic_ids[topic]}
    assert changed == {topics.name("state")}


@pytest.mark.broker
def test_more_copies_than_brokers_is_refused_by_name(broker, topic_prefix):
    layout = TopicLayout(prefix=topic_prefix, partitions=1, replication_factor=3)
    with pytest.raises(BrokerError, match=rf"creating topic {topic_prefix}writes with 3 replicas.*factor"):
        create_topics(broker.bootstrap, layout)


@pytest.mark.broker
def test_a_topic_made_by_somebody_else_meanwhile_is_not_ours(broker, topic_prefix, monkeypatch):
    layout = TopicLayout(prefix=topic_prefix, partitions=1)
    stale = require_broker(broker.bootstrap)
    made = NewTopic(layout.name("writes"), 1, 1)
    client = AdminClient({"bootstrap.servers": broker.bootstrap})
    client.create_topics([made])[made.topic].result()
    monkeypatch.setattr("streams.broker.topics.require_broker", lambda *_, **__: stale)
    assert create_topics(broker.bootstrap, layout) == layout.names()[1:]


def refusal_that_says(cause, bootstrap, client_options=None):
    """The whole refusal once it names the cause: a machine that stands still for a second hears of none."""

    def refusal():
        with pytest.raises(BrokerUnreachable) as refused:
            require_broker(bootstrap, 1, client_options)
        return str(refused.value)

    return eventually(refusal, lambda text: cause in text)


def test_a_broker_that_is_not_there_is_named_with_cause_and_remedy():
    text = refusal_that_says("Connection refused", NOBODY)
    assert text.startswith("no Kafka broker answers at 127.0.0.1:1 (")
    assert "`linkgauge up`" in text
    assert "--bootstrap HOST:PORT" in text


@pytest.mark.parametrize("question", [create_topics, check_topics, cluster_identity])
def test_every_question_to_nobody_ends_the_same_way(question, monkeypatch):
    monkeypatch.setattr("streams.broker.topics.require_broker", lambda b, **_: require_broker(b, 1))
    with pytest.raises(BrokerUnreachable, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        question(NOBODY)


def test_the_default_patience_is_below_ten_seconds():
    assert require_broker.__defaults__ is not None
    assert require_broker.__defaults__[0] < 10


def test_an_unknown_client_option_is_named():
    with pytest.raises(SettingsError, match=r"Kafka client options.*sasl\.nonsense"):
        require_broker(NOBODY, client_options={"sasl.nonsense": "1"})


@pytest.mark.broker
def test_client_options_reach_the_client(broker):
    refusal_that_says("SSL", broker.bootstrap, {"security.protocol": "SSL"})


def test_silence_in_the_middle_of_a_question_is_also_unreachable():
    client = admin_client(NOBODY)
    with (
        pytest.raises(BrokerUnreachable, match="no Kafka broker answers"),
        answers(NOBODY, "asking"),
    ):
        client.describe_cluster(request_timeout=1).result()


def test_a_refusal_names_the_question():
    refusal = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    with (
        pytest.raises(BrokerError, match=r"asking: the cluster at .* authorization"),
        answers(NOBODY, "asking"),
    ):
        raise refusal


def test_a_problem_reads_as_a_sentence():
    problem = Problem("t.writes", "partitions", "8", "3", "do this")
    assert str(problem) == "t.writes: partitions must be 8, is 3; do this"
