"""A whole watched site: Kafka, worker, reporter, agent and a real Prometheus with our rules, all killable."""

# ruff: noqa: S310  # the addresses are those of our own programs

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.alerting.__main__ import files
from ops.alerting.knobs import Knobs
from streams.agents.publisher import Publisher, PublisherOptions
from streams.broker.ports import free_port
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import TopicLayout, create_topics
from streams.errors import BrokerError
from streams.store import Source
from tests.programs import LINKGAUGE

__all__ = ["Load", "Prometheus", "Watched", "watching"]

_PARTITIONS = 2


class Program:
    """A process that may be killed and started again; what it says is in a file."""

    def __init__(self, name: str, folder: Path, *command: object) -> None:
        self._command = [str(part) for part in command]
        self._folder = folder
        self._log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def hang_up(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    @property
    def said(self) -> str:
        return self._log.read_text()


class Prometheus(Program):
    """A Prometheus that scrapes and evaluates twice a second."""

    def __init__(self, folder: Path, targets: Mapping[str, int], knobs: Knobs) -> None:
        self.port = free_port()
        program = shutil.which("prometheus")
        assert program, "prometheus is needed: ops/install-test-programs"
        (folder / "rules.yml").write_text(files(knobs)["prometheus/linkgauge.rules.yml"])
        scraped = [
            {"job_name": f"linkgauge-{job}", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in targets.items()
        ]
        times = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
        config = {"global": times, "rule_files": ["rules.yml"], "scrape_configs": scraped}
        (folder / "prometheus.yml").write_text(json.dumps(config))
        super().__init__(
            "prometheus",
            folder,
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--query.lookback-delta=2s",
        )

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers; None while it cannot."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=10
            ) as reply:
                return json.load(reply)["data"]
        except OSError:
            return None

    def says(self) -> str:
        """Its own metrics."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as reply:
                return str(reply.read(), "utf-8")
        except OSError:
            return ""

    def alert(self, name: str, **labels: str) -> str:
        """`firing`, `pending` or `inactive`, as its rules API says; `unknown` while it answers nothing."""
        answer = self.ask("rules", type="alert")
        rules = [rule for group in (answer or {}).get("groups", ()) for rule in group["rules"]]
        if not any(rule["name"] == name and rule["health"] == "ok" for rule in rules):
            return "unknown"
        states = {
            found["state"]
            for rule in rules
            if rule["name"] == name
            for found in rule["alerts"]
            if labels.items() <= found["labels"].items()
        }
        return "firing" if "firing" in states else "pending" if states else "inactive"

    def samples(self, selector: str) -> list[tuple[dict[str, str], float, float]]:
        """Every sample that was ever scraped: labels, time, value."""
        answer = self.ask("query", query=f"{selector}[1h]")
        return [
            (series["metric"], float(at), float(value))
            for series in answer["result"]
            for at, value in series["values"]
        ]

    def now(self, expression: str) -> list[float]:
        """The values that an expression has now."""
        answer = self.ask("query", query=expression)
        return [] if answer is None else [float(found["value"][1]) for found in answer["result"]]


class Load:
    """An agent that writes at a rate that may change; every write is a track of its own."""

    def __init__(self, bootstrap: str, prefix: str, group: str, interval_seconds: int) -> None:
        options = PublisherOptions(
            topic_prefix=prefix, interval_seconds=interval_seconds, settle_seconds=0.05
        )
        self.writes_each = 1
        self._publisher = Publisher(bootstrap, group, "box", "tap", options)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._publisher.__enter__()
        self._thread.start()

    def fall_silent(self) -> None:
        """Stops as a host does that loses its power: nothing more is sent, and no bye."""
        self._end.set()
        self._thread.join()
        self._publisher.close(bye=False)

    def _run(self) -> None:
        track = 0
        while not self._end.wait(0.05):
            for _ in range(self.writes_each):
                self._publisher.write("v", (track % 4096) * 65_536, 4096)
                track += 1
            if track % 4 == 0:
                try:
                    self._publisher.flush(30)
                except BrokerError:
                    continue  # Kafka is away; the publisher sends again by itself


class Watched:
    """All of it in one folder."""

    def __init__(
        self, folder: Path, group: str, definition: str, knobs: Knobs, interval_seconds: int
    ) -> None:
        self.folder = folder
        self.group = group
        self.broker = EmbeddedBroker(folder / "kafka", port=0)
        self.broker.start()
        layout = TopicLayout(partitions=_PARTITIONS)
        create_topics(self.broker.bootstrap, layout)
        self.source = Source(self.broker.bootstrap)
        self.ports = {"reporter": free_port(), "worker": free_port()}
        self._definition = definition
        self.configure(paths=1)
        self.worker = Program("worker", folder, LINKGAUGE, "worker")
        self.reporter = Program("reporter", folder, LINKGAUGE, "reporter")
        self.prometheus = Prometheus(folder, self.ports, knobs)
        self.load = Load(self.broker.bootstrap, layout.prefix, group, interval_seconds)

    def configure(self, *, paths: object) -> None:
        """Writes the settings file, perhaps with a mistake in it."""
        (self.folder / "linkgauge.toml").write_text(
            f'[broker]\nbootstrap = "{self.broker.bootstrap}"\npartitions = {_PARTITIONS}\n'
            f"[reporter]\nport = {self.ports['reporter']}\nhistory_seconds = 8\n"
            f"[worker]\nport = {self.ports['worker']}\nname = 'w0'\n"
            f"[links.east]\ngroups = [{json.dumps(self.group)}]\npath_bits_per_second = 800_000\n"
            f"medium = 'raw'\nutilisation_ceiling = 1.0\nrpo_seconds = 2\npaths = {paths}\n"
        )

    def start(self) -> None:
        (self.folder / "groups.toml").write_text(self._definition)
        for program in (self.worker, self.reporter, self.prometheus):
            program.start()
        self.command("groups", "apply", "groups.toml")
        self.load.start()

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """One of ours, to its end."""
        done = subprocess.run(
            [LINKGAUGE, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def reload(self) -> int:
        """POST /-/reload; its status."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['reporter']}/-/reload", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return int(refusal.code)

    def restart_broker(self) -> None:
        self.broker.kill()
        time.sleep(1)
        self.broker.start()

    def close(self) -> None:
        for program in (self.prometheus, self.reporter, self.worker):
            program.kill()
        self.broker.stop()


@contextmanager
def watching(*arguments: Any) -> Iterator[Watched]:
    site = Watched(*arguments)
    try:
        site.start()
        yield site
    finally:
        site.close()
