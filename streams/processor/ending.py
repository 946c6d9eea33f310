"""The end of a worker: in good order where that is quick, at once where it is not.

While Kafka does not answer, the libraries below wait in their own shutdown for minutes, and some of their
threads for ever. Nothing hangs on that shutdown: what is not acknowledged is read again by the next owner.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import faust
import structlog

__all__ = ["STOP_SECONDS", "Failure", "Process", "end_within"]

STOP_SECONDS = 5.0
"""How long an end in good order may take; supervisors usually kill after 10 s or later, ours after 6."""

Failure = Callable[[], BaseException | None]
"""Why the worker stops; None where it was asked to."""

_log = structlog.get_logger()


def end_within(seconds: float, failure: Failure) -> None:
    """Ends this process unless it has ended by itself within the time: code 1 after a failure, else 0."""

    def end() -> None:
        cause = failure()
        _log.warning("stopped_without_farewell", failure=None if cause is None else str(cause))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(cause is not None))

    timer = threading.Timer(seconds, end)
    timer.daemon = True  # a process that ends in time does not wait for it
    timer.start()


class Process(faust.Worker):
    """Faust's process around the app, whose end takes at most `STOP_SECONDS`."""

    def __init__(self, app: faust.App, failure: Failure, **options: Any) -> None:
        super().__init__(app, redirect_stdouts=False, quiet=True, **options)
        self.spinner = None  # it draws on terminals and leaves its escape codes in log files
        self._failure = failure

    async def stop(self) -> None:
        """Stops app and event loop; called for signals and after a failure."""
        end_within(STOP_SECONDS, self._failure)
        await super().stop()
