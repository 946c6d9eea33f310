"""Topics, workers on them and a producer: what tests of the worker as a process have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from streams.broker.layout import TopicLayout
from streams.broker.topics import cluster_identity
from streams.errors import MissingData
from streams.model.entries import Summary
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Body, Define, Origin
from streams.model.writes import WriteBatch
from streams.processor.options import Shell
from streams.store import Source, read_summaries
from streams.store.reading import read_topic
from streams.wire.agent import encode_message
from streams.wire.record import Record
from streams.wire.states import Home
from tests.integration.verdict import Verdict, judge
from tests.integration.workers import Workers
from tests.waiting import eventually

__all__ = ["DEFINITION", "GEOMETRY", "US", "Site", "origin"]

US = 1_000_000
GEOMETRY = Geometry(interval_seconds=10, rungs_seconds=(20,), late_window_seconds=60, tick_seconds=1)
"""Nobody falls silent within a test that only stands still for a while."""
DEFINITION = Definition("g", (Member("a", "v"), Member("a", "w")), GEOMETRY)


class Site:
    """Topics that exist, workers on them, and a producer."""

    def __init__(self, bootstrap: str, layout: TopicLayout, folder: Path, shell: Shell = "faust") -> None:
        self.layout = layout
        self.workers = Workers(bootstrap, layout, folder, shell=shell)
        self.source = Source(bootstrap, layout.prefix)
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "log_level": 0}
        )

    def send(self, body: Body, group: str = "g") -> None:
        self.send_record(encode_message(group, body))

    def send_record(self, record: Record, suffix: str = "writes", partition: int = -1) -> None:
        headers = list(record.headers)
        self._producer.produce(
            self.source.topic(suffix), record.value, record.key, partition, headers=headers
        )
        assert self._producer.flush(10) == 0

    def writes(self, sequence: int, span: tuple[int, int], *times: float, agent: str = "x") -> None:
        """One message with a write at each time, to track 0, 1, 2 and so on of volume `a/v`."""
        batch = WriteBatch(
            np.array([int(at * US) for at in times], np.int64),
            np.zeros(len(times), np.int32),
            ("v",),
            np.arange(len(times), dtype=np.uint64) * np.uint64(65536),
            np.full(len(times), 4096, np.uint64),
        )
        self.send(AgentMessage("writes", origin(sequence, span, agent), batch))

    def begin(self, *times: float, **options: Any) -> None:
        """Worker `w0` and group `g`, whose first interval is closed and whose second is open to its middle.

        Args:
            times: of the writes, in seconds; see `writes`.
            options: of the worker.
        """
        self.workers.start("w0", **options)
        self.send(Define(DEFINITION))
        self.writes(0, (0, 15), *times)
        eventually(self.counted, lambda found: len(found) == 1)

    def configure(self, suffix: str, setting: str, value: str) -> None:
        """Sets a topic, and returns once the broker, which learns it a moment later, obeys."""
        client = AdminClient({"bootstrap.servers": self.source.bootstrap})
        change = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
        topic = self.source.topic(suffix)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])
        client.incremental_alter_configs([resource])[resource].result()
        asked = ConfigResource(ResourceType.TOPIC, topic)
        eventually(
            lambda: client.describe_configs([asked])[asked].result()[setting].value,
            lambda found: found == value,
        )

    def write_settings(self, more: str = "") -> None:
        """The settings file by which commands that run in the test's folder find these topics."""
        (self.workers.folder / "linkgauge.toml").write_text(
            f'[broker]\nbootstrap = "{self.source.bootstrap}"\ntopic_prefix = "{self.layout.prefix}"\n'
            f"partitions = {self.layout.partitions}\n{more}"
        )

    def summaries(self, group: str = "g", rung_seconds: int | None = None) -> list[Summary]:
        try:
            return read_summaries(self.source, group, rung_seconds=rung_seconds)
        except MissingData:
            return []  # the worker has not read the definition yet

    def counted(self) -> list[tuple[int, int, int, float, int]]:
        """Of each base interval of `g`: start in seconds, writes, changed tracks, coverage, revision."""
        return [
            (s.start_us // US, s.writes or 0, s.changed_tracks_or, round(s.coverage, 6), s.revision)
            for s in self.summaries("g", 10)
        ]

    def rows(self, *suffixes: str) -> list[tuple[str, bytes | None, bytes | None]]:
        """Everything on these topics."""
        return [
            (suffix, row.key, row.value) for suffix in suffixes for row in read_topic(self.source, suffix)
        ]

    def committed(self) -> dict[int, int]:
        """The committed offset of each partition of the writes topic where there is one."""
        group = self.layout.prefix + "worker"
        settings = {"bootstrap.servers": self.source.bootstrap, "group.id": group, "log_level": 0}
        consumer = Consumer(settings)
        try:
            partitions = range(self.layout.partitions)
            asked = [TopicPartition(self.source.topic("writes"), number) for number in partitions]
            found = consumer.committed(asked, timeout=20)
        finally:
            consumer.close()
        return {one.partition: one.offset for one in found if one.offset >= 0}

    def log_end(self, partition: int) -> int:
        """The offset that the next message of the partition of the writes topic gets."""
        with self.source.consumer() as consumer:
            place = TopicPartition(self.source.topic("writes"), partition)
            return consumer.get_watermark_offsets(place, timeout=10)[1]

    def judge(self) -> Verdict:
        """Holds every row on the topics against the oracle's reading of the whole log."""
        identity = cluster_identity(self.source.bootstrap, self.layout)
        topic_id = identity.topic_ids[self.source.topic("writes")]
        partitions = range(self.layout.partitions)
        return judge(self.source, {one: Home(identity.cluster_id, topic_id, one) for one in partitions})


def origin(sequence: int, span: tuple[int, int], agent: str = "x") -> Origin:
    return Origin("a", agent, 0, sequence, span[0] * US, span[1] * US)
