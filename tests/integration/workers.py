"""Starting, killing and freezing worker processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.broker.layout import TopicLayout
from streams.broker.topics import cluster_identity
from streams.processor.options import Shell
from tests.waiting import ended_within

_MAIN = Path(__file__).with_name("worker_main.py")


@dataclass
class Workers:
    """Worker processes on one set of topics; the log of each is a file in `folder`.

    `chance` is how likely a worker kills itself before or after each row that it sends.
    """

    bootstrap: str
    layout: TopicLayout
    folder: Path
    chance: float = 0.0
    shell: Shell = "faust"
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def options(self, name: str, **more: Any) -> dict[str, Any]:
        identity = cluster_identity(self.bootstrap, self.layout)
        return {
            "bootstrap": self.bootstrap,
            "name": name,
            "cluster_id": identity.cluster_id,
            "topic_id": identity.topic_ids[self.layout.name("writes")],
            "topic_prefix": self.layout.prefix,
            "shell": self.shell,
            **more,
        }

    def start(self, name: str, **more: Any) -> subprocess.Popen[bytes]:
        options = json.dumps(self.options(name, **more))
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, _MAIN, options, str(self.chance)], stdout=log, stderr=log, cwd=self.folder
            )
        self.running[name] = process
        return process

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def freeze(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGCONT)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def stop_all(self) -> dict[str, int]:
        """Ends all by SIGTERM; exit codes by name. One that does not end within 10 s is a failure."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        try:
            return {name: ended_within(process, 10) for name, process in self.running.items()}
        finally:
            for process in self.running.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
