"""Tables and sentences for people, shaped to the width of their terminal; 80 columns where there is none."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence

import typer
from rich.console import Console

from streams.cli.output import Cell, Layout, cell_text, print_rows

__all__ = ["print_facts", "print_shaped", "print_text", "width"]

_USUAL_WIDTH = 80
_LEAST_WIDTH = 40
_BETWEEN = 2


def width() -> int:
    """How many columns a line may have."""
    console = Console(file=sys.stdout)
    return max(console.width, _LEAST_WIDTH) if console.is_terminal else _USUAL_WIDTH


def print_text(text: str, indent: str = "") -> None:
    """Sentences, their lines broken between words."""
    typer.echo(_filled(text, indent, indent))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values below each other; a long value goes on below where it began."""
    rows = list(facts)
    names = max((len(name) for name, _ in rows), default=0) + _BETWEEN
    for name, value in rows:
        typer.echo(_filled(value, f"{name:{names}}", " " * names))


def print_shaped(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], right: Collection[str] = (), keys: int = 1
) -> None:
    """A table; where it is too wide, its columns go on below, each part with the first `keys` of them."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    parts = list(_parts([max(map(len, each)) for each in zip(columns, *cells, strict=True)], keys))
    for part in parts:
        if part is not parts[0]:
            typer.echo()
        shown = ([row[place] for place in part] for row in cells)
        print_rows([columns[place] for place in part], shown, Layout.TABLE, right)


def _parts(widths: Sequence[int], keys: int) -> Iterator[list[int]]:
    """The places of the columns of each part, as many as fit beside the keys."""
    room = width()
    key_places = list(range(min(keys, len(widths))))
    part, taken = [*key_places], sum(widths[place] + _BETWEEN for place in key_places)
    for place in range(len(key_places), len(widths)):
        if len(part) > len(key_places) and taken + widths[place] > room:
            yield part
            part, taken = [*key_places], sum(widths[key] + _BETWEEN for key in key_places)
        part.append(place)
        taken += widths[place] + _BETWEEN
    yield part


def _filled(text: str, first: str, others: str) -> str:
    return textwrap.fill(
        text,
        max(width(), len(others) + _LEAST_WIDTH // 2),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
