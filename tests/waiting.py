"""Waiting for what must come about, on machines that are slow or stand still for a while.

A condition has all the patience that a slow machine needs. Where a limit is itself what must hold, only time
counts in which this machine ran, and of it the part that it had for what is waited for: other tests run, too.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["PATIENCE_SECONDS", "ended_within", "eventually"]

PATIENCE_SECONDS = 120
_PAUSE_SECONDS = 0.05

Found = TypeVar("Found")


def eventually(ask: Callable[[], Found], good: Callable[[Found], object] = bool) -> Found:
    """The first answer that is good; the last one is in the error where none is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not good(found := ask()):
        assert time.monotonic() < until, f"waited in vain, at last for {found!r}"
        time.sleep(_PAUSE_SECONDS)
    return found


def ended_within(process: subprocess.Popen[Any], seconds: float) -> int:
    """The exit code of a process that must end within these seconds of a machine that has time for it."""
    until, counted = time.monotonic() + PATIENCE_SECONDS, 0.0
    while (code := process.poll()) is None:
        in_time = counted < seconds and time.monotonic() < until
        assert in_time, f"process {process.pid} runs still, {counted:.1f} s of its time later"
        time.sleep(_PAUSE_SECONDS)
        counted += _PAUSE_SECONDS * _share_of_a_core()
    return code


def _share_of_a_core() -> float:
    """What each of those that want to run now gets of a core; a whole one where Linux does not tell."""
    load = Path("/proc/loadavg")
    running = int(load.read_text("ascii").split()[3].partition("/")[0]) if load.exists() else 1
    return min(1.0, (os.cpu_count() or 1) / max(1, running))
