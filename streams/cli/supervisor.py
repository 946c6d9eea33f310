"""Child processes that are started again when they crash, and that never outlive this process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streams.broker import guard
from streams.errors import LinkgaugeError

__all__ = ["CRASHES", "Program", "Supervised"]

CRASHES = 4
"""So many crashes within a minute are too many."""

_GUARD = (sys.executable, "-I", "-S", guard.__file__)
_WITHIN_SECONDS = 60.0
_GRACE_SECONDS = 6.0
_FIRST_PAUSE_SECONDS = 0.5
_TAIL_LINES = 8


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for people, a command, additions to the environment, a file for what it says."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Supervised:
    """A program that is kept running from `start` to `stop`; `check` must be called now and then.

    It runs under the guard that the embedded broker has as well: in a session of its own, so that Ctrl-C
    reaches this process alone, and ended when this process is gone, however that came about.
    """

    def __init__(
        self, program: Program, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.program = program
        self._say = say
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._crashes: list[float] = []
        self._start_at: float | None = None

    def start(self) -> None:
        """Starts the program."""
        program = self.program
        pid_file = program.log.with_suffix(".pid")
        with program.log.open("ab") as log, pid_file.open("w+b") as pid:
            self._process = subprocess.Popen(  # noqa: S603  # our own command, no shell
                [*_GUARD, str(pid.fileno()), str(_GRACE_SECONDS), *program.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **program.environment},
                pass_fds=(pid.fileno(),),
                start_new_session=True,
            )
        self._start_at = None

    def check(self) -> None:
        """Notes a crash, and starts the program again after a pause that grows with each.

        Raises:
            LinkgaugeError: it crashed too often; says what it said last.
        """
        if self._start_at is not None:
            if self._clock() >= self._start_at:
                self.start()
            return
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self._note_crash(code)

    def stop(self) -> None:
        """Ends the program in good order (SIGTERM), by force after six seconds."""
        self._start_at = None
        if self._process is not None:
            with suppress(BrokenPipeError):  # it is over already
                self._process.communicate()
            self._process = None

    def _note_crash(self, code: int) -> None:
        now, name = self._clock(), self.program.name
        self._process = None
        self._crashes = [at for at in self._crashes if now - at < _WITHIN_SECONDS] + [now]
        if len(self._crashes) >= CRASHES:
            raise LinkgaugeError(
                f"{name} ended {CRASHES} times within a minute, the last time with code {code}; it said:\n"
                f"{self._last_words()}\nsee {self.program.log}"
            )
        pause = _FIRST_PAUSE_SECONDS * 2 ** (len(self._crashes) - 1)
        self._start_at = now + pause
        self._say(
            f"{name} ended with code {code}, see {self.program.log}; it is started again in {pause:g} s"
        )

    def _last_words(self) -> str:
        lines = self.program.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "nothing"
