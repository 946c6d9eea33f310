"""Child processes that are started again whenever they end, and that never outlive this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streams.broker import guard
from streams.cli.last_words import last_words

__all__ = ["Program", "Supervised"]

_GUARD = (sys.executable, "-I", "-S", guard.__file__)
_GRACE_SECONDS = 6.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_WELL_SECONDS = 60.0
_LAST_BYTES = 1 << 16
_SIGNALS_FROM = 128
"""An exit code above it tells the signal that ended the program, as in a shell."""


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
        self._started_at = 0.0
        self._start_at: float | None = None
        self._log_start_bytes = 0
        self.crashes = 0
        """How often it ended by itself, one time soon after the other: a minute of work begins anew."""
        self.failure = ""
        """Why, the last time."""

    def start(self) -> None:
        """Starts the program."""
        program = self.program
        pid_file = program.log.with_suffix(".pid")
        self._log_start_bytes = program.log.stat().st_size if program.log.exists() else 0
        self._started_at = self._clock()
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
        """Notes a crash, tells it, and starts the program again after a pause that grows with each."""
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
        now, program = self._clock(), self.program
        self._process = None
        self.crashes = 1 if now - self._started_at >= _WELL_SECONDS else self.crashes + 1
        self.failure = self._last_words() or "it did not say why"
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (self.crashes - 1), _LONGEST_PAUSE_SECONDS)
        self._start_at = now + pause
        self._say(
            f"{program.name} ended with {_code_text(code)} and is started again in {pause:g} s: "
            f"{self.failure} (see {program.log})"
        )

    def _last_words(self) -> str | None:
        """Of this run alone: the log holds those before as well."""
        with self.program.log.open("rb") as log:
            log.seek(max(self._log_start_bytes, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            return last_words(log.read().decode("utf-8", errors="replace"))


def _code_text(code: int) -> str:
    if code > _SIGNALS_FROM and code - _SIGNALS_FROM in set(signal.Signals):
        return f"code {code} ({signal.Signals(code - _SIGNALS_FROM).name})"
    return f"code {code}"
