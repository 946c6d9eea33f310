"""Where the topics are: a cluster, the prefix of the topic names, and how to get in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException

from streams.errors import BrokerError, BrokerUnreachable, SettingsError, TopicMismatch

__all__ = ["MISSING", "REQUEST_SECONDS", "Source"]

REQUEST_SECONDS: Final = 5.0
"""How long a cluster may take to answer before an error is raised: with the start of a command below 10 s."""

_SILENT = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})  # noqa: SLF001  # librdkafka names its own codes so
MISSING: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  # as above
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  # as above
    }
)
"""How Kafka says that a topic is not there; a broker that stops or starts may say so of any, for a moment."""
_FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "topics",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "consumer groups",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A Kafka cluster that has linkgauge's topics.

    `bootstrap`: `host:port`, several by comma. `topic_prefix` stands before every topic's name.
    `client_options`: librdkafka's own settings, for TLS and SASL.
    """

    bootstrap: str
    topic_prefix: str = "linkgauge."
    client_options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """For people: what answers."""
        return "the topics"

    def topic(self, suffix: str) -> str:
        """The full name of a topic, such as `linkgauge.intervals` for `intervals`."""
        return f"{self.topic_prefix}{suffix}"

    @property
    def reader_group(self) -> str:
        """The consumer group that readers name and never join.

        librdkafka asks for its coordinator all the same, so a cluster with access control must allow it.
        """
        return f"{self.topic_prefix}reader"

    def client_settings(self, causes: list[KafkaError]) -> dict[str, Any]:
        """Settings of any client; what fails on its connections is added to `causes`, newest last."""

        def note(cause: KafkaError) -> None:
            causes[:] = [*causes[-9:], cause]

        return {
            "log_level": 0,  # librdkafka would print every attempt to connect on stderr
            "error_cb": note,
            **self.client_options,
            "bootstrap.servers": self.bootstrap,
        }

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        """A consumer that reads by assignment, outside any consumer group, and is closed at the end.

        Kafka's exceptions inside come out as the errors of this package.

        Raises:
            BrokerUnreachable: nobody answers.
            TopicMismatch: a topic or partition is not there.
            SettingsError: the client options are wrong.
        """
        causes: list[KafkaError] = []
        settings = {
            **self.client_settings(causes),
            "group.id": self.reader_group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
        }
        try:
            consumer = Consumer(settings)
        except KafkaException as error:
            raise SettingsError(f"Kafka client options: {error.args[0].str()}") from error
        try:
            yield consumer
        except KafkaException as error:
            consumer.poll(0)  # hands over what went wrong on the connections
            raise self.named(error.args[0], causes) from error
        finally:
            consumer.close()

    def named(self, error: KafkaError, causes: list[KafkaError]) -> BrokerError:
        """One of Kafka's errors as one of ours, with the remedy."""
        if error.code() in MISSING:
            return TopicMismatch(
                f"a topic {self.topic_prefix}* is missing at {self.bootstrap}: run `linkgauge topics create`"
            )
        if kind := _FORBIDDEN.get(error.code()):
            return BrokerError(
                f"the cluster at {self.bootstrap} refuses this user: {error.str().rstrip('.')}. "
                f"Allow it the {kind} {self.topic_prefix}*; docs/operations.md lists what each service needs"
            )
        if error.code() not in _SILENT:
            return BrokerError(f"the cluster at {self.bootstrap} answers: {error.str()}")
        # "All brokers down" only repeats what the causes before it say.
        telling = [c for c in causes if c.code() != KafkaError._ALL_BROKERS_DOWN] or [error]  # noqa: SLF001  # as above
        return BrokerUnreachable(
            f"no Kafka broker answers at {self.bootstrap} ({telling[-1].str()}): start one with "
            "`linkgauge up`, or name yours with --bootstrap HOST:PORT"
        )
