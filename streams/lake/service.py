"""The sink as a running service: topics in, commits out, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from threading import Event
from typing import Final

import structlog

from streams.errors import LakeError
from streams.lake.buckets import Buckets
from streams.lake.feed import Feed
from streams.lake.formats.opening import open_table
from streams.lake.formats.table import OffsetsMoved, WrongLog
from streams.lake.intake import Intake
from streams.lake.progress import LogId
from streams.lake.readings import Own, metrics_page
from streams.lake.sources import SOURCES
from streams.settings import Settings
from streams.store.source import Source
from streams.telemetry.web import Answers, application, serving

__all__ = ["catch_up", "run_lake"]

_log = structlog.get_logger()

_RETRY_SECONDS: Final = (1.0, 60.0)  # the first pause after a failed commit, and the longest
_STUCK_SECONDS: Final = 900.0
_FULL: Final = 4  # times `commit_bytes`: then nothing more is read until a commit is through


def run_lake(
    settings: Settings,
    logs: Mapping[str, LogId],
    stop: Event,
    on_listening: Callable[[int], None] = lambda _: None,
) -> None:
    """Runs until `stop` is set; what is whole by then is committed.

    Args:
        settings: of the lake and of Kafka.
        logs: which log each topic is, by its suffix.
        stop: takes effect within a second and the time of a commit.
        on_listening: called with the port once HTTP is answered, before anything is read.

    Raises:
        LakeError: a table is of another log, or its storage did not answer at the start.
        SettingsError: what the format needs is not installed, or the port is taken.
        BrokerUnreachable: nobody answers when the reading begins; later outages are waited for.
    """
    lake = settings.lake
    intake, feeds = _begun(settings, logs)
    sink = _Sink(intake, feeds, lake.commit_seconds, lake.commit_bytes)
    app = application(Answers("lake", sink.page, sink.is_alive, sink.is_ready, "waiting for its partitions"))
    try:
        with serving(app, lake.host, lake.port, "lake") as port:
            _log.info("lake_listening", url=f"http://{lake.host}:{port}/metrics", path=lake.path)
            on_listening(port)
            while not stop.is_set():
                sink.turn()
            sink.commit_all()
    finally:
        intake.close()
    _log.info("lake_stopped", rows=sum(feed.counts.rows for feed in feeds.values()))


def catch_up(settings: Settings, logs: Mapping[str, LogId], on_progress: Callable[[int, int], None]) -> int:
    """Takes in what the topics hold now, and returns how many rows that were.

    Raises:
        LakeError: as for `run_lake`, or the storage does not take a commit.
        BrokerUnreachable: nobody answers.
    """
    intake, feeds = _begun(settings, logs)
    sink = _Sink(intake, feeds, settings.lake.commit_seconds, settings.lake.commit_bytes)
    try:
        ends: dict[str, dict[int, int]] = {}
        while not ends or not intake.has_reached(ends):
            sink.turn()
            if intake.is_assigned and not ends:
                ends = intake.ends()
            if ends:
                on_progress(intake.read_of(ends), sum(sum(each.values()) for each in ends.values()))
        sink.commit_all()
    finally:
        intake.close()
    return sum(feed.counts.rows for feed in feeds.values())


def _begun(settings: Settings, logs: Mapping[str, LogId]) -> tuple[Intake, dict[str, Feed]]:
    """The tables, opened, and who reads for them."""
    lake, broker = settings.lake, settings.broker
    source = Source(broker.bootstrap, broker.topic_prefix, broker.client)
    buckets = Buckets(source, lake.array_buckets)
    feeds = {
        each.table.topic: Feed(each, open_table(lake, each.table), logs[each.table.topic], buckets)
        for each in SOURCES
    }
    return Intake(source, lake, feeds), feeds


class _Sink:
    """The loop: reads, and commits when it is time."""

    def __init__(
        self, intake: Intake, feeds: Mapping[str, Feed], commit_seconds: float, commit_bytes: int
    ) -> None:
        self._intake = intake
        self._feeds = feeds
        self._commit_seconds = commit_seconds
        self._commit_bytes = commit_bytes
        self._beat = self._last = time.monotonic()
        self._not_before = 0.0
        self._pause = _RETRY_SECONDS[0]
        self._is_failing = False
        self._lag_messages = 0

    def is_alive(self) -> bool:
        """Whether the loop goes round; a commit may take its time."""
        return time.monotonic() - self._beat < _STUCK_SECONDS

    def is_ready(self) -> bool:
        """Whether partitions are read and the storage takes commits."""
        return self._intake.is_assigned and not self._is_failing

    def page(self, open_metrics: bool) -> Iterable[str]:  # noqa: FBT001  # the signature is telemetry's
        """The text of `/metrics`."""
        ready = self.is_ready()
        own = Own(self._lag_messages, self._intake.kafka_errors, ready)
        return metrics_page(self._feeds, own, open_metrics=open_metrics)

    def turn(self) -> None:
        """Takes what has come, and commits if it is time.

        Raises:
            WrongLog: a table is of another log, or this one was cut.
            BrokerError: Kafka refuses, and would again.
        """
        self._intake.read()
        now = self._beat = time.monotonic()
        waiting = sum(feed.waiting_bytes for feed in self._feeds.values())
        self._intake.hold(is_full=waiting > _FULL * self._commit_bytes)
        is_due = now - self._last >= self._commit_seconds or waiting >= self._commit_bytes
        if not (is_due or self._intake.is_awaiting) or now < self._not_before:
            return
        try:
            self._intake.begin()
            self.commit_all()
        except WrongLog:
            raise
        except LakeError as error:
            _log.warning("not_committed", error=str(error), again_in_seconds=self._pause)
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _RETRY_SECONDS[1])
            self._is_failing = True
        else:
            self._pause, self._is_failing = _RETRY_SECONDS[0], False
        self._last = time.monotonic()
        self._lag_messages = self._intake.lag_messages()

    def commit_all(self) -> None:
        """Commits every table, definitions first: they say which arrays there are."""
        for feed in self._feeds.values():
            try:
                self._intake.committed(feed.log.topic, feed.commit())
            except OffsetsMoved as error:
                _log.info("another_sink", detail=str(error))
                self._intake.begin_again(feed.log.topic, list(feed.partitions))
