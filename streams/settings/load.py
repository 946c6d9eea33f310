"""Reading the settings: file, environment and flags in layers, and errors that name the wrong key's place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.errors import DefinitionError, SettingsError
from streams.settings.environment import FILE_VARIABLE, NAMED_TABLES, PREFIX, Layer, environment_layer, hint
from streams.settings.groups import inline_definitions
from streams.settings.links import require_consistent_links
from streams.settings.sections import SECTIONS, Settings

__all__ = ["DEFAULT_FILE", "load_settings", "settings_file"]

DEFAULT_FILE = "linkgauge.toml"

Key = tuple[str | int, ...]


def settings_file(chosen: Path | None = None) -> Path | None:
    """The settings file: `chosen`, else `LINKGAUGE_CONFIG`, else `linkgauge.toml` here where there is one.

    Raises:
        SettingsError: the file that was chosen cannot be found.
    """
    if chosen is None and (named := os.environ.get(FILE_VARIABLE)):
        chosen = Path(named)
    if chosen is None:
        default = Path(DEFAULT_FILE)
        return default if default.is_file() else None
    if not chosen.is_file():
        raise SettingsError(
            f"settings file {chosen}: there is no such file; see --config and {FILE_VARIABLE}"
        )
    return chosen


def load_settings(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of this run: each layer overrides the one before it, key by key.

    `file` as in `settings_file`; `flags` are sections as in the file, with what the command line says.

    Raises:
        SettingsError: a key is unknown or its value wrong; the message names key and place.
    """
    path = settings_file(file)
    stored = _read(path) if path else {}
    environment = _names_as_in(stored, environment_layer())
    places = {"a flag": dict(flags or {}), "the environment": environment, str(path): stored}
    merged: Layer = {}
    for layer in reversed(places.values()):
        merged = _merge(merged, layer)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SettingsError("; ".join(dict.fromkeys(_sentence(d, places) for d in details))) from None
    _require_consistent(settings)
    return settings


def _require_consistent(settings: Settings) -> None:
    """Refuses groups that are wrong in themselves, and links that do not fit the groups beside them."""
    try:
        definitions = inline_definitions(settings)
    except DefinitionError as error:
        raise SettingsError(str(error)) from error
    require_consistent_links(settings.links, definitions)


def _names_as_in(stored: Layer, environment: Layer) -> Layer:
    """Variables know no upper and lower case: names of links and groups are spelt as in the file."""
    result = dict(environment)
    for section in NAMED_TABLES:
        spelling = {name.lower(): name for name in stored.get(section) or {}}
        if isinstance(result.get(section), dict):
            result[section] = {spelling.get(name, name): value for name, value in result[section].items()}
    return result


def _read(path: Path) -> Layer:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOML says line and column; so does what is no UTF-8
        raise SettingsError(f"settings file {path} is not valid TOML: {error}") from error


def _merge(below: Layer, above: Layer) -> Layer:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _sentence(detail: ErrorDetails, places: Mapping[str, Layer]) -> str:
    key = tuple(part for part in detail["loc"] if part != "[key]")
    place = next((name for name, layer in places.items() if _holds(layer, key)), None)
    if detail["type"] == "missing" and place is None:
        place = next((name for name, layer in places.items() if _holds(layer, key[:-1])), None)
    dotted = ".".join(map(str, key))
    if place == "the environment":
        dotted = f"{dotted} ({PREFIX}{'__'.join(map(str, key)).upper()})"
    return f"{dotted}: {_complaint(detail, key)}" + (f" (in {place})" if place else "")


def _holds(layer: Any, key: Key) -> bool:
    for part in key:
        if not isinstance(layer, dict):
            return True  # an item of the list that the layer holds
        if part not in layer:
            return False
        layer = layer[part]
    return True


def _complaint(detail: ErrorDetails, key: Key) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return f"there is no such key{hint(str(key[-1]), _siblings(key))}"
        case "missing":
            return "it is needed"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return detail["msg"][0].lower() + detail["msg"][1:]


def _siblings(key: Key) -> Iterable[str]:
    return Settings.model_fields if len(key) == 1 else SECTIONS[str(key[0])].model_fields
