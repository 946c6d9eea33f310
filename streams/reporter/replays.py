"""Groups whose intervals are old and still coming: a replay, or agents that catch up after an outage.

Their gauges wait until nothing newer came for a while, so that they go straight to the newest interval and
never walk through history.
"""

from __future__ import annotations

import time

from streams.model.entries import Summary
from streams.model.intervals import US

__all__ = ["SETTLE_SECONDS", "Replays"]

SETTLE_SECONDS = 5.0
_OLD_SECONDS = 300.0


class Replays:
    """Until when, by a clock that never steps back, the gauges of a group wait."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def note(self, summary: Summary, append_us: int, *, is_live: bool) -> None:
        """A closed interval came, which stands on its topic since `append_us`.

        While the topics are read from the past, `is_live` not set, it waits only if it was appended just now.
        """
        length_us = summary.rung_seconds * US
        if append_us - summary.end_us <= length_us + _OLD_SECONDS * US:
            return
        passed = 0.0 if is_live else max(time.time() - append_us / US, 0.0)
        if passed < SETTLE_SECONDS:
            self._until[summary.group] = time.monotonic() + SETTLE_SECONDS - passed

    def waits(self, group: str) -> bool:
        """Whether the group's gauges wait."""
        until = self._until.get(group)
        if until is None:
            return False
        if time.monotonic() < until:
            return True
        del self._until[group]
        return False
