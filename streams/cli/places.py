"""Where a command reads from: the topics, or the lake where it is asked for or goes further back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from streams.agents.definition_files import read_definitions
from streams.cli.output import say
from streams.cli.session import Session
from streams.errors import DefinitionError, LakeError
from streams.store import LakeSource, Place, groups, has_older, oldest_start, require_captured

__all__ = ["DefinitionOption", "Kept", "SourceOption", "kept_from", "place_of", "tell"]

Kept = Literal["topics", "lake"]

SourceOption = Annotated[
    Kept | None,
    typer.Option(
        "--source",
        help="Read the topics or the lake; else the lake only where --from is older than the topics.",
    ),
]
DefinitionOption = Annotated[
    Path | None,
    typer.Option(
        "--definition",
        metavar="FILE",
        help="A group defined afterwards, as for `groups apply`: from the lake, whatever groups it was in.",
        exists=True,
        dir_okay=False,
    ),
]


def kept_from(text: str | None) -> Kept | None:
    """The choice of a parameter file.

    Raises:
        BadParameter: it is none.
    """
    match text:
        case None | "topics" | "lake":
            return text
    raise typer.BadParameter(f"--source {text!r}: choose topics or lake")


def place_of(
    session: Session,
    kept: Kept | None,
    names: Sequence[str] | None,
    from_us: int | None,
    definition: Path | None = None,
) -> Place:
    """Where to read these groups from, without names all; says so where it is the lake.

    Raises:
        BadParameter: a definition cannot be read or answered, or is of another group.
        LakeError: there is no lake where one is asked for.
    """
    lake = LakeSource(session.settings.lake)
    if definition is not None:
        if kept == "topics":
            raise typer.BadParameter("--definition is read from the lake; leave --source topics out")
        return _told(_defined(lake, definition, names))
    if kept == "lake":
        return _told(lake)
    if kept == "topics" or from_us is None:
        return session.source
    return _told(lake) if _is_older(session, lake, names, from_us) else session.source


def tell(place: Place) -> None:
    """Says which rows could not be read, if any."""
    if isinstance(place, LakeSource) and (sentence := place.seen.remark):
        say(sentence)


def _told(place: LakeSource) -> LakeSource:
    say(f"read from {place}")
    return place


def _is_older(session: Session, lake: LakeSource, names: Sequence[str] | None, from_us: int) -> bool:
    """Whether the range begins before what the topics hold, and the lake has some of that."""
    if not lake.exists():
        return False
    oldest_us = oldest_start(session.source, names or list(groups(session.source)))
    if oldest_us is not None and oldest_us <= from_us:
        return False
    try:
        return has_older(lake, names, from_us, oldest_us)
    except LakeError as error:
        say(f"the lake may have more, and is not read: {error}")
        return False


def _defined(lake: LakeSource, file: Path, names: Sequence[str] | None) -> LakeSource:
    try:
        found = {each.group: each for each in read_definitions([file])}
        name = names[0] if names else next(iter(found))
        if name not in found:
            raise typer.BadParameter(f"{file}: it defines {', '.join(found)}, and not {name}")
        require_captured(found[name], groups(lake))
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error
    return LakeSource(lake.lake, found[name], lake.seen)
