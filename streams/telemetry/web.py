"""The HTTP side of a service: `/metrics`, `/healthz`, `/readyz` and a page, by the standard library."""

from __future__ import annotations

import gzip
import html
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from streams.errors import LinkgaugeError, SettingsError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Answers", "application", "serving"]

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_GZIP_LEVEL = 1  # pages are long and alike: more effort costs five times the time for a third of the bytes


@dataclass(frozen=True)
class Answers:
    """What a service says of itself.

    `page` gives its metrics in the older text format or in OpenMetrics, without the last line; the usual
    `process_*` are added. `reload`, where there is one, takes the settings anew, and says whether they are in
    force already.
    """

    service: str
    page: Callable[[bool], Iterable[str]]
    is_alive: Callable[[], bool]
    is_ready: Callable[[], bool]
    not_ready: str = "reading what was there"
    reload: Callable[[], bool] | None = None


def application(answers: Answers) -> WSGIApplication:
    """The WSGI application of a service."""
    process = CollectorRegistry()
    ProcessCollector(registry=process)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return _metrics(answers, process, environ, start_response)
            case "/healthz":
                return _state(start_response, holds=answers.is_alive(), yes="ok", no="stuck")
            case "/readyz":
                return _state(start_response, holds=answers.is_ready(), yes="ready", no=answers.not_ready)
            case "/-/reload" if answers.reload is not None:
                return _reload(answers.reload, environ, start_response)
            case "/":
                page = _landing(answers.service).encode()
                return _reply(start_response, "200 OK", page, "text/html; charset=utf-8")
        return _reply(start_response, "404 Not Found", b"there is /, /metrics, /healthz and /readyz\n")

    return answer


def _metrics(
    answers: Answers, process: CollectorRegistry, environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    wants_open = "application/openmetrics-text" in environ.get("HTTP_ACCEPT", "")
    own = "".join(answers.page(wants_open))
    usual = (openmetrics.generate_latest if wants_open else generate_latest)(process)
    body = own.encode() + usual
    headers = [("Content-Type", _OPEN_METRICS if wants_open else _TEXT), ("Vary", "Accept, Accept-Encoding")]
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = gzip.compress(body, _GZIP_LEVEL)
        headers.append(("Content-Encoding", "gzip"))
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _reload(
    reload: Callable[[], bool], environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return _reply(start_response, "405 Method Not Allowed", b"POST reloads the settings\n")
    try:
        is_in_force = reload()
    except LinkgaugeError as error:
        message = f"{error}; the settings before stay in force\n"
        return _reply(start_response, "400 Bad Request", message.encode())
    if not is_in_force:
        later = b"read; they come into force once everything that they need is read\n"
        return _reply(start_response, "202 Accepted", later)
    return _reply(start_response, "200 OK", b"reloaded\n")


def _landing(service: str) -> str:
    name = html.escape(service)
    return f"""<!doctype html>
<html lang="en">
<title>linkgauge {name}</title>
<h1>linkgauge {name}</h1>
<ul>
<li><a href="/metrics">/metrics</a>: figures for Prometheus
<li><a href="/readyz">/readyz</a>: whether its figures are those of now
<li><a href="/healthz">/healthz</a>: whether it works
</ul>
"""


@contextmanager
def serving(app: WSGIApplication, host: str, port: int, section: str = "reporter") -> Iterator[int]:
    """Serves the application from threads of its own; gives the port that it listens on.

    `section` is that of the settings which say where.

    Raises:
        SettingsError: nobody can listen there.
    """
    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise SettingsError(
            f"{section}.host {host}, {section}.port {port}: cannot listen there ({error.strerror}); "
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


def _state(start_response: StartResponse, *, holds: bool, yes: str, no: str) -> list[bytes]:
    status = "200 OK" if holds else "503 Service Unavailable"
    return _reply(start_response, status, f"{yes if holds else no}\n".encode())


def _reply(
    start_response: StartResponse, status: str, body: bytes, kind: str = "text/plain; charset=utf-8"
) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
