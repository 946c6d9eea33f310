"""The workers' consumer group as Kafka knows it: who is in it, and how far behind its place is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not re-exported

from streams.broker.admin import REQUEST_SECONDS, admin_client, answers

__all__ = ["Membership", "membership"]


@dataclass(frozen=True, slots=True)
class Membership:
    """`members` of the consumer group, those that have a partition, and messages behind the committed place.

    `lag_messages` holds those too that were read and wait for their interval to close.
    """

    group: str
    members: int
    working: int
    rebalancing: bool
    lag_messages: int


def membership(bootstrap: str, group: str, topic: str, client_options: Mapping[str, str]) -> Membership:
    """Asks Kafka for the group that reads `topic`; a group that never was has no members and all before it.

    Raises:
        BrokerError: the cluster does not say.
    """
    admin = admin_client(bootstrap, client_options)
    with answers(bootstrap, f"asking for consumer group {group}"):
        described = admin.describe_consumer_groups([group], request_timeout=REQUEST_SECONDS)[group].result()
        lag_messages = _lag_messages(admin, group, topic)
    members = described.members or []
    return Membership(
        group=group,
        members=len(members),
        working=sum(bool(member.assignment and member.assignment.topic_partitions) for member in members),
        rebalancing=described.state
        in (ConsumerGroupState.PREPARING_REBALANCING, ConsumerGroupState.COMPLETING_REBALANCING),
        lag_messages=lag_messages,
    )


def _lag_messages(admin: AdminClient, group: str, topic: str) -> int:
    """Messages behind the committed offsets, or in the whole partition where none is committed."""
    found = admin.list_topics(topic, timeout=REQUEST_SECONDS).topics[topic].partitions
    places = [TopicPartition(topic, number) for number in found]
    latest, earliest = OffsetSpec.latest(), OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # theirs
    ends, starts = (_offsets(admin, places, spec) for spec in (latest, earliest))
    asked = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group, places)], request_timeout=REQUEST_SECONDS
    )
    committed = {each.partition: each.offset for each in asked[group].result().topic_partitions or []}
    return sum(max(end - max(committed.get(number, -1), starts[number]), 0) for number, end in ends.items())


def _offsets(admin: AdminClient, places: list[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
    asked = admin.list_offsets(
        dict.fromkeys(places, spec),
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=REQUEST_SECONDS,
    )
    return {place.partition: future.result().offset for place, future in asked.items()}
