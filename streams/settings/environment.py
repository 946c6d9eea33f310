"""The layer of the environment: `LINKGAUGE_SECTION__KEY`, and what begins so without being a setting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from streams.errors import SettingsError
from streams.settings.sections import SECTIONS, Settings

__all__ = ["FILE_VARIABLE", "NAMED_TABLES", "PREFIX", "Layer", "environment_layer", "hint"]

Layer = dict[str, Any]

PREFIX = "LINKGAUGE_"
FILE_VARIABLE = "LINKGAUGE_CONFIG"
NAMED_TABLES = ("links", "groups")
"""Sections that hold a table for each name."""

_OTHER_VARIABLES = frozenset({FILE_VARIABLE, "LINKGAUGE_CACHE", "LINKGAUGE_TRACES"})
"""Variables that are no settings: where the file is, where jars are kept, where tests find traces."""
_OF_KUBERNETES = re.compile(
    r"_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?$"
)
_KUBERNETES_PORT = re.compile(r"(tcp|udp|sctp)://")
"""Kubernetes describes services to every container: one called `linkgauge-reporter` by such variables."""


class _Environment(EnvSettingsSource):
    """The variables `LINKGAUGE_SECTION__KEY`; a list or table is JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Leaves text that is no JSON as it is: validation refuses it with a better message."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def environment_layer() -> Layer:
    """The settings that the environment holds.

    Raises:
        SettingsError: a variable begins as a setting does and is none; says which was meant.
    """
    for variable, value in os.environ.items():
        name = variable.upper()
        if name.startswith(PREFIX) and name not in _OTHER_VARIABLES and not _is_of_kubernetes(name, value):
            _require_setting(variable)
    return _Environment(Settings)()


def _is_of_kubernetes(name: str, value: str) -> bool:
    described = name.endswith("_PORT") and _KUBERNETES_PORT.match(value)
    return bool(described or _OF_KUBERNETES.search(name))


def _require_setting(variable: str) -> None:
    """Refuses a variable whose section there is not; the rest of the key is for validation."""
    name = variable.upper().removeprefix(PREFIX).lower()
    section, nested, _ = name.partition("__")
    if section in Settings.model_fields:
        return
    if nested:
        raise SettingsError(
            f"{variable}: there is no section {section}{hint(section, Settings.model_fields)}"
        )
    raise SettingsError(f"{variable}: there is no such setting; {_meant(name)}")


def _meant(name: str) -> str:
    """The variable that was meant by one that lacks the double underscore, or how they are made."""
    section = next((section for section in Settings.model_fields if name.startswith(f"{section}_")), None)
    if section is None:
        return f"variables are {PREFIX}SECTION__KEY, as {PREFIX}REPORTER__PORT"
    if section in NAMED_TABLES:
        return f"variables of {section} are {PREFIX}{section.upper()}__NAME__KEY"
    key, known = name.removeprefix(f"{section}_"), SECTIONS[section].model_fields
    if key.startswith("client_"):
        key = key.replace("_", "__", 1)
    else:
        key = next(iter(get_close_matches(key, known, n=1)), key)
    return f"did you mean {PREFIX}{section.upper()}__{key.upper()}?"


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant by a name that is not known."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"
