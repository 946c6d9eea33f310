"""The sink as a running service: topics in, commits out, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Final

import structlog

from streams.errors import LakeError
from streams.lake.feed import Feed
from streams.lake.formats.opening import open_table
from streams.lake.formats.table import OffsetsMoved
from streams.lake.intake import Intake
from streams.lake.progress import LogId
from streams.lake.sources import SOURCES
from streams.settings import Settings
from streams.store.source import Source

__all__ = ["run_lake"]

_log = structlog.get_logger()

_RETRY_SECONDS: Final = (1.0, 60.0)  # the first pause after a failed commit, and the longest
_FULL: Final = 4  # times `commit_bytes`: then nothing more is read until a commit is through


def run_lake(settings: Settings, logs: Mapping[str, LogId], stop: Event) -> None:
    """Runs until `stop` is set; what is whole by then is committed.

    Args:
        settings: of the lake and of Kafka.
        logs: which log each topic is, by its suffix.
        stop: takes effect within a second and the time of a commit.

    Raises:
        LakeError: a table is of another log, or its storage did not answer at the start.
        SettingsError: what the format needs is not installed.
        BrokerUnreachable: nobody answers when the reading begins; later outages are waited for.
    """
    lake, broker = settings.lake, settings.broker
    feeds = {
        each.table.topic: Feed(each, open_table(lake, each.table), logs[each.table.topic]) for each in SOURCES
    }
    intake = Intake(Source(broker.bootstrap, broker.topic_prefix, broker.client), lake, feeds)
    sink = _Sink(intake, feeds, lake.commit_seconds, lake.commit_bytes)
    try:
        while not stop.is_set():
            intake.read()
            sink.commit_if_due()
        sink.commit_all()
    finally:
        intake.close()


@dataclass(slots=True)
class _Sink:
    intake: Intake
    feeds: Mapping[str, Feed]
    commit_seconds: float
    commit_bytes: int
    _last: float = field(default_factory=time.monotonic)
    _not_before: float = 0.0
    _pause: float = _RETRY_SECONDS[0]

    def commit_if_due(self) -> None:
        now = time.monotonic()
        waiting = sum(feed.waiting_bytes for feed in self.feeds.values())
        self.intake.hold(is_full=waiting > _FULL * self.commit_bytes)
        if now < self._not_before or (now - self._last < self.commit_seconds and waiting < self.commit_bytes):
            return
        try:
            self.commit_all()
        except LakeError as error:
            _log.warning("not_committed", error=str(error), again_in_seconds=self._pause)
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _RETRY_SECONDS[1])
        else:
            self._pause = _RETRY_SECONDS[0]
        self._last = time.monotonic()

    def commit_all(self) -> None:
        for feed in self.feeds.values():
            self._commit(feed)

    def _commit(self, feed: Feed) -> None:
        try:
            self.intake.committed(feed.log.topic, feed.commit())
        except OffsetsMoved as error:
            _log.info("another_sink", detail=str(error))
            self.intake.begin_again(feed.log.topic, list(feed.partitions))
