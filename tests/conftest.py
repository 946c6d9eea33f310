"""Shared fixtures: one real Kafka for each process of a run, and topics of its own for every test that asks.

`make test` runs modules in several processes at once (pytest-xdist), each with a Kafka of its own: they share
nothing but the machine.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from hypothesis import settings

from streams.broker.process import EmbeddedBroker
from streams.broker.topics import TopicLayout, create_topics
from streams.store import Source
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record

settings.register_profile("default", deadline=None)
settings.load_profile("default")

_PREFIX_NUMBERS = itertools.count()

_PROCESSES_PER_CORE = 2
"""Many tests wait for a service: so many processes keep a core busy."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means: none but this one where single files or tests are asked for."""
    if not any(Path(argument).is_dir() for argument in config.args):
        return 0
    return _PROCESSES_PER_CORE * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Runs in several processes begin with the long modules, lest one is left alone with such at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("long") is None)


@dataclass(frozen=True, slots=True)
class FreshTopics:
    """The six topics of one test: `topics.name("writes")` on the broker at `topics.bootstrap`."""

    bootstrap: str
    layout: TopicLayout

    @property
    def prefix(self) -> str:
        return self.layout.prefix

    def name(self, suffix: str) -> str:
        return self.layout.name(suffix)


_Put = Callable[[str, str, Iterable[Record]], None]


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> Iterator[None]:
    """SIGINT interrupts: what a script starts in the background ignores it, and so do all its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A real Kafka that all tests of a process share; one that stops or kills its broker starts its own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("kafka"), port=0) as running:
        yield running


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test of this run has."""
    return f"t{next(_PREFIX_NUMBERS):x}."


@pytest.fixture
def topics(
    request: pytest.FixtureRequest, broker: EmbeddedBroker, topic_prefix: str
) -> Iterator[FreshTopics]:
    """The six topics under a prefix of their own, with two partitions.

    For another number of partitions: `@pytest.mark.parametrize("topics", [8], indirect=True)`.
    """
    layout = TopicLayout(prefix=topic_prefix, partitions=getattr(request, "param", 2))
    create_topics(broker.bootstrap, layout)
    yield FreshTopics(broker.bootstrap, layout)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    left = [name for name in layout.names() if name in admin.list_topics(timeout=8).topics]
    for deleted in admin.delete_topics(left).values():
        deleted.result()


@pytest.fixture
def source(topics) -> Source:
    """The topics of this test, as readers and agents find them."""
    return Source(topics.bootstrap, topics.prefix)


@pytest.fixture
def put(topics) -> _Put:
    """`put(suffix, group, records)` writes records to the partition of the group, and waits."""
    producer = Producer({"bootstrap.servers": topics.bootstrap, "linger.ms": 0, "enable.idempotence": True})

    def put(suffix: str, group: str, records: Iterable[Record]) -> None:
        partitions = 1 if suffix in ("groups", "dead-letters") else topics.layout.partitions
        partition = partition_of(writes_key(group), partitions)
        for record in records:
            producer.produce(
                topics.name(suffix),
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition,
            )
        assert producer.flush(30) == 0

    return put
