"""Topics without Kafka: messages at offsets, and a sink that is driven by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from streams.lake.feed import Feed
from streams.lake.formats.opening import open_table
from streams.lake.progress import LogId
from streams.lake.sources import SOURCES
from streams.settings import Lake
from streams.wire.record import Received, Record
from tests.lake.story import VOLUMES, records

TOPICS = ("groups", "tables", "intervals")
Place = tuple[str, int]


@dataclass
class Logs:
    """The logs of one cluster: messages by topic and partition."""

    cluster: str = "cluster-1"
    topic_id: str = "id-1"
    messages: dict[Place, list[Received]] = field(default_factory=dict)

    def id_of(self, topic: str) -> LogId:
        return LogId(self.cluster, f"linkgauge.{topic}", f"{topic}-{self.topic_id}")

    def append(self, topic: str, record: Record, partition: int = 0, append_us: int = 0) -> None:
        log = self.messages.setdefault((topic, partition), [])
        name = f"linkgauge.{topic}"
        log.append(Received(name, partition, len(log), append_us, record.key, record.value, record.headers))

    def put(self, found: Iterable[tuple[str, Record]], partition: int = 0) -> None:
        for topic, record in found:
            self.append(topic, record, 0 if topic == "groups" else partition)


def story(numbers: range = range(285, 291), revision: int = 0) -> Logs:
    """Intervals of both groups, one group to a partition, across midnight of a day."""
    logs = Logs()
    for partition, group in enumerate(VOLUMES):
        logs.put(records(group, numbers, revision), partition)
    return logs


def feeds_of(lake: Lake, logs: Logs) -> dict[str, Feed]:
    return {
        each.table.topic: Feed(each, open_table(lake, each.table), logs.id_of(each.table.topic))
        for each in SOURCES
    }


def run(
    feeds: Mapping[str, Feed],
    logs: Logs,
    partitions: Sequence[int] = (0, 1),
    at_once: int = 4,
    ends: Mapping[Place, int] | None = None,
) -> None:
    """Reads all logs from where the tables stand, committing after every few messages."""
    for topic, feed in feeds.items():
        starts = feed.begin(partitions)
        for number in partitions:
            log = logs.messages.get((topic, number), [])
            for count, message in enumerate(log[starts[number] : (ends or {}).get((topic, number))], 1):
                feed.take(message)
                if count % at_once == 0:
                    feed.commit()
        feed.commit()
