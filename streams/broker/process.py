"""A real one-node Apache Kafka as a child of this process, for people without a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.broker import config, guard
from streams.broker.folder import format_once, lock_folder
from streams.broker.jars import cache_folder, fetch_jars, pinned_jars
from streams.broker.java import find_java
from streams.broker.ports import HOST, free_port, is_free
from streams.errors import BrokerError

__all__ = ["EmbeddedBroker"]

_START_SECONDS = 60.0
_GRACE_SECONDS = 8.0
_LOCK_PATIENCE_SECONDS = 3.0
_TAIL_LINES = 8


class EmbeddedBroker:
    """Apache Kafka on 127.0.0.1 with its data in a folder; `with` starts and stops it.

    `port` 0 picks a free one, which stays the same over restarts. `progress` gets a line per step. `java` is
    a Java to use instead of the one that is found. The broker never outlives this process, however that ends.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = config.DEFAULT_PORT,
        *,
        progress: Callable[[str], None] = lambda _: None,
        java: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.port = port or free_port()
        self._progress = progress
        self._java = java
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients, `127.0.0.1:port`."""
        return f"{HOST}:{self.port}"

    @property
    def log_path(self) -> Path:
        """Kafka's own log."""
        return self.data_dir / config.LOG_FILE

    @property
    def running(self) -> bool:
        """Whether the broker was started and has not ended by itself."""
        return self._guard is not None and self._guard.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and return once the broker answers; nothing where it runs. BrokerError tells the remedy."""
        if self.running:
            return
        lock = lock_folder(self.data_dir, _LOCK_PATIENCE_SECONDS)
        try:
            self._launch(lock)
        finally:
            os.close(lock)  # guard and broker hold it from here on, for as long as either lives
        try:
            self._await_answer()
        except BaseException:  # also Ctrl-C: what was begun must end
            self.stop()
            raise
        self._progress(f"Apache Kafka answers at {self.bootstrap}")

    def stop(self) -> None:
        """Stop in good order (SIGTERM), by force after 8 seconds; nothing where it does not run."""
        self._end(b"")

    def kill(self) -> None:
        """End the broker as `kill -9` does; what it had acknowledged is there after the next start."""
        self._end(b"K")

    def describe_failure(self) -> str:
        """The last lines that the broker said, for an error message."""
        lines = _tail(self.data_dir / config.CONSOLE_FILE) + _tail(self.log_path)
        return "\n".join(lines) or "it said nothing"

    def _launch(self, lock: int) -> None:
        if not is_free(self.port):
            raise BrokerError(
                f"port {self.port} of {HOST} is taken: choose another with --port, or, where a Kafka listens "
                f"there, use it with --bootstrap {self.bootstrap}"
            )
        java = self._java or find_java().path
        jars = fetch_jars(pinned_jars(), cache_folder(), self._progress)
        controller_port = free_port()
        if format_once(self.data_dir, java, jars, controller_port):
            self._progress(f"prepared the data folder {self.data_dir}")
        settings = config.server_properties(self.port, controller_port)
        (self.data_dir / "server.properties").write_text(settings, encoding="ascii")
        (self.data_dir / "log4j2.properties").write_text(config.log_settings(), encoding="ascii")
        self._progress("starting Apache Kafka")
        guarded = [sys.executable, "-I", "-S", guard.__file__, str(lock), str(_GRACE_SECONDS)]
        with (self.data_dir / config.CONSOLE_FILE).open("wb") as console:
            self._guard = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*guarded, *config.run_command(java, jars, "server.properties")],
                cwd=self.data_dir,
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        client = AdminClient(
            {
                "bootstrap.servers": self.bootstrap,
                "reconnect.backoff.ms": 20,
                "reconnect.backoff.max.ms": 100,
                "log_level": 0,
            }
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                raise BrokerError(
                    f"Apache Kafka did not start:\n{self.describe_failure()}\nsee {self.log_path}"
                )
            with suppress(KafkaException):
                if client.list_topics(timeout=0.5).brokers:
                    return
        raise BrokerError(
            f"Apache Kafka does not answer within {_START_SECONDS:.0f} s of its start:\n"
            f"{self.describe_failure()}\nsee {self.log_path}"
        )

    def _end(self, order: bytes) -> None:
        if self._guard is not None:
            # The guard may be gone already; then there is nothing left to end.
            with suppress(BrokenPipeError):
                self._guard.communicate(order)
            self._guard = None


def _tail(path: Path) -> list[str]:
    if not path.exists():
        return []
    lines = path.read_text("utf-8", errors="replace").splitlines()
    telling = [
        line for line in lines if not line.startswith("\tat ")
    ]  # stack frames push the cause out of sight
    return telling[-_TAIL_LINES:]
