"""A worker where a test asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.workers import Workers


@pytest.fixture
def worker(topics, tmp_path) -> Iterator[Workers]:
    """A worker on the topics of this test."""
    workers = Workers(topics.bootstrap, topics.layout, tmp_path)
    workers.start("worker")
    yield workers
    workers.stop_all()
