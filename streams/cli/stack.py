"""Everything that `linkgauge up` runs: Kafka, unless there is one, a worker, the reporter and the lake."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from streams.broker.ports import free_port, is_free
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import create_topics
from streams.cli.output import say
from streams.cli.probing import fetch, local_url
from streams.cli.session import Session
from streams.cli.supervisor import Program, Supervised
from streams.cli.topics import layout_from
from streams.errors import BrokerError, LinkgaugeError, SettingsError
from streams.lake.formats.opening import is_installed
from streams.settings import Lake
from streams.store import Source

__all__ = ["Stack"]

_READY_SECONDS = 60.0
_CRASHES = 4
_WITHIN_SECONDS = 300.0
_BROKER_PAUSE_SECONDS = 1.0
_LAKE_SECONDS = 5.0


class Stack:
    """The services of one machine; `check` starts again what crashed, and only Kafka may crash too often.

    `folder` takes Kafka's data and the logs; `port` is for the embedded Kafka, 0 picks a free one.
    `environment` is added to that of the services.
    """

    def __init__(self, session: Session, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.folder = folder.expanduser().absolute()
        settings = session.settings
        self._session = session
        self._environment = environment
        self._broker = None if session.has_own_kafka else EmbeddedBroker(self.folder, port, progress=say)
        self.bootstrap = settings.broker.bootstrap if self._broker is None else self._broker.bootstrap
        self._host, self._port = settings.reporter.host, settings.reporter.port or free_port()
        self.lake = self._lake_settings() if is_installed(settings.lake) else None
        self._services: list[Supervised] = []
        self._broker_crashes: list[float] = []

    @property
    def source(self) -> Source:
        """Where the topics are."""
        broker = self._session.settings.broker
        return Source(self.bootstrap, broker.topic_prefix, broker.client)

    @property
    def url(self) -> str:
        """Where the reporter answers on this machine."""
        return local_url(self._host, self._port)

    def start(self) -> None:
        """Starts everything and returns when the reporter has read what was there.

        Raises:
            LinkgaugeError: something does not start; the message says what and why.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"--data {self.folder}: {error.strerror}; choose another folder") from error
        if not is_free(self._port):
            raise SettingsError(
                f"reporter.port {self._port}: something listens there already; is it another "
                "`linkgauge up`? Choose another with LINKGAUGE_REPORTER__PORT"
            )
        if self._broker is not None:
            self._broker.start()
        settings = self._session.settings
        create_topics(self.bootstrap, layout_from(settings), settings.broker.client)
        names = ["reporter", *(["lake"] if self.lake else []), "worker"]
        self._services = [self._service(name) for name in names]
        for service in self._services:
            service.start()
        self._await_reporter()

    def check(self) -> None:
        """Starts again what has ended by itself.

        Raises:
            LinkgaugeError: it is Kafka, and it does so again and again.
        """
        if self._broker is not None and not self._broker.running:
            say(f"Apache Kafka ended by itself, see {self._broker.log_path}; it is started again")
            self._mend(self._broker)
        for service in self._services:
            service.check()

    def require_running(self) -> None:
        """`check` for those who need every service now.

        Raises:
            LinkgaugeError: one of them ends again and again; says why.
        """
        self.check()
        _require_mended(self._services)

    def stop(self) -> None:
        """Ends everything: the worker first, then what it needs."""
        say("stopping")
        for service in reversed(self._services):
            service.stop()
        if self._broker is not None:
            self._broker.stop()

    def description(self) -> str:
        """Where everything is."""
        kind = "yours" if self._broker is None else "embedded"
        logs = [service.program.log for service in self._services]
        if self._broker is not None:
            logs.append(self._broker.log_path)
        return "\n".join(
            [
                f"Kafka    {self.bootstrap} ({kind})",
                f"metrics  {self.url}/metrics",
                f"data     {self.folder}",
                f"lake     {self._lake_place()}",
                f"logs     {', '.join(path.name for path in logs)} there",
            ]
        )

    def _mend(self, broker: EmbeddedBroker) -> None:
        """Starts Kafka again; what keeps it from starting may go by, as a port that is not free yet."""
        while not broker.running:
            now = time.monotonic()
            self._broker_crashes = [at for at in self._broker_crashes if now - at < _WITHIN_SECONDS] + [now]
            if len(self._broker_crashes) >= _CRASHES:
                raise LinkgaugeError(
                    f"Apache Kafka ended {_CRASHES} times within {_WITHIN_SECONDS:g} s; it said:\n"
                    f"{broker.describe_failure()}\nsee {broker.log_path}"
                )
            try:
                broker.start()
            except BrokerError as error:
                say(f"Apache Kafka does not start: {error}")
                time.sleep(_BROKER_PAUSE_SECONDS)

    def _service(self, name: str) -> Supervised:
        program = Program(
            name=name,
            command=[sys.executable, "-m", "streams.cli", name, *self._options()],
            environment={
                "LINKGAUGE_WORKER__NAME": f"{socket.gethostname()}-up",
                **self._environment,
                "LINKGAUGE_REPORTER__PORT": str(self._port),
                **self._lake_environment(),
            },
            log=self.folder / f"{name}.log",
        )
        return Supervised(program, say)

    def _lake_settings(self) -> Lake:
        """The settings of the lake; what nobody set suits one machine whose user looks at it at once."""
        lake = self._session.settings.lake
        ours = {"path": str(self.folder / "lake"), "commit_seconds": _LAKE_SECONDS, "port": free_port()}
        return lake.model_copy(update={k: v for k, v in ours.items() if k not in lake.model_fields_set})

    def _lake_environment(self) -> dict[str, str]:
        if self.lake is None:
            return {}
        ours = {name: getattr(self.lake, name) for name in ("path", "commit_seconds", "port")}
        return {f"LINKGAUGE_LAKE__{name.upper()}": str(value) for name, value in ours.items()}

    def _lake_place(self) -> str:
        if self.lake is None:
            return "off: what it needs comes with pip install 'linkgauge[lake]'"
        return f"{self.lake.path} ({self.lake.format} tables)"

    def _options(self) -> Sequence[str]:
        config = self._session.file
        return ["--bootstrap", self.bootstrap, *(["--config", str(config.absolute())] if config else [])]

    def _await_reporter(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while fetch(f"{self.url}/readyz") is None:
            self.check()
            _require_mended(service for service in self._services if service.program.name == "reporter")
            if time.monotonic() > end:
                raise LinkgaugeError(f"the reporter is not ready after {_READY_SECONDS:g} s, see its log")
            time.sleep(0.1)


def _require_mended(services: Iterable[Supervised]) -> None:
    for service in services:
        if service.crashes >= _CRASHES:
            raise LinkgaugeError(
                f"{service.program.name} ended {service.crashes} times in a row: {service.failure} "
                f"(see {service.program.log})"
            )
