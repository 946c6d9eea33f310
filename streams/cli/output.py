"""What commands print: data on stdout as table, CSV or JSON; progress and complaints on stderr.

Colours and table frames are for people: off a terminal, and with NO_COLOR, there are none.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

__all__ = [
    "Cell",
    "CsvFlag",
    "JsonFlag",
    "Layout",
    "cell_text",
    "complain",
    "layout_of",
    "print_json",
    "print_rows",
    "progress_after",
    "progress_of",
    "say",
    "working",
]

Cell = str | int | float | bool | None
"""A value of a row; None is unknown: an empty field in tables and CSV, null in JSON."""

CsvFlag = Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header line.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="JSON, units in the names of the fields.")]

_WIDE = 1_000_000
"""Columns of a table that nobody looks at: off a terminal nothing is cut to fit."""


class Layout(Enum):
    """How data is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def layout_of(*, csv: bool, json: bool) -> Layout:
    """The layout that the flags ask for; both at once is wrong usage."""
    if csv and json:
        raise typer.BadParameter("--csv and --json exclude each other")
    if csv:
        return Layout.CSV
    return Layout.JSON if json else Layout.TABLE


def say(message: str) -> None:
    """A line on stderr for whoever watches."""
    _stderr().print(escape(message), highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """A failure on stderr, in red where there are colours."""
    _stderr().print(f"[bold red]linkgauge:[/] {escape(message)}", highlight=False, soft_wrap=True)


@contextmanager
def working(message: str) -> Iterator[None]:
    """Shows on a terminal that something goes on; nothing elsewhere."""
    with _stderr().status(escape(message)):
        yield


@contextmanager
def progress_of(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Shows stages of some work and how much of each is done: as bars on a terminal, else a line each."""
    console = _stderr()
    with Progress(console=console, disable=not console.is_terminal) as bars:
        stages: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(escape(f"{title}: {stage}"))
                if not console.is_terminal:
                    say(f"{title}: {stage}")
            bars.update(stages[stage], completed=done, total=total)

        yield show


@contextmanager
def progress_after(title: str, seconds: float = 1.0) -> Iterator[Callable[[str, int, int], None]]:
    """As `progress_of`, but nothing is shown of work that takes no longer than this."""
    begun = time.monotonic()
    with ExitStack() as shown:
        show: Callable[[str, int, int], None] | None = None

        def later(stage: str, done: int, total: int) -> None:
            nonlocal show
            if show is None and time.monotonic() - begun > seconds:
                show = shown.enter_context(progress_of(title))
            if show is not None:
                show(stage, done, total)

        yield later


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], layout: Layout, right: Collection[str] = ()
) -> None:
    """Prints rows as they come. JSON is an array with one object a line.

    In a table, columns of numbers stand at the right, and so do those named by `right`.
    """
    match layout:
        case Layout.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(map(_csv_cell, row) for row in rows)
        case Layout.JSON:
            _print_objects(dict(zip(columns, row, strict=True)) for row in rows)
        case Layout.TABLE:
            _print_table(columns, rows, right)


def cell_text(cell: Cell) -> str:
    """A cell for people: nothing where it is unknown, yes or no where it is true or false."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)


def print_json(value: Mapping[str, object]) -> None:
    """One JSON object, indented."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def _print_objects(objects: Iterable[dict[str, Cell]]) -> None:
    separator = "[\n"
    for item in objects:
        sys.stdout.write(separator + orjson.dumps(item).decode())
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], right: Collection[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    filled = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numbers = all(_is_number(row[index]) for row in filled)
        at_right = column in right or (filled and numbers)
        table.add_column(escape(column), justify="right" if at_right else "left")
    for row in filled:
        table.add_row(*(escape(cell_text(cell)) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table, crop=False)


def _csv_cell(cell: Cell) -> Cell:
    return str(cell).lower() if isinstance(cell, bool) else cell


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float | None) and not isinstance(cell, bool)


def _stderr() -> Console:
    return Console(file=sys.stderr)
