"""A site on the Kafka that all tests share, with topics of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sites import Site


@pytest.fixture
def site(topics, tmp_path: Path) -> Iterator[Site]:
    made = Site(topics.bootstrap, topics.layout, tmp_path)
    yield made
    made.workers.stop_all()
