"""Writes topics, filled once and read by every contender; the worker's own topics, emptied between its runs.

with EmbeddedBroker(folder, 0) as broker:
    log = fill(broker.bootstrap, TopicLayout("zipf.", 8), records(shape), compression="zstd")
    log.topic, log.ends             # what a contender reads, and how far
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from streams.agents.outbox import Compression
from streams.broker.layout import TOPICS, TopicLayout
from streams.broker.topics import create_topics
from streams.wire.record import Record

__all__ = ["Log", "connect", "drop", "fill", "forget_worker", "put"]

_PATIENCE_SECONDS = 30.0
_QUEUE_KBYTES = 262_144
_PASSING = frozenset({"NON_EMPTY_GROUP", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"})


@dataclass(slots=True)
class Log:
    """A filled writes topic.

    `ends`: the end of each partition that has messages; what workers put behind it, ticks, is none of ours.
    `last` and `last_ms`: the offset of the last message of each group, and when the broker appended it, in
    milliseconds. `value_bytes`: all values before compression.
    """

    bootstrap: str
    layout: TopicLayout
    ends: dict[int, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    last_ms: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    value_bytes: int = 0

    @property
    def topic(self) -> str:
        """The full name of the writes topic."""
        return self.layout.name("writes")


def fill(
    bootstrap: str, layout: TopicLayout, records: Iterable[Record], compression: Compression = "zstd"
) -> Log:
    """Makes all topics under a new prefix and puts the records onto the writes topic, as an agent would."""
    create_topics(bootstrap, layout)
    log = Log(bootstrap, layout)
    put(log, records, compression)
    return log


def connect(bootstrap: str, compression: Compression = "zstd") -> Producer:
    """A producer with the settings of an agent, for more than one `put`."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 3,  # not every warning while the broker wakes up
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "compression.type": compression,
            "message.max.bytes": 1_048_576,
            "linger.ms": 5,
            "queue.buffering.max.kbytes": _QUEUE_KBYTES,
        }
    )


def put(
    log: Log,
    records: Iterable[Record],
    compression: Compression = "zstd",
    producer: Producer | None = None,
) -> None:
    """Adds records to the log and waits until the broker has them."""
    producer = producer or connect(log.bootstrap, compression)
    sent, had = 0, log.messages
    for record in records:
        _produce(producer, log, record)
        sent += 1
    producer.flush(_PATIENCE_SECONDS)
    if log.messages < had + sent:
        raise TimeoutError(f"{had + sent - log.messages} messages are not acknowledged: look at the broker")


def forget_worker(log: Log) -> None:
    """Empties the worker's own topics and its committed offsets; the writes topic stays as it is.

    Workers must have ended. Kafka believes in one until its session times out, which is waited for.
    """
    admin = AdminClient({"bootstrap.servers": log.bootstrap})
    _delete_group(admin, log.layout.prefix + "worker")
    _delete(admin, [log.layout.name(spec.suffix) for spec in TOPICS if spec.suffix != "writes"])
    create_topics(log.bootstrap, log.layout)


def drop(log: Log) -> None:
    """Removes all topics of the log, for the room on the disk."""
    _delete(AdminClient({"bootstrap.servers": log.bootstrap}), log.layout.names())


def _delete(admin: AdminClient, names: list[str]) -> None:
    for deleted in admin.delete_topics(names, operation_timeout=_PATIENCE_SECONDS).values():
        deleted.result()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while set(names) & set(admin.list_topics(timeout=_PATIENCE_SECONDS).topics):
        if time.monotonic() > deadline:
            raise TimeoutError(f"topics {names} are still there after {_PATIENCE_SECONDS:g} s")
        time.sleep(0.1)


def _produce(producer: Producer, log: Log, record: Record) -> None:
    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise KafkaException(error)
        place, offset = message.partition() or 0, message.offset() or 0
        log.ends[place] = max(log.ends.get(place, 0), offset + 1)
        log.last[record.key.decode()] = offset
        log.last_ms[record.key.decode()] = message.timestamp()[1]
        log.messages += 1
        log.value_bytes += len(record.value or b"")

    while True:
        try:
            producer.produce(
                log.topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered
            )
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


def _delete_group(admin: AdminClient, group: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            admin.delete_consumer_groups([group], request_timeout=_PATIENCE_SECONDS)[group].result()
        except KafkaException as error:
            name = error.args[0].name()
            if name == "GROUP_ID_NOT_FOUND":
                return
            if name not in _PASSING or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
