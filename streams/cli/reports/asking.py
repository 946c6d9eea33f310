"""What cannot be answered is wrong usage: a sentence with the remedy, and the nearest of the known names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from streams.errors import MissingData, SettingsError

__all__ = ["asked", "unknown"]

_MOST_NEAR = 5
_LEAST_LIKENESS = 0.5
_MOST_LISTED = 20


@contextmanager
def asked() -> Iterator[None]:
    """A block that answers a question: a question without an answer is wrong usage, exit code 2.

    Where the place itself cannot be read, the question is right: that stays an error, exit code 1.
    """
    try:
        yield
    except (MissingData, SettingsError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def unknown(kind: str, name: str, known: Iterable[str], otherwise: str) -> typer.BadParameter:
    """The error for a name that nobody knows: the nearest names and all of a few, or what to do."""
    names = sorted(known)
    if not names:
        return typer.BadParameter(f"{kind} {name!r} is not known; there is none: {otherwise}")
    near = difflib.get_close_matches(name, names, _MOST_NEAR, _LEAST_LIKENESS)
    if len(names) <= _MOST_LISTED:
        hint = f"did you mean {' or '.join(near)}? " if 0 < len(near) < len(names) else ""
        told = f"{hint}there are: {', '.join(names)}"
    elif near:
        told = f"the nearest of {len(names)} are: {', '.join(near)}"
    else:
        told = f"there are: {', '.join(names[:_MOST_LISTED])} and {len(names) - _MOST_LISTED} more"
    return typer.BadParameter(f"{kind} {name!r} is not known; {told}")
