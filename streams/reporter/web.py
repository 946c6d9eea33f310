"""The HTTP side: `/metrics`, `/healthz`, `/readyz` and a page that says so, by the standard library."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from streams.errors import SettingsError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["application", "serving"]

_PAGE = b"""<!doctype html>
<html lang="en">
<title>linkgauge reporter</title>
<h1>linkgauge reporter</h1>
<ul>
<li><a href="/metrics">/metrics</a>: figures of groups and links, for Prometheus
<li><a href="/readyz">/readyz</a>: whether all that was measured before is read
<li><a href="/healthz">/healthz</a>: whether the reporter works
</ul>
"""


def application(
    registry: CollectorRegistry, *, is_alive: Callable[[], bool], is_ready: Callable[[], bool]
) -> WSGIApplication:
    """The WSGI application over a registry."""
    metrics = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                scraped: Iterable[bytes] = metrics(environ, start_response)
                return scraped
            case "/healthz":
                return _state(start_response, holds=is_alive(), yes=b"ok\n", no=b"stuck\n")
            case "/readyz":
                return _state(
                    start_response, holds=is_ready(), yes=b"ready\n", no=b"reading what was there\n"
                )
            case "/":
                return _reply(start_response, "200 OK", _PAGE, "text/html; charset=utf-8")
        return _reply(start_response, "404 Not Found", b"there is /, /metrics, /healthz and /readyz\n")

    return answer


@contextmanager
def serving(app: WSGIApplication, host: str, port: int) -> Iterator[int]:
    """Serves the application from threads of its own; gives the port that it listens on.

    Raises:
        SettingsError: nobody can listen there.
    """
    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise SettingsError(
            f"reporter.host {host}, reporter.port {port}: cannot listen there ({error.strerror}); "
            "choose another"
        ) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="http", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # a client that hangs does not hold the end up

    def server_bind(self) -> None:
        # WSGIServer asks the name service for the host's full name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        host, self.server_port = self.socket.getsockname()[:2]
        self.server_name = str(host)
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 30  # seconds that a client may be silent

    def log_message(self, *_: object) -> None:
        """Scrapes are no news."""


def _state(start_response: StartResponse, *, holds: bool, yes: bytes, no: bytes) -> list[bytes]:
    return _reply(start_response, "200 OK" if holds else "503 Service Unavailable", yes if holds else no)


def _reply(
    start_response: StartResponse, status: str, body: bytes, kind: str = "text/plain; charset=utf-8"
) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
