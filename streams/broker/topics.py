"""Creating the topics, checking how they are set up, and telling clusters and topics apart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not marked as re-exported
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from streams.broker.admin import REQUEST_SECONDS, admin_client, answers, require_broker
from streams.broker.layout import MAX_BATCH_BYTES, TOPICS, TopicLayout, TopicSpec
from streams.errors import BrokerError

__all__ = [
    "ClusterIdentity",
    "Problem",
    "TopicLayout",
    "check_topics",
    "cluster_identity",
    "create_topics",
    "require_broker",
]

_DEFAULT_LAYOUT = TopicLayout()
_VISIBLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Problem:
    """A topic that is not as it must be, and what to do about it."""

    topic: str
    setting: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} must be {self.expected}, is {self.found}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """What stays the same as long as the data does: a topic that is created anew has another id."""

    cluster_id: str
    topic_ids: dict[str, str]


def create_topics(
    bootstrap: str,
    layout: TopicLayout = _DEFAULT_LAYOUT,
    client_options: Mapping[str, str] | None = None,
) -> list[str]:
    """Create the topics that are missing and wait until they can be used; returns their names.

    A topic that exists is left as it is: `check_topics` tells whether it is right.
    """
    cluster = require_broker(bootstrap, client_options=client_options)
    replicas = layout.replicas_on(len(cluster.brokers))
    new = [
        NewTopic(
            layout.name(spec.suffix),
            num_partitions=layout.partitions_of(spec),
            replication_factor=replicas,
            config=layout.settings_of(spec, replicas),
        )
        for spec in TOPICS
        if layout.name(spec.suffix) not in cluster.topics
    ]
    if not new:
        return []
    client = admin_client(bootstrap, client_options)
    created = []
    for name, done in client.create_topics(new, request_timeout=REQUEST_SECONDS).items():
        with answers(bootstrap, f"creating topic {name} with {replicas} replicas"):
            if _created(done):
                created.append(name)
    _await_leaders(bootstrap, client, layout)
    return created


def check_topics(
    bootstrap: str,
    layout: TopicLayout = _DEFAULT_LAYOUT,
    client_options: Mapping[str, str] | None = None,
) -> list[Problem]:
    """Everything about the topics that would make a service go wrong; an empty list when all is well."""
    cluster = require_broker(bootstrap, client_options=client_options)
    present = [spec for spec in TOPICS if layout.name(spec.suffix) in cluster.topics]
    problems = [_missing(layout, spec) for spec in TOPICS if spec not in present]
    if not present:
        return problems
    resources = [ConfigResource(ResourceType.TOPIC, layout.name(spec.suffix)) for spec in present]
    client = admin_client(bootstrap, client_options)  # lives as long as its answers are awaited
    futures = client.describe_configs(resources, request_timeout=REQUEST_SECONDS)
    for spec, future in zip(present, (futures[resource] for resource in resources), strict=True):
        name = layout.name(spec.suffix)
        with answers(bootstrap, f"reading the settings of topic {name}"):
            settings = {key: entry.value or "" for key, entry in future.result().items()}
        problems += _partition_problems(layout, spec, len(cluster.topics[name].partitions))
        problems += _setting_problems(bootstrap, name, spec, settings)
    return problems


def cluster_identity(
    bootstrap: str,
    layout: TopicLayout = _DEFAULT_LAYOUT,
    client_options: Mapping[str, str] | None = None,
) -> ClusterIdentity:
    """The ids of the cluster and of those topics of the layout that exist, by full name."""
    cluster = require_broker(bootstrap, client_options=client_options)
    present = [name for name in layout.names() if name in cluster.topics]
    client = admin_client(bootstrap, client_options)
    with answers(bootstrap, "reading the identity of cluster and topics"):
        about = client.describe_cluster(request_timeout=REQUEST_SECONDS).result()
        topics = client.describe_topics(TopicCollection(present), request_timeout=REQUEST_SECONDS)
        ids = {name: str(future.result().topic_id) for name, future in topics.items()}
    return ClusterIdentity(about.cluster_id, ids)


def _created(done: Future[None]) -> bool:
    try:
        done.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else was quicker
            return False
        raise
    return True


def _await_leaders(bootstrap: str, client: AdminClient, layout: TopicLayout) -> None:
    """Return once every partition has a leader: a topic exists a moment before it can be written to."""
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while time.monotonic() < deadline:
        with answers(bootstrap, "waiting for the new topics"):
            topics = client.list_topics(timeout=REQUEST_SECONDS).topics
        described = [topics[name].partitions.values() for name in layout.names() if name in topics]
        if len(described) == len(TOPICS) and all(p.leader >= 0 for parts in described for p in parts):
            return
        time.sleep(0.05)
    raise BrokerError(
        f"the new topics {layout.prefix}* have no leaders after {_VISIBLE_SECONDS:.0f} s: look at the brokers"
    )


def _missing(layout: TopicLayout, spec: TopicSpec) -> Problem:
    return Problem(layout.name(spec.suffix), "topic", "there", "missing", "run `linkgauge topics create`")


def _partition_problems(layout: TopicLayout, spec: TopicSpec, found: int) -> list[Problem]:
    expected = layout.partitions_of(spec)
    if found == expected:
        return []
    remedy = (
        "set the number of partitions in the settings to what the topics have, or move to new topics: "
        "rows stay in the partition of their source, so partitions cannot be added to topics in use"
    )
    return [Problem(layout.name(spec.suffix), "partitions", str(expected), str(found), remedy)]


def _setting_problems(bootstrap: str, topic: str, spec: TopicSpec, found: Mapping[str, str]) -> list[Problem]:
    wanted = spec.settings()
    wrong = []
    if frozenset(found["cleanup.policy"].split(",")) != spec.cleanup:
        wrong.append("cleanup.policy")
    if found["message.timestamp.type"] != wanted.get(
        "message.timestamp.type", found["message.timestamp.type"]
    ):
        wrong.append("message.timestamp.type")
    if int(found["max.message.bytes"]) < MAX_BATCH_BYTES:
        wrong.append("max.message.bytes")
    return [
        Problem(
            topic,
            setting,
            wanted[setting],
            found[setting],
            _alter(bootstrap, topic, setting, wanted[setting]),
        )
        for setting in wrong
    ]


def _alter(bootstrap: str, topic: str, setting: str, value: str) -> str:
    change = f"{setting}=[{value}]" if "," in value else f"{setting}={value}"
    return (
        f"run `kafka-configs --bootstrap-server {bootstrap} --alter --entity-type topics "
        f"--entity-name {topic} --add-config {change}`"
    )
