"""The six topics as data: what each is for, how long it keeps what, how many partitions it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streams.errors import SettingsError

__all__ = ["DEFAULT_PARTITIONS", "DEFAULT_PREFIX", "MAX_BATCH_BYTES", "TOPICS", "TopicLayout", "TopicSpec"]

DEFAULT_PREFIX = "linkgauge."
DEFAULT_PARTITIONS = 8

MAX_BATCH_BYTES = 1_048_576 + 65_536
"""What a topic accepts: a message of 1 MiB, and room for its key, its headers and the frame of the batch."""

_DAY_MS = 86_400_000
_LEGAL_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic of the contract, named by what follows the prefix.

    `cleanup`: Kafka's cleanup policies. `retention_days`: None keeps the newest row of every key for good.
    `partitioned`: it has one partition for each of the writes topic, so that every row stays in the partition
    of its source; the others have one, for they are small and read as a whole. `extra`: further settings.
    """

    suffix: str
    cleanup: frozenset[str]
    retention_days: int | None
    partitioned: bool
    extra: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """The topic's settings in Kafka's names and units."""
        settings = {
            "cleanup.policy": ",".join(sorted(self.cleanup)),
            "max.message.bytes": str(MAX_BATCH_BYTES),
            **self.extra,
        }
        if self.retention_days is not None:
            settings["retention.ms"] = str(self.retention_days * _DAY_MS)
            # A replayed trace is old by its own time: what is deleted goes by the time of appending.
            settings["message.timestamp.type"] = "LogAppendTime"
            # Only whole segments are deleted: a quiet topic keeps at most a day more than it should.
            settings["segment.ms"] = str(_DAY_MS)
        return settings


_DELETE: Final = frozenset({"delete"})
_COMPACT: Final = frozenset({"compact"})

TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec("writes", _DELETE, 3, partitioned=True),
    TopicSpec("intervals", _COMPACT | _DELETE, 35, partitioned=True),
    TopicSpec("tables", _COMPACT | _DELETE, 7, partitioned=True),
    TopicSpec(
        "state",
        _COMPACT,
        None,
        partitioned=True,
        # A worker reads all of it when it takes a partition over: superseded marks should be gone soon.
        extra={
            "segment.bytes": "33554432",
            "min.cleanable.dirty.ratio": "0.1",
            "delete.retention.ms": "3600000",
        },
    ),
    TopicSpec("groups", _COMPACT, None, partitioned=False),
    TopicSpec("dead-letters", _DELETE, 30, partitioned=False),
)


@dataclass(frozen=True, slots=True)
class TopicLayout:
    """What an operator chooses about the topics.

    `partitions` bounds how many workers can share the groups. `replication_factor` None means 1 on a cluster
    of one broker and 3 on any other.
    """

    prefix: str = DEFAULT_PREFIX
    partitions: int = DEFAULT_PARTITIONS
    replication_factor: int | None = None

    def __post_init__(self) -> None:
        if not _LEGAL_PREFIX.fullmatch(self.prefix):
            raise SettingsError(
                f"topic prefix {self.prefix!r}: Kafka allows letters, digits, '.', '_' and '-', at most 200"
            )
        if self.partitions < 1:
            raise SettingsError(f"number of partitions {self.partitions}: at least 1 is needed")
        if self.replication_factor is not None and self.replication_factor < 1:
            raise SettingsError(f"replication factor {self.replication_factor}: at least 1 is needed")

    def name(self, suffix: str) -> str:
        """The full name of the topic that `suffix` stands for."""
        return f"{self.prefix}{suffix}"

    def names(self) -> list[str]:
        """The full names of all topics."""
        return [self.name(spec.suffix) for spec in TOPICS]

    def partitions_of(self, spec: TopicSpec) -> int:
        """How many partitions the topic has."""
        return self.partitions if spec.partitioned else 1

    def replicas_on(self, brokers: int) -> int:
        """How many copies a partition has on a cluster of so many brokers."""
        if self.replication_factor is not None:
            return self.replication_factor
        return 1 if brokers == 1 else 3

    def settings_of(self, spec: TopicSpec, replicas: int) -> dict[str, str]:
        """The topic's settings; three copies or more must be acknowledged by two."""
        return spec.settings() | {"min.insync.replicas": "2" if replicas >= 3 else "1"}
