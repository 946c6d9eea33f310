"""What the doctor says of workers and of the reporter, from what Kafka and HTTP say."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from streams.broker.ports import free_port
from streams.cli.doctor_services import judged, reporter_finding
from streams.cli.membership import Membership
from streams.cli.probing import fetch, local_url
from streams.settings import Reporter
from streams.telemetry.web import Answers, application, serving


@pytest.mark.parametrize(
    ("found", "holds", "says"),
    [
        (Membership("w", 0, 0, False, 3), False, "nobody is in consumer group w, 3 messages not taken up"),
        (Membership("w", 0, 0, False, 1), False, "1 message not taken up: run `linkgauge worker`"),
        (Membership("w", 1, 0, True, 1), False, "shared out among 1 member, 1 message behind"),
        (Membership("w", 2, 0, False, 0), False, "2 members in consumer group w, but none has a partition"),
        (Membership("w", 1, 1, False, 9), True, "1 member in consumer group w, 9 messages behind its place"),
        (Membership("w", 3, 2, False, 1), True, "3 members in consumer group w, 1 message behind its place"),
    ],
)
def test_workers(found, holds, says):
    finding = judged(found)
    assert (finding.check, finding.holds) == ("worker", holds)
    assert says in finding.sentence


@pytest.mark.parametrize(
    ("alive", "ready", "holds", "says"),
    [
        (True, True, True, "is ready"),
        (True, False, False, "still reads what there was"),
        (False, True, False, "reads no more"),
        (False, False, False, "reads no more"),
    ],
)
def test_a_reporter(alive, ready, holds, says):
    app = application(Answers("reporter", lambda _: (), lambda: alive, lambda: ready))
    with serving(app, "127.0.0.1", 0) as port:
        finding = reporter_finding(Reporter(host="0.0.0.0", port=port))  # noqa: S104  # only asked for
    assert (finding.check, finding.holds) == ("reporter", holds)
    assert f"at http://127.0.0.1:{port}" in finding.sentence
    assert says in finding.sentence


def test_nobody_where_the_reporter_should_be():
    finding = reporter_finding(Reporter(port=free_port()))
    assert not finding.holds
    assert "run `linkgauge reporter`" in finding.sentence


def test_a_port_that_nobody_can_know():
    finding = reporter_finding(Reporter(port=0))
    assert (finding.holds, "reporter.port is 0" in finding.sentence) == (True, True)


@pytest.fixture
def stranger() -> Iterator[int]:
    """Another web server, which answers everything with a page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stranger_is_no_reporter(stranger):
    finding = reporter_finding(Reporter(port=stranger))
    assert not finding.holds
    assert "is no reporter of linkgauge: choose another reporter.port" in finding.sentence
    assert fetch(f"http://127.0.0.1:{stranger}") == "hello"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:9"),  # noqa: S104  # as the settings have it
        ("::", "http://127.0.0.1:9"),
        ("::1", "http://[::1]:9"),
        ("reporter.example", "http://reporter.example:9"),
    ],
)
def test_where_a_service_answers_on_this_machine(host, url):
    assert local_url(host, 9) == url
