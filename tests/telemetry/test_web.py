"""The HTTP side: every path, its states, a port that is taken, a client that says nothing."""

# ruff: noqa: S310  # the addresses are those of our own server

import gzip
import socket
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from streams.errors import SettingsError
from streams.telemetry.family import Family, Reading, by_name, line_of, page_of
from streams.telemetry.web import Answers, application, serving

FAMILIES = by_name(
    [Family("ready", "gauge", (), "Whether."), Family("build_info", "info", ("version",), "What.")]
)


class State:
    alive = True
    ready = False
    mistake = None
    reloads = 0
    in_force = True

    def page(self, open_metrics):
        readings = [Reading("ready", (), self.ready), Reading("build_info", ("1",), 1)]
        lines = {reading.family: [line_of(FAMILIES[reading.family], reading)] for reading in readings}
        return page_of(FAMILIES, lines, open_metrics=open_metrics)

    def reload(self):
        if self.mistake:
            raise SettingsError(self.mistake)
        self.reloads += 1
        return self.in_force


@pytest.fixture
def state():
    return State()


@pytest.fixture
def address(state):
    app = application(
        Answers("reporter", state.page, lambda: state.alive, lambda: state.ready, reload=state.reload)
    )
    with serving(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


def status(url):
    try:
        with urlopen(url, timeout=10) as reply:
            return reply.status, reply.read()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def test_metrics(address):
    with urlopen(f"{address}/metrics", timeout=10) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain; version=")
        assert b"\nlinkgauge_ready 0.0\n" in reply.read()


def test_metrics_in_open_metrics_format(address):
    asked = Request(f"{address}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urlopen(asked, timeout=10) as reply:
        text = reply.read().decode()
        assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
    assert "\n# TYPE linkgauge_build info\n" in text
    assert text.endswith("# EOF\n")


def test_readiness_and_health(address, state):
    assert status(f"{address}/readyz") == (503, b"reading what was there\n")
    state.ready = True
    assert status(f"{address}/readyz") == (200, b"ready\n")
    assert status(f"{address}/healthz") == (200, b"ok\n")
    state.alive = False
    assert status(f"{address}/healthz") == (503, b"stuck\n")


def test_the_process_itself_is_shown_and_pages_are_compressed_where_asked(address):
    asked = Request(f"{address}/metrics", headers={"Accept-Encoding": "gzip"})
    with urlopen(asked, timeout=10) as reply:
        assert reply.headers["Content-Encoding"] == "gzip"
        assert b"\nprocess_cpu_seconds_total " in gzip.decompress(reply.read())


def test_reload(address, state):
    assert status(f"{address}/-/reload")[0] == 405
    post = Request(f"{address}/-/reload", method="POST")
    assert status(post) == (200, b"reloaded\n")
    state.in_force = False
    assert status(post)[0] == 202
    state.reloads = 1
    state.mistake = "links.east.paths: too few"
    code, said = status(post)
    assert (code, state.reloads) == (400, 1)
    assert said == b"links.east.paths: too few; the settings before stay in force\n"


def test_landing_page_links_to_what_there_is(address):
    code, page = status(f"{address}/")
    assert code == 200
    for path in ("/metrics", "/readyz", "/healthz"):
        assert f'href="{path}"'.encode() in page
    assert status(f"{address}/nothing")[0] == 404


def test_a_silent_client_holds_nobody_up(address):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):
        assert status(f"{address}/healthz")[0] == 200


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=rf"reporter\.port {port}: cannot listen there .*in use"),
            serving(lambda *_: [], "127.0.0.1", port),
        ):
            pass
