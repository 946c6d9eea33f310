"""`linkgauge config show`: the settings that are in force, as a settings file, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import orjson
import typer

from streams.cli.output import JsonFlag, print_json, say
from streams.cli.session import session_of
from streams.settings import Settings
from streams.settings.client import masked

__all__ = ["as_toml", "register", "shown"]

_WITH_SECRETS = (("broker", "client"), ("lake", "storage"), ("lake", "catalog"))
"""Tables of options that may hold secrets."""


def register(app: typer.Typer) -> None:
    """Adds `config` to the command."""
    config = typer.Typer(no_args_is_help=True)
    config.command()(show)
    app.add_typer(config, name="config", help="The settings that are in force.")


def show(
    ctx: typer.Context,
    *,
    defaults: Annotated[bool, typer.Option(help="Also what nobody set.")] = True,
    json: JsonFlag = False,
) -> None:
    """Print the settings of file, environment and flags together, secrets masked."""
    session = session_of(ctx)
    values = shown(session.settings, defaults=defaults)
    say(f"settings file: {session.file or 'none'}")
    if json:
        print_json(values)
    else:
        typer.echo(as_toml(values), nl=False)


def shown(settings: Settings, *, defaults: bool = True) -> dict[str, Any]:
    """The settings by section, without what is unset, and with masked secrets."""
    values = settings.model_dump(mode="json", exclude_none=True, exclude_unset=not defaults)
    for section, name in _WITH_SECRETS:
        if options := values.get(section, {}).get(name):
            values[section][name] = masked(options)
    return {section: table for section, table in values.items() if table}


def as_toml(values: Mapping[str, Any]) -> str:
    """The tables as TOML, the keys of a table before the tables in it."""
    return "\n".join(_table((), values)).lstrip("\n") + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if path and plain:
        yield f"\n[{'.'.join(map(_key, path))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _table((*path, key), value)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # Text, numbers and booleans are written as in JSON, only that TOML wants this one character escaped.
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")
