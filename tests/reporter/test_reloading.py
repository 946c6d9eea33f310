"""Settings read again: a mistake leaves the old ones in force, and a metric says so."""

import pytest
from structlog.testing import capture_logs

from streams.errors import SettingsError
from streams.reporter.reloading import Reloader
from streams.settings import Settings

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
    assert (reloader.taken(), reloader.taken()) == (WIDER, None)
    reloader.put_in_force(WIDER)
    assert reloader.settings is WIDER


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
    assert successful(reloader)
