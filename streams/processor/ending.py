"""The end of a worker: in good order where that is quick, at once where it is not.

While Kafka does not answer, the libraries below wait in their own shutdown for minutes, and some of their
threads for ever. Nothing hangs on that shutdown: what is not acknowledged is read again by the next owner.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import structlog

__all__ = ["STOP_SECONDS", "Failure", "end_within"]

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
