"""What the embedded broker is told: its settings, its logging, the command lines of formatting and running.

All paths are relative to the data folder, in which Java is started: so the folder can be moved, and no
character in its name matters.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from streams.broker.ports import HOST

__all__ = [
    "CONSOLE_FILE",
    "DEFAULT_BOOTSTRAP",
    "DEFAULT_PORT",
    "LOG_FILE",
    "PARTITIONS_FOLDER",
    "format_command",
    "log_settings",
    "run_command",
    "server_properties",
]

DEFAULT_PORT = 19092
DEFAULT_BOOTSTRAP = f"{HOST}:{DEFAULT_PORT}"
"""Where `linkgauge up` has its broker and where everything else looks for one that was not named."""

PARTITIONS_FOLDER = "kafka"
"""Holds the partitions of all topics and Kafka's own metadata, under the data folder."""
LOG_FILE = "broker.log"
CONSOLE_FILE = "broker.out"
"""What Java itself prints, such as why it did not start."""

_JVM_OPTIONS = (
    "-Xmx256m",
    "-XX:+UseSerialGC",  # one small heap: the least memory and the quickest start
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


def server_properties(port: int, controller_port: int, folder: str = PARTITIONS_FOLDER) -> str:
    """The text of `server.properties`: broker and controller in one process, for this machine only."""
    broker, controller = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{controller_port}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"{broker},{controller}",
        "advertised.listeners": f"{broker},{controller}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder,
        # After a kill the broker may register again only when its former session has expired: 9 s by default.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # The default of 128 MiB is half of the heap; this is good for half a million keys at a time.
        "log.cleaner.dedupe.buffer.size": "16777216",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def log_settings() -> str:
    """The text of `log4j2.properties`: one file in the data folder, at most 40 MB with its predecessors."""
    settings = {
        "status": "error",
        "appender.file.type": "RollingFile",
        "appender.file.name": "file",
        "appender.file.fileName": LOG_FILE,
        "appender.file.filePattern": f"{LOG_FILE}.%i",
        "appender.file.layout.type": "PatternLayout",
        "appender.file.layout.pattern": "%d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %p %c{1}: %m%n",
        "appender.file.policies.type": "Policies",
        "appender.file.policies.size.type": "SizeBasedTriggeringPolicy",
        "appender.file.policies.size.size": "10MB",
        "appender.file.strategy.type": "DefaultRolloverStrategy",
        "appender.file.strategy.max": "3",
        "rootLogger.level": "info",
        "rootLogger.appenderRef.file.ref": "file",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def format_command(java: Path, jars: Sequence[Path], cluster_id: str, properties: str) -> list[str]:
    """The command that prepares an empty folder as the only member of a new cluster."""
    tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c", properties]
    return [*_java(java, jars), *tool]


def run_command(java: Path, jars: Sequence[Path], properties: str) -> list[str]:
    """The command that runs the broker until it is told to stop."""
    return [*_java(java, jars), "kafka.Kafka", properties]


def _java(java: Path, jars: Sequence[Path]) -> list[str]:
    logging = "-Dlog4j2.configurationFile=log4j2.properties"
    return [str(java), *_JVM_OPTIONS, logging, "-cp", os.pathsep.join(map(str, jars))]
