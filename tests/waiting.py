"""Waiting for what must come about, on machines that are slow or stand still for a while.

A condition has all the patience that a slow machine needs. Where a limit is itself what must hold, only time
counts in which this machine ran: while it stands still, so does what is waited for.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
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
    """The exit code of a process that must end within these seconds."""
    pauses = int(seconds / _PAUSE_SECONDS)
    for _ in range(pauses):
        if (code := process.poll()) is not None:
            return code
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"process {process.pid} runs still, {seconds:g} s later")
