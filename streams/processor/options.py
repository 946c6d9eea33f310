"""What a worker must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from streams.processor.vitals import Vitals
from streams.wire.states import Home

__all__ = ["Shell", "WorkerOptions"]

Shell = Literal["faust", "confluent"]
"""The Kafka client around the core: Faust on aiokafka, or confluent-kafka on librdkafka."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Where a worker finds its topics and how it takes part in the consumer group.

    `name` is its static membership: unique among the workers, the same after a restart. `cluster_id` and
    `topic_id` (of the writes topic) name where the state belongs to. `fetch_wait_seconds` bounds how long an
    empty partition holds up full ones. `in_flight_bytes` bounds rows that are sent and not acknowledged;
    `patience_seconds` is how long Kafka may refuse to take one of them before the worker stops. Metrics are
    served on `host` and `port`, if there is one; `vitals` are where the worker tells them.
    """

    bootstrap: str
    name: str
    cluster_id: str
    topic_id: str
    topic_prefix: str = "linkgauge."
    client: Mapping[str, str] = field(default_factory=dict)
    shell: Shell = "faust"
    session_timeout_seconds: float = 6.0
    fetch_wait_seconds: float = 0.02
    commit_interval_seconds: float = 0.5
    buffered_messages: int = 256
    in_flight_bytes: int = 64 << 20
    patience_seconds: float = 120.0
    log_level: str = "warn"
    host: str = "127.0.0.1"
    port: int | None = None
    vitals: Vitals = field(default_factory=Vitals, compare=False)

    @property
    def application(self) -> str:
        """The consumer group: one for each set of topics."""
        return self.topic_prefix + "worker"

    def topic(self, name: str) -> str:
        """Full name of one of the topics."""
        return self.topic_prefix + name

    def home(self, partition: int) -> Home:
        """What the state rows of a partition must name."""
        return Home(self.cluster_id, self.topic_id, partition)
