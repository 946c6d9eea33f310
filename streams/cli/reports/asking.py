"""What cannot be answered is wrong usage: a sentence with the remedy, and the nearest of the known names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from streams.errors import LakeError, MissingData, SettingsError

__all__ = ["asked", "unknown"]


@contextmanager
def asked() -> Iterator[None]:
    """A block that answers a question: a question without an answer is wrong usage, exit code 2."""
    try:
        yield
    except (LakeError, MissingData, SettingsError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def unknown(kind: str, name: str, known: Iterable[str], otherwise: str) -> typer.BadParameter:
    """The error for a name that nobody knows: the nearest names, or all of a few, or what to do."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 5, 0.5) or names[:20]
    more = len(names) - len(near)
    if not names:
        return typer.BadParameter(f"{kind} {name!r} is not known; there is none: {otherwise}")
    rest = f" and {more} more" if more and near == names[:20] else ""
    return typer.BadParameter(f"{kind} {name!r} is not known; there are: {', '.join(near)}{rest}")
