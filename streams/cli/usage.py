"""Wrong usage: what a command line says is checked before anything is done, and ends with exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from streams.cli.units import time_argument
from streams.errors import DefinitionError, SettingsError
from streams.wire.headers import MAX_NAME_BYTES
from streams.wire.keys import writes_key

__all__ = ["group_name", "not_empty", "patience_option", "time_range", "usage"]


@contextmanager
def usage() -> Iterator[None]:
    """A block that only makes values of options: what they may not be is wrong usage."""
    try:
        yield
    except (SettingsError, DefinitionError) as error:
        raise typer.BadParameter(str(error)) from error


def group_name(name: str | None) -> str | None:
    """A callback of options: refuses what cannot be the name of a group, such as no text at all."""
    if name is None:
        return None
    with usage():
        size = len(writes_key(name))
    if size > MAX_NAME_BYTES:
        raise typer.BadParameter(f"a name has at most {MAX_NAME_BYTES} bytes, this one has {size}")
    return name


def not_empty(text: str | None) -> str | None:
    """A callback of options: refuses an empty text, as an unset variable of a shell leaves it."""
    if text is not None and not text:
        raise typer.BadParameter("it is empty")
    return text


def patience_option(help_text: str) -> Any:
    """An option of seconds that are waited."""
    return typer.Option(metavar="SECONDS", min=0, help=help_text)


def time_range(from_: str | None, to: str | None) -> tuple[int | None, int | None]:
    """`--from` and `--to` as microseconds since 1970; a range that holds nothing is wrong usage."""
    from_us, to_us = time_argument(from_), time_argument(to)
    if from_us is not None and to_us is not None and from_us >= to_us:
        raise typer.BadParameter(f"--from {from_} must lie before --to {to}")
    return from_us, to_us
