"""A site for commands that read and write topics: a prefix of its own, and a worker where a test asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
from click.testing import Result
from confluent_kafka import Producer
from typer.testing import CliRunner

from streams.cli.session import Session
from streams.store import Source
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record

LINKGAUGE = str(Path(sys.executable).with_name("linkgauge"))

Run = Callable[..., Result]
Put = Callable[[str, str, Iterable[Record]], None]


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
def put(topics) -> Put:
    """`put(suffix, group, records)` writes records to the partition of the group, and waits."""
    producer = Producer({"bootstrap.servers": topics.bootstrap, "linger.ms": 0, "enable.idempotence": True})

    def put(suffix: str, group: str, records: Iterable[Record]) -> None:
        partitions = 1 if suffix in ("groups", "dead-letters") else topics.layout.partitions
        for record in records:
            producer.produce(
                topics.name(suffix),
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition_of(writes_key(group), partitions),
            )
        assert producer.flush(10) == 0

    return put


@pytest.fixture
def worker(source, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the topics of this test."""
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen([LINKGAUGE, "worker"], stdout=log, stderr=log, cwd=tmp_path)
    yield process
    process.terminate()
    process.wait(20)
