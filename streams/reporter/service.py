"""The reporter as a running service: topics in, HTTP out, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event, Thread
from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import Message

from streams.errors import BrokerError, MessageError
from streams.reporter.board import Board, Tallies, kept_seconds
from streams.reporter.past import read_past
from streams.reporter.reloading import Reloader
from streams.reporter.tail import Tail, parse_row
from streams.settings import Settings, inline_definitions, require_consistent_links
from streams.store.source import Source
from streams.telemetry.web import Answers, application, serving

__all__ = ["run_reporter"]

_log = structlog.get_logger()

_STUCK_SECONDS = 30.0
_LEAST_BACK_SECONDS = 7200.0  # two of the longest default rungs


class _Pulse:
    """When the reading loop last went round."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def beat(self) -> None:
        self._at = time.monotonic()

    def is_alive(self) -> bool:
        return time.monotonic() - self._at < _STUCK_SECONDS


class _Reading:
    """A board and the tail that feeds it. Other settings get another one, which reads what they need."""

    def __init__(self, settings: Settings, source: Source, tallies: Tallies) -> None:
        self.board = Board(settings, tallies)
        self.settings = settings
        self._source = source
        self._tallies = tallies
        self._volumes_of = frozenset(settings.reporter.volumes_of)
        self._stop = Event()
        self._past: list[Thread] = []
        back_seconds = max(_LEAST_BACK_SECONDS, 2 * max(kept_seconds(settings).values(), default=0))
        with ExitStack() as resources:
            consumer = resources.enter_context(source.consumer())
            self._tail = Tail(source, consumer, back_seconds, tables=bool(self._volumes_of))
            self._resources = resources.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._stop.set()
        for thread in self._past:
            thread.join()
        return self._resources.__exit__(kind, error, trace)

    @property
    def is_complete(self) -> bool:
        """Whether all that was there when it began is read, the past of trends too."""
        return self.board.ready and not any(thread.is_alive() for thread in self._past)

    def has_read_all_of(self, other: _Reading) -> bool:
        """Whether it is nowhere behind the other one, so that nothing steps back when it takes its place."""
        return self._tail.has_reached(other._tail)  # of the same class

    def take_batch(self, *, wait: bool = True) -> None:
        """Takes what is there; after half a second, or at once, nothing."""
        messages = self._tail.poll(wait=wait)
        for suffix, message in messages:
            self._take(suffix, message)
        self._tallies.lag_messages = self._tail.lag_messages()
        self._tallies.broker_errors += self._tail.taken_errors()
        self.board.reach(self._tail.letter_log())
        if self.board.ready:
            self.board.show(more=bool(messages))
            self._read_past()
        elif self._tail.caught_up:
            self._finish()

    def _take(self, suffix: str, message: Message) -> None:
        try:
            row = parse_row(suffix, message, self._volumes_of)
            if row is not None:
                self.board.take(row, message.timestamp()[1] * 1000)
        except MessageError as error:
            self._tallies.refused_rows += 1
            _log.warning(
                "row_refused",
                topic=suffix,
                partition=message.partition(),
                offset=message.offset(),
                reason=error.reason,
                detail=error.detail,
            )

    def _finish(self) -> None:
        """Shows everything, unless some of it lies further back than was read."""
        lacking = self.board.lacking()
        if lacking and self._tail.go_back(lacking):
            _log.info("reading_further_back", groups=len(lacking))
            return
        self.board.show()
        self._read_past()
        _log.info("reporter_ready", rows=self._tallies.rows, groups=len(self.board.history.groups))

    def _read_past(self) -> None:
        links, days = self.board.links_without_past(), self.settings.reporter.trend_days
        if not links:
            return

        def note_error() -> None:
            self._tallies.broker_errors += 1

        def read() -> None:
            if read_past(self._source, links, days, self._stop, note_error):
                for link in links:
                    self.board.show_link(link)
                _log.info("past_read", links=len(links), days=days)

        self._past.append(Thread(target=read, name="past", daemon=True))
        self._past[-1].start()


class _Service:
    """What is read and shown now, and what will be once new settings are in force."""

    def __init__(self, settings: Settings, reloader: Reloader) -> None:
        broker = settings.broker
        self.source = Source(broker.bootstrap, broker.topic_prefix, broker.client)
        self.tallies = Tallies()
        self.board = Board(settings, self.tallies)
        self.reloader = reloader
        self.pulse = _Pulse()
        self._wanted: Settings | None = None

    def page(self, open_metrics: bool) -> Iterator[str]:  # noqa: FBT001  # as `Answers.page` has it
        """What Prometheus asks for."""
        return self.board.page(list(self.reloader.readings()), open_metrics=open_metrics)

    def run(self, reading: _Reading | None, stop: Event) -> None:
        """Reads and shows until it is told to stop."""
        if reading is not None:
            self.board = reading.board
        while reading is not None:
            with reading:
                reading = self._until_replaced(reading, stop)

    def _until_replaced(self, current: _Reading, stop: Event) -> _Reading | None:
        """Goes on until new settings have all that they need; what was shown goes on till then."""
        following: _Reading | None = None
        while not stop.is_set():
            self._wanted = self.reloader.taken() or self._wanted
            if self._wanted is not None:
                if following is not None:
                    following.__exit__(None, None, None)
                following = self._begun(self._wanted)
            current.take_batch(wait=following is None)
            if following is not None:
                following.take_batch()
            self.pulse.beat()
            if following is not None and following.is_complete and following.has_read_all_of(current):
                self.board = following.board
                self.reloader.put_in_force(following.settings)
                return following
        if following is not None:
            following.__exit__(None, None, None)
        return None

    def _begun(self, settings: Settings) -> _Reading | None:
        """A reading with these settings; None while Kafka cannot be asked."""
        try:
            reading = _Reading(settings, self.source, self.tallies)
        except BrokerError as error:
            self.tallies.broker_errors += 1
            _log.warning("reload_waits_for_kafka", reason=str(error))
            return None
        self._wanted = None
        return reading


def run_reporter(
    settings: Settings,
    stop: Event,
    on_listening: Callable[[int], None] = lambda _: None,
    reloader: Reloader | None = None,
) -> None:
    """Runs until `stop` is set, which takes effect within a second.

    `on_listening` is called with the port once HTTP is answered, before anything is read. `reloader` reads
    the settings anew when it is asked to.

    Raises:
        SettingsError: links or definitions do not fit together, or the port is taken.
        BrokerUnreachable: nobody answers when the reading begins; later outages are waited for.
        TopicMismatch: a topic is not there.
    """
    require_consistent_links(settings.links, inline_definitions(settings))
    service = _Service(settings, reloader or Reloader(settings, lambda: settings))
    answers = Answers(
        "reporter",
        page=service.page,
        is_alive=service.pulse.is_alive,
        is_ready=lambda: service.board.ready,
        reload=service.reloader.reload_and_wait,
    )
    http = settings.reporter
    with serving(application(answers), http.host, http.port) as port:
        _log.info("reporter_listening", url=f"http://{http.host}:{port}/metrics")
        on_listening(port)
        service.run(_Reading(settings, service.source, service.tallies), stop)
    _log.info("reporter_stopped", rows=service.tallies.rows)
