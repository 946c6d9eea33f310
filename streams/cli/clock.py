"""How far this machine's clock is from the brokers': they stamp a message, and the stamps are compared."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # public, but not marked as re-exported

from streams.broker.admin import REQUEST_SECONDS, admin_client, answers
from streams.errors import BrokerError

__all__ = ["clock_skew_seconds", "skew_seconds"]


def clock_skew_seconds(bootstrap: str, topic_prefix: str, client_options: Mapping[str, str]) -> float:
    """Seconds that the brokers' clock is ahead of ours, 0 when it lies between sending and acknowledgement.

    The message goes to a topic of its own, which is deleted at once: on those of the contract it would be
    taken for something.

    Raises:
        BrokerError: the cluster does not let us create the topic, or write to it.
    """
    topic = f"{topic_prefix}doctor-{secrets.token_hex(4)}"
    admin = admin_client(bootstrap, client_options)
    stamped = {"message.timestamp.type": "LogAppendTime", "retention.ms": "60000"}
    created = admin.create_topics([NewTopic(topic, 1, 1, config=stamped)], request_timeout=REQUEST_SECONDS)
    with answers(bootstrap, f"creating topic {topic}"):
        created[topic].result()
    try:
        return _measure(bootstrap, topic, client_options)
    finally:
        deleted = admin.delete_topics([topic], request_timeout=REQUEST_SECONDS)
        with answers(bootstrap, f"deleting topic {topic}"):
            deleted[topic].result()


def skew_seconds(before_ms: float, stamp_ms: int, after_ms: float) -> float:
    """How far a stamp lies outside the time in which it was made: negative before it, positive after it."""
    return (min(stamp_ms - before_ms, 0.0) + max(stamp_ms - after_ms, 0.0)) / 1000


def _measure(bootstrap: str, topic: str, client_options: Mapping[str, str]) -> float:
    settings: dict[str, Any] = {
        **client_options,
        "bootstrap.servers": bootstrap,
        "log_level": 0,
        "linger.ms": 0,
    }
    producer = Producer(settings)
    delivered: list[tuple[KafkaError | None, int, float]] = []

    def note(error: KafkaError | None, message: Message) -> None:
        delivered.append((error, int(message.timestamp()[1]), time.time() * 1000))

    before_ms = 0.0
    for _ in range(2):  # the first message pays for the connection, which would blur the second
        before_ms = time.time() * 1000
        producer.produce(topic, b"what time is it?", on_delivery=note)
        if producer.flush(REQUEST_SECONDS) or delivered[-1][0] is not None:
            raise BrokerError(f"topic {topic} at {bootstrap}: a message is not acknowledged")
    _, stamp_ms, after_ms = delivered[-1]
    # Stamps are whole milliseconds, cut.
    return skew_seconds(before_ms - 1, stamp_ms, after_ms)
