"""Topics of its own for every test, and a worker where a test asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.store import Source
from tests.integration.workers import Workers


@pytest.fixture
def source(topics) -> Source:
    return Source(topics.bootstrap, topics.prefix)


@pytest.fixture
def worker(topics, tmp_path) -> Iterator[Workers]:
    """A worker on the topics of this test."""
    workers = Workers(topics.bootstrap, topics.layout, tmp_path)
    workers.start("worker")
    yield workers
    workers.stop_all()
