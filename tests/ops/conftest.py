"""The image as the Dockerfile makes it, and docker-compose.yml as Compose reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.broker.jars import cache_folder, fetch_jars, pinned_jars
from streams.broker.java import find_java
from tests.ops.dockerfile import stages
from tests.ops.engine import Engine, StandIn
from tests.ops.roots import Root, build

ROOT = Path(__file__).parents[2]
LOGGING = """
Configuration:
  Appenders: {Console: {name: out}}
  Loggers: {Root: {level: warn, AppenderRef: {ref: out}}}
"""


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """The root file system of the image, made by the Dockerfile's own steps."""
    folder = tmp_path_factory.mktemp("image")
    try:
        return build(stages((ROOT / "Dockerfile").read_text()), ROOT, folder)
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"{error.cmd[-1]}\n{error.stdout}\n{error.stderr}") from error


@pytest.fixture(scope="session")
def project() -> Mapping[str, Any]:
    """docker-compose.yml with everything resolved."""
    asked = [program("docker-compose"), "--file", ROOT / "docker-compose.yml", "config", "--format", "json"]
    resolved: dict[str, Any] = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    return resolved


@pytest.fixture(scope="session")
def engine(
    project: Mapping[str, Any], image: Root, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine with its network up and nothing started."""
    final = stages((ROOT / "Dockerfile").read_text())[-1]
    entrypoint = ["/opt/linkgauge/bin/linkgauge", *final.command("ENTRYPOINT")[1:]]
    folder = tmp_path_factory.mktemp("engine")
    engine = Engine(project, folder, (image, entrypoint, final.environment()), _stand_ins(folder))
    with engine.network():
        yield engine


def _stand_ins(folder: Path) -> dict[str, StandIn]:
    """For Kafka's image what it does: its own start-up class, then the broker, from the pinned jars."""
    alertmanager = Path(program("prometheus-alertmanager"))
    templates = alertmanager.parents[1] / "share" / "prometheus"  # where Debian's looks for them
    java, jars = find_java().path, fetch_jars(pinned_jars(), cache_folder())
    defaults = folder / "kafka-defaults"
    defaults.mkdir()
    (defaults / "log4j2.yaml").write_text(LOGGING)
    (defaults / "tools-log4j2.yaml").write_text(LOGGING)
    options = "-Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml -XX:TieredStopAtLevel=1"
    run = f"{java} {options} -cp {':'.join(map(str, jars))}"
    folders = f"-D {defaults} -M /nonexistent -F /opt/kafka/config"
    setup = f"{run} kafka.docker.KafkaDockerWrapper setup {folders}"
    start = f"{setup} && exec {run} kafka.Kafka /opt/kafka/config/server.properties"
    return {
        "apache/kafka:4.3.1": StandIn(["sh", "-c", start]),
        "prom/prometheus:v3.16.0": StandIn([program("prometheus")]),
        "prom/alertmanager:v0.35.0": StandIn([str(alertmanager)], [(templates, "/usr/share/prometheus")]),
    }


def program(name: str) -> str:
    """Where a program is that ops/install-test-programs brings."""
    found = shutil.which(name)
    assert found, f"no {name} here: make test-external brings it"
    return found
