"""The group definitions that stand in the settings, as values of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.errors import DefinitionError
from streams.model.groups import Definition
from streams.settings.sections import Settings
from streams.wire.definitions import definition_from_json

__all__ = ["inline_definitions"]


def inline_definitions(settings: Settings) -> dict[str, Definition]:
    """Definitions by group name; the name is the key of the table and need not stand in it.

    Raises:
        DefinitionError: names the key, as in `groups.oracle.members.0.volume`.
    """
    return {name: _definition(name, table) for name, table in settings.groups.items()}


def _definition(name: str, table: Mapping[str, Any]) -> Definition:
    key = f"groups.{name}"
    try:
        return definition_from_json({"group": name, **table}, key)
    except DefinitionError as error:
        if str(error).startswith(key):
            raise
        raise DefinitionError(f"{key}: {error}") from error
