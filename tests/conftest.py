"""Shared fixtures: one real Kafka for the whole run, and topics of its own for every test that asks."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import settings

from streams.broker.process import EmbeddedBroker
from streams.broker.topics import TopicLayout, create_topics

settings.register_profile("default", deadline=None)
settings.load_profile("default")

_PREFIX_NUMBERS = itertools.count()


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


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> Iterator[None]:
    """SIGINT interrupts: what a script starts in the background ignores it, and so do all its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A real Kafka that all tests share; a test that stops or kills its broker starts one of its own."""
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
