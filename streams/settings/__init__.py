"""Every knob once, typed: defaults, then one TOML file, then the environment, then flags of the command."""

from __future__ import annotations

from streams.settings.groups import inline_definitions
from streams.settings.links import require_consistent_links
from streams.settings.load import load_settings, settings_file
from streams.settings.sections import Broker, Lake, Link, Reporter, Settings, Worker

__all__ = [
    "Broker",
    "Lake",
    "Link",
    "Reporter",
    "Settings",
    "Worker",
    "inline_definitions",
    "load_settings",
    "require_consistent_links",
    "settings_file",
]
