"""A site for commands that read and write topics: a prefix of its own, and a worker where a test asks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from streams.cli.session import Session
from streams.store import Source
from tests.programs import LINKGAUGE
from tests.waiting import ended_within

Run = Callable[..., Result]


@pytest.fixture
def source(topics, tmp_path, monkeypatch) -> Source:
    """The topics of this test; commands find them by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)
    monkeypatch.setenv("LINKGAUGE_BROKER__BOOTSTRAP", topics.bootstrap)
    monkeypatch.setenv("LINKGAUGE_BROKER__TOPIC_PREFIX", topics.prefix)
    monkeypatch.setenv("LINKGAUGE_BROKER__PARTITIONS", str(topics.layout.partitions))
    return Source(topics.bootstrap, topics.prefix)


@pytest.fixture
def run() -> Run:
    """`run(module, "groups list --csv")`: the commands of one module, as typed."""

    def run(module: ModuleType, typed: str, *more: str) -> Result:
        app = typer.Typer()
        app.callback()(_with_session)
        module.register(app)
        return CliRunner().invoke(app, [*typed.split(), *more])

    return run


def _with_session(ctx: typer.Context) -> None:
    ctx.obj = Session()


@pytest.fixture
def worker(source, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the topics of this test."""
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen([LINKGAUGE, "worker"], stdout=log, stderr=log, cwd=tmp_path)
    yield process
    process.terminate()
    ended_within(process, 20)
