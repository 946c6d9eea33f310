"""Files with definitions of data groups: TOML or JSON, one group or several."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from streams.errors import DefinitionError
from streams.model.groups import Definition
from streams.wire.definitions import definition_from_json

__all__ = ["read_definitions"]


def read_definitions(files: Sequence[Path]) -> list[Definition]:
    """The definitions in some files, in order.

    A file holds one definition; or `groups`, a list of them (`[[groups]]`), or a table of them by name
    (`[groups.NAME]`, as in the settings file); or, in JSON, just a list.

    Raises:
        DefinitionError: names the file and the place in it.
    """
    definitions: dict[str, Definition] = {}
    for file in files:
        for definition in _read(file):
            if definition.group in definitions:
                raise DefinitionError(f"{file}: group {definition.group} is defined twice")
            definitions[definition.group] = definition
    return list(definitions.values())


def _read(file: Path) -> list[Definition]:
    content = _parsed(file)
    try:
        found = list(_definitions(content))
    except DefinitionError as error:
        raise DefinitionError(f"{file}: {error}") from None
    if not found:
        raise DefinitionError(f"{file}: no group in it; a definition has `group` and `members`")
    return found


def _parsed(file: Path) -> Any:
    text = file.read_bytes()
    try:
        if file.suffix.lower() == ".json":
            return orjson.loads(text)
        return tomllib.loads(text.decode())
    except (orjson.JSONDecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"{file}: not the TOML or JSON (by its name) that it should be: {error}"
        ) from None


def _definitions(content: Any) -> Iterator[Definition]:
    if isinstance(content, dict) and "groups" in content:
        content = content["groups"]
        if isinstance(content, dict):
            for name, table in content.items():
                named = {"group": name, **table} if isinstance(table, dict) else table
                yield definition_from_json(named, f"groups.{name}")
            return
    if isinstance(content, list):
        for index, item in enumerate(content):
            yield definition_from_json(item, f"groups[{index}]")
    else:
        yield definition_from_json(content)
