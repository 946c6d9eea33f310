"""The beginning of a job for what reads with librdkafka: its first fetch request.

librdkafka may take most of a second from the assignment to that request, for it connects to the partition's
leader first. Its protocol log, some lines for each fetch of a megabyte, says when the request leaves.
"""

from __future__ import annotations

import logging

from meter import Meter

__all__ = ["SETTINGS", "begin_with_first_fetch"]

SETTINGS = {"debug": "protocol", "fetch.wait.max.ms": 20}
"""What the consumer must be told besides its logger.

A fetch from empty partitions holds up the next one from the full one: half a second unless told otherwise,
20 ms here as for the worker.
"""


class _FirstFetch(logging.Handler):
    def __init__(self, meter: Meter, logger: logging.Logger) -> None:
        super().__init__()
        self._meter, self._logger = meter, logger

    def emit(self, record: logging.LogRecord) -> None:
        if "Sent FetchRequest" in record.getMessage():
            self._meter.begin()
            self._logger.setLevel(logging.WARNING)


def begin_with_first_fetch(meter: Meter, name: str = "fetches") -> logging.Logger:
    """Lets the time begin there; the logger of this name is what the consumer must log to."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(_FirstFetch(meter, logger))
    return logger
