"""Settings that are read again while the reporter runs: on SIGHUP or POST, a mistake leaves the old ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Condition

import structlog

from streams.errors import LinkgaugeError, SettingsError
from streams.settings import Settings, inline_definitions, require_consistent_links
from streams.telemetry.family import Reading

__all__ = ["WAIT_SECONDS", "Reloader"]

_log = structlog.get_logger()

WAIT_SECONDS = 20.0
"""So long whoever asks for a reload is kept waiting for it; it goes on all the same."""


class Reloader:
    """The settings in force, and those that wait to be put in force by the service's own thread."""

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        self.settings = settings
        self.requested = False
        self._load = load
        self._waiting: Settings | None = None
        self._last: Settings | None = settings
        self._in_force_at = time.time()
        self._changed = Condition()

    def request(self) -> None:
        """Asks for a reload at the next `taken`; all that a signal handler may do."""
        self.requested = True

    def reload(self) -> Settings:
        """Reads the settings; what is right waits for `taken`.

        Raises:
            LinkgaugeError: a mistake, or what cannot change while the service runs; the old ones stay.
        """
        with self._changed:
            try:
                settings = self._load()
                require_consistent_links(settings.links, inline_definitions(settings))
                _require_fixed(self.settings, settings)
            except LinkgaugeError as error:
                self._last = None
                self._changed.notify_all()
                _log.error("settings_refused", reason=str(error))
                raise
            self._waiting = self._last = settings
            self._changed.notify_all()
            return settings

    def reload_and_wait(self, seconds: float = WAIT_SECONDS) -> bool:
        """The same, and waits until they are in force; False where that takes longer, or others came.

        Raises:
            LinkgaugeError: as `reload` does.
        """
        mine = self.reload()
        with self._changed:
            self._changed.wait_for(lambda: self.settings is mine or self._last is not mine, seconds)
            return self.settings is mine

    def taken(self) -> Settings | None:
        """New settings to be put in force, once."""
        if self.requested:
            self.requested = False
            try:
                self.reload()
            except LinkgaugeError:
                return None  # it is logged and shown
        with self._changed:
            settings, self._waiting = self._waiting, None
        return settings

    def put_in_force(self, settings: Settings) -> None:
        """The service shows what these settings say."""
        with self._changed:
            self.settings, self._in_force_at = settings, time.time()
            self._changed.notify_all()
        _log.info("settings_reloaded", links=len(settings.links))

    def readings(self) -> Iterator[Reading]:
        """Whether the settings in force are those that were read last, and since when they are."""
        yield Reading("reporter_settings_reload_successful", (), self._last is self.settings)
        yield Reading("reporter_settings_reload_timestamp_seconds", (), self._in_force_at)


def _require_fixed(old: Settings, new: Settings) -> None:
    for key, before, after in (
        ("broker", old.broker, new.broker),
        ("reporter.host", old.reporter.host, new.reporter.host),
        ("reporter.port", old.reporter.port, new.reporter.port),
    ):
        if before != after:
            raise SettingsError(f"{key}: it cannot change while the reporter runs; restart it")
