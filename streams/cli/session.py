"""What every sub-command is given: the settings of this run and where its topics are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from streams.settings import Settings, load_settings, settings_file
from streams.store.source import Source

__all__ = ["Session", "session_of"]


@dataclass(frozen=True)
class Session:
    """The global options; settings are read when a command first asks, so `--help` never fails on them."""

    config: Path | None = None
    bootstrap: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings, with `--bootstrap` above file and environment.

        Raises:
            SettingsError: a key is unknown or wrong.
        """
        return self.read_settings()

    def read_settings(self) -> Settings:
        """The settings as file and environment have them now.

        Raises:
            SettingsError: a key is unknown or wrong.
        """
        flags: dict[str, Any] = {} if self.bootstrap is None else {"broker": {"bootstrap": self.bootstrap}}
        return load_settings(self.config, flags)

    @property
    def file(self) -> Path | None:
        """The settings file that is in force."""
        return settings_file(self.config)

    @property
    def has_own_kafka(self) -> bool:
        """Whether a flag, the environment or the file names a Kafka, so that none is to be started."""
        return "bootstrap" in self.settings.broker.model_fields_set

    @property
    def source(self) -> Source:
        """Where to read what was measured."""
        broker = self.settings.broker
        return Source(broker.bootstrap, broker.topic_prefix, broker.client)


def session_of(ctx: typer.Context) -> Session:
    """The session of the running command."""
    return ctx.ensure_object(Session)
