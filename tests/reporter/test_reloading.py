"""Settings read again: a mistake leaves the old ones in force, and a metric says so."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from structlog.testing import capture_logs

from streams.errors import SettingsError
from streams.reporter.board import Board
from streams.reporter.reloading import Reloader
from streams.reporter.service import _Service
from streams.settings import Settings
from tests.waiting import eventually

OLD = Settings()
LINK = {"groups": ["a"], "path_bits_per_second": 1}
WIDER = Settings(links={"east": LINK})


class File:
    """What the settings file would say now."""

    def __init__(self):
        self.says = OLD

    def load(self):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def file():
    return File()


@pytest.fixture
def reloader(file):
    return Reloader(OLD, file.load)


def successful(reloader):
    return {reading.family: reading.value for reading in reloader.readings()}[
        "reporter_settings_reload_successful"
    ]


def test_nothing_waits_before_anybody_asks(reloader):
    assert reloader.taken() is None
    assert successful(reloader)


def test_right_settings_wait_once_for_the_service(reloader, file):
    file.says = WIDER
    reloader.reload()
    assert reloader.settings is OLD
    assert not successful(reloader), "not before what they need is there"
    assert (reloader.taken(), reloader.taken()) == (WIDER, None)
    assert not successful(reloader)
    reloader.put_in_force(WIDER)
    assert reloader.settings is WIDER
    assert successful(reloader)


def test_whoever_waits_is_told_when_they_are_in_force(reloader, file):
    file.says = WIDER
    assert not reloader.reload_and_wait(0)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(reloader.reload_and_wait, 60)
        eventually(reloader.taken)
        reloader.put_in_force(WIDER)
        assert answer.result(60)


def test_whoever_waits_is_told_when_others_are_asked_for(reloader, file):
    file.says = WIDER
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(reloader.reload_and_wait, 60)
        eventually(reloader.taken)
        file.says = Settings(links={"west": LINK})
        reloader.reload()
        assert answer.result(60) is False


def test_a_signal_is_looked_at_by_the_service(reloader, file):
    file.says = WIDER
    reloader.request()
    assert reloader.taken() is WIDER


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (SettingsError("links.east.paths: 0"), "links.east.paths"),
        (Settings(reporter={"port": 1}), "reporter.port: it cannot change"),
        (Settings(broker={"bootstrap": "other:1"}), "broker: it cannot change"),
        (
            Settings(
                links={"east": LINK | {"groups": ["a", "b"]}},
                groups={name: {"members": [{"array": "x", "volume": "v"}]} for name in "ab"},
            ),
            "links.east.groups: groups a and b overlap",
        ),
    ],
)
def test_a_mistake_is_refused_logged_and_shown(reloader, file, says, message):
    file.says = says
    with pytest.raises(SettingsError, match=message):
        reloader.reload()
    with capture_logs() as logs:
        reloader.request()
        assert reloader.taken() is None
    assert [line["event"] for line in logs] == ["settings_refused"]
    assert not successful(reloader)
    file.says = WIDER
    reloader.reload()
    assert not successful(reloader)
    reloader.put_in_force(reloader.taken())
    assert successful(reloader)


class FakeReading:
    """Notes when it was asked for a batch; complete after `rounds` of them."""

    def __init__(self, log, name, rounds=0):
        self.log, self.name, self.rounds = log, name, rounds
        self.board, self.settings = Board(Settings()), Settings()

    def take_batch(self, *, wait=True):
        self.log.append((self.name, wait))
        self.rounds -= 1

    is_complete = property(lambda self: self.rounds <= 0)

    def has_read_all_of(self, other):
        return self.rounds < 0  # one more than it needs for itself


def test_what_is_shown_goes_on_while_new_settings_are_read(monkeypatch):
    log: list = []
    reloader = Reloader(Settings(), Settings)
    service = _Service(Settings(), reloader)
    following = FakeReading(log, "new", rounds=2)

    def begun(_):
        service._wanted = None
        return following

    monkeypatch.setattr(service, "_begun", begun)
    reloader.request()
    assert service._until_replaced(FakeReading(log, "old"), Event()) is following
    assert log == [("old", False), ("new", True)] * 3
