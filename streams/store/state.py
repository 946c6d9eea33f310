"""What the workers know of a group: the newest mark. For tools; reports do not need it."""

from __future__ import annotations

from collections.abc import Collection

from confluent_kafka import Consumer, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.model.groups import Definition
from streams.model.state import State
from streams.store.definitions import groups as stored_groups
from streams.store.reading import Tail, of_group, partition_of_group, read_topic, received
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.keys import parse_state_key
from streams.wire.record import Received
from streams.wire.states import Home, decode_state

__all__ = ["StateWatch", "definition_in_force", "read_group_state", "read_group_states"]


def read_group_state(source: Source, group: str) -> State | None:
    """The newest state of a group: what is closed, which agents are known; None before its first mark.

    Raises:
        StateError: the state belongs to other topics or another release.
    """
    with source.consumer() as consumer:
        return StateWatch(source, consumer, group).newest()


def read_group_states(source: Source, groups: Collection[str] | None = None) -> dict[str, State]:
    """The newest state of every group that has one, or of those named."""
    newest: dict[str, tuple[int, Received]] = {}
    for row in read_topic(source, "state"):
        key = parse_state_key(row.key)
        if groups is not None and key.group not in groups:
            continue
        if row.value is not None and key.offset > newest.get(key.group, (-2, None))[0]:
            newest[key.group] = (key.offset, row)
    homes: dict[int, Home] = {}
    states = {}
    for group, (_, row) in sorted(newest.items()):
        if row.partition not in homes:
            homes[row.partition] = _home(source, row.partition)
        states[group] = decode_state(row.value or b"", homes[row.partition])
    return states


def definition_in_force(source: Source, group: str, state: State | None) -> Definition | None:
    """The newest definition of a group, `state` being its newest state; None where there is no such group.

    The state knows it first; `linkgauge.groups` mirrors it, and still has that of a deleted group.
    """
    if state is not None:
        return None if state.deleted else state.versions[-1].definition
    versions = stored_groups(source, group).get(group)
    return versions[-1].definition if versions else None


class StateWatch:
    """Follows the state of one group; `partition` is the group's."""

    def __init__(self, source: Source, consumer: Consumer, group: str) -> None:
        self.partition = partition_of_group(source, consumer, "state", group)
        self._tail = Tail(source, consumer, "state", self.partition)
        self._home = _home(source, self.partition)
        self._of_group = of_group(group)
        self._rows: dict[int, bytes] = {}

    def newest(self) -> State | None:
        """The state of the mark that is furthest in the group's log, as of now."""
        for message in self._tail.up_to_now():
            row = received(message)
            if not self._of_group(row.key):
                continue
            offset = parse_state_key(row.key).offset
            if row.value is None:
                self._rows.pop(offset, None)
            else:
                self._rows[offset] = row.value
        if not self._rows:
            return None
        newest = max(self._rows)
        self._rows = {newest: self._rows[newest]}
        return decode_state(self._rows[newest], self._home)


def _home(source: Source, partition: int) -> Home:
    """Which log of which cluster the state of a partition speaks of."""
    client = AdminClient(source.client_settings([]))
    cluster = client.describe_cluster(request_timeout=REQUEST_SECONDS).result()
    topic = source.topic("writes")
    described = client.describe_topics(TopicCollection([topic]), request_timeout=REQUEST_SECONDS)
    return Home(cluster.cluster_id, str(described[topic].result().topic_id), partition)
