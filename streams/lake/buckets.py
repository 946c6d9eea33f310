"""How many buckets a day of bit tables has: by the settings, or by how many arrays the groups have."""

from __future__ import annotations

import time
from typing import Final

import structlog

from streams.errors import BrokerError
from streams.store import Source, groups
from streams.wire.lake_rows import bucket_count

__all__ = ["Buckets"]

_ASKED_SECONDS: Final = 600.0

_log = structlog.get_logger()


class Buckets:
    """Calling it gives the number. Where the settings name none, the groups topic is asked now and then.

    A later number divides later rows: every row names its bucket, and none is read by the number.
    """

    def __init__(self, source: Source, fixed: int | None) -> None:
        self._source = source
        self._count = fixed or 1
        self._asked = float("inf") if fixed else float("-inf")

    def __call__(self) -> int:
        """The number of buckets for what is committed now."""
        if time.monotonic() - self._asked > _ASKED_SECONDS:
            self._asked = time.monotonic()
            try:
                self._count = bucket_count(self._arrays())
            except BrokerError as error:
                _log.info("arrays_not_counted", error=str(error))
        return self._count

    def _arrays(self) -> int:
        versions = [versions[-1] for versions in groups(self._source).values()]
        return len({member.array for version in versions for member in version.definition.members})
