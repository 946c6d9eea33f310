"""A site on the Kafka that all tests share, with topics of its own; tests of workers run on both shells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from streams.processor.options import Shell
from tests.integration.sites import Site


@pytest.fixture(params=get_args(Shell))
def shell(request: pytest.FixtureRequest) -> Shell:
    """What workers run on. Where that makes no difference: `@pytest.mark.parametrize("shell", ["faust"])`."""
    return request.param


@pytest.fixture
def site(topics, shell: Shell, tmp_path: Path) -> Iterator[Site]:
    made = Site(topics.bootstrap, topics.layout, tmp_path, shell)
    yield made
    made.workers.stop_all()
