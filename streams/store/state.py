"""What the workers know of a group: the newest mark. For tools; reports do not need it."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.model.state import State
from streams.store.reading import Tail, of_group, partition_of_group, received
from streams.store.source import REQUEST_SECONDS, Source
from streams.wire.keys import parse_state_key
from streams.wire.states import Home, decode_state

__all__ = ["StateWatch", "read_group_state"]


def read_group_state(source: Source, group: str) -> State | None:
    """The newest state of a group: what is closed, which agents are known; None before its first mark.

    Raises:
        StateError: the state belongs to other topics or another release.
    """
    with source.consumer() as consumer:
        return StateWatch(source, consumer, group).newest()


class StateWatch:
    """Follows the state of one group."""

    def __init__(self, source: Source, consumer: Consumer, group: str) -> None:
        partition = partition_of_group(source, consumer, "state", group)
        self._tail = Tail(source, consumer, "state", partition)
        self._home = _home(source, partition)
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
