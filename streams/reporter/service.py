"""The reporter as a running service: topics in, HTTP out, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from streams.errors import MessageError
from streams.reporter.board import Board
from streams.reporter.tail import Tail, parse_row
from streams.reporter.web import application, serving
from streams.settings import Settings, inline_definitions, require_consistent_links
from streams.store.source import Source

__all__ = ["run_reporter"]

_log = structlog.get_logger()

_STUCK_SECONDS = 30.0


class _Pulse:
    """When the reading loop last went round."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def beat(self) -> None:
        self._at = time.monotonic()

    def is_alive(self) -> bool:
        return time.monotonic() - self._at < _STUCK_SECONDS


def run_reporter(
    settings: Settings, stop: Event, on_listening: Callable[[int], None] = lambda _: None
) -> None:
    """Runs until `stop` is set, which takes effect within a second.

    `on_listening` is called with the port once HTTP is answered, before anything is read.

    Raises:
        SettingsError: links or definitions do not fit together, or the port is taken.
        BrokerUnreachable: nobody answers when the reading begins; later outages are waited for.
        TopicMismatch: a topic is not there.
    """
    require_consistent_links(settings.links, inline_definitions(settings))
    board, pulse = Board(settings), _Pulse()
    registry = CollectorRegistry()
    registry.register(board)
    ProcessCollector(registry=registry)
    app = application(registry, is_alive=pulse.is_alive, is_ready=lambda: board.ready)
    broker, http = settings.broker, settings.reporter
    source = Source(broker.bootstrap, broker.topic_prefix, broker.client)
    with serving(app, http.host, http.port) as port, source.consumer() as consumer:
        _log.info("reporter_listening", url=f"http://{http.host}:{port}/metrics")
        on_listening(port)
        tail = Tail(source, consumer)
        while not stop.is_set():
            _take_batch(tail, board)
            pulse.beat()
    _log.info("reporter_stopped", rows=board.rows)


def _take_batch(tail: Tail, board: Board) -> None:
    for suffix, message in tail.poll():
        try:
            board.take(parse_row(suffix, message))
        except MessageError as error:
            board.refused_rows += 1
            _log.warning(
                "row_refused",
                topic=suffix,
                partition=message.partition(),
                offset=message.offset(),
                reason=error.reason,
                detail=error.detail,
            )
    board.lag_messages = tail.lag_messages()
    board.reach(tail.letter_log())
    if board.ready:
        board.show()
    elif tail.caught_up:
        board.show()
        _log.info("reporter_ready", rows=board.rows)
