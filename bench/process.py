"""A real worker process, started as an operator starts it, and what it takes of the machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from streams.broker import guard
from streams.broker.layout import TopicLayout
from streams.processor.options import Shell

__all__ = ["SHELLS", "WorkerProcess", "running_worker"]

SHELLS: Final[tuple[Shell, ...]] = ("faust", "confluent")
"""All that a worker may run on."""

_GRACE_SECONDS = 10.0
_START_SECONDS = 30.0
_TAIL_LINES = 20


@dataclass(slots=True)
class WorkerProcess:
    """A worker that runs, unless it was killed."""

    process: psutil.Process
    log: Path
    killed: bool = False

    def kill(self) -> None:
        """Ends it at once, without a farewell."""
        self.killed = True
        self.process.kill()

    def cpu_seconds(self) -> float:
        """Seconds of processor time that it has taken so far, its own and the system's for it."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def peak_bytes(self) -> int:
        """The most memory that it ever had resident, as Linux counts it."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
        raise RuntimeError("this system does not tell the peak of the resident size (VmHWM)")

    def seeks(self) -> int:
        """How often it had to go back in the log, because the framework had passed over messages."""
        return self.log.read_text(errors="replace").count('"seek_back"')

    def check(self) -> None:
        """Raises where it has ended; says what it said last."""
        if not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE:
            raise RuntimeError(f"the worker ended by itself:\n{_tail(self.log)}")


@contextmanager
def running_worker(
    bootstrap: str, layout: TopicLayout, folder: Path, name: str = "bench", shell: Shell = "faust"
) -> Iterator[WorkerProcess]:
    """Runs `linkgauge worker` on the topics under this name; its settings file and log are in the folder.

    It runs under the guard of the embedded broker, so that it ends even where this process is killed.
    """
    settings, log, pid = (folder / f"{name}.{kind}" for kind in ("toml", "log", "pid"))
    settings.write_text(
        f'[broker]\nbootstrap = "{bootstrap}"\ntopic_prefix = "{layout.prefix}"\n'
        f'partitions = {layout.partitions}\n[worker]\nname = "{name}"\nshell = "{shell}"\n'
    )
    linkgauge = str(Path(sys.executable).with_name("linkgauge"))
    with log.open("wb") as said, pid.open("w+b") as pid_file:
        guarded = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", guard.__file__, str(pid_file.fileno()), str(_GRACE_SECONDS)),
                *(linkgauge, "--config", str(settings), "worker"),
            ],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=(pid_file.fileno(),),
            start_new_session=True,
        )
    try:
        worker = WorkerProcess(psutil.Process(_read_pid(pid)), log)
        yield worker
    finally:
        guarded.communicate()
    if guarded.returncode and not worker.killed:
        raise RuntimeError(f"the worker ended with code {guarded.returncode}:\n{_tail(log)}")


def _read_pid(path: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (text := path.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise TimeoutError(f"no worker within {_START_SECONDS:g} s: see {path.with_suffix('.log')}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
