"""The difference between two plans: what was asked differently, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import typer

from streams.cli.output import Cell, Layout, cell_text, print_json, print_rows
from streams.cli.plans.bounds import MOST
from streams.cli.shaped import print_shaped, print_text
from streams.cli.units import bits_per_second_text, bytes_text, count_text, percent_text, seconds_text

__all__ = ["Change", "changes", "print_changes", "require_shape"]

_PLACE: Mapping[str, Callable[[Any], str]] = {
    "mode": str,
    "rpo_seconds": lambda value: f"RPO {seconds_text(value)}",
    "percent": lambda value: f"{value:g} %",
    "cycle_seconds": lambda value: f"cycle {seconds_text(value)}",
    "paths": lambda value: f"on {count_text(value, 'path')}",
}
"""What says which row of a matrix it is."""

_SHARED = ("formulas", "usable_path_bits_per_second", "bound", "planning_factor")
_PARTS = ("asked", "data", "link", "now", "planned", "rows", "usual_methods")
"""What of a printed plan is compared; steps and cautions follow from these."""

_NUMBERS = frozenset(_PLACE) - {"mode"}
_PRINT_AGAIN = "print the plan again with --json"


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that differs; None where a plan does not have it. `place` says which row of a matrix."""

    part: str
    place: str
    field: str
    a: Cell
    b: Cell

    @property
    def change(self) -> float | None:
        """B less A, where both are numbers."""
        if not _is_number(self.a) or not _is_number(self.b):
            return None
        return self.b - self.a  # type: ignore[operator]

    @property
    def change_ratio(self) -> float | None:
        """That over A."""
        change = self.change
        return None if change is None or not self.a else change / float(self.a)


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """What differs between two printed plans, in the order in which plans print it.

    Raises:
        ValueError: one of them solves three quantities, the other is a matrix.
    """
    if a.get("plan") != b.get("plan"):
        raise ValueError(
            f"a plan of kind {a.get('plan')} and one of kind {b.get('plan')} have nothing to compare; "
            "give two of one kind"
        )
    found: list[Change] = []
    for part in _PARTS:
        left, right = (_flat(_shared(plan) if part == "link" else plan.get(part)) for plan in (a, b))
        found += [
            Change(part, *key, left.get(key), right.get(key))
            for key in [*left, *(key for key in right if key not in left)]
            if left.get(key) != right.get(key)
        ]
    return found


def require_shape(plan: Mapping[str, Any], file: str) -> None:
    """Refuses what no plan that was printed with --json looks like.

    Raises:
        ValueError: names the file and the part of it.
    """
    for part in _PARTS:
        value = plan.get(part)
        rows = value if isinstance(value, list) else [{} if value is None or part == "link" else value]
        for number, row in enumerate(rows, 1):
            place = f"{file}: {part}{f', row {number}' if isinstance(value, list) else ''}"
            if not isinstance(row, Mapping):
                raise ValueError(f"{place}: {row!r:.60} has no fields; {_PRINT_AGAIN}")  # noqa: TRY004  # a file's content
            _require_fields(row, place, is_row=isinstance(value, list))
    _require_fields(_shared(plan), file, is_row=False)


def _require_fields(row: Mapping[str, Any], place: str, *, is_row: bool) -> None:
    for name, value in row.items():
        if isinstance(value, int) and abs(value) > MOST:
            raise ValueError(f"{place}: {name}: at most {MOST} either way; {_PRINT_AGAIN}")
        if is_row and name in _NUMBERS and not (value is None or _is_number(value)):
            raise ValueError(f"{place}: {name}: {value!r:.60} is no number; {_PRINT_AGAIN}")


def print_changes(found: list[Change], names: tuple[str, str], layout: Layout) -> None:
    """Prints them."""
    match layout:
        case Layout.JSON:
            print_json({"a": names[0], "b": names[1], "differences": [_object(each) for each in found]})
        case Layout.CSV:
            columns = ["part", "place", "field", "a", "b", "change", "change_ratio"]
            print_rows(columns, (list(_object(each).values()) for each in found), layout)
        case Layout.TABLE:
            _print_text(found, names)


def _print_text(found: list[Change], names: tuple[str, str]) -> None:
    if not found:
        typer.echo(f"{names[0]} and {names[1]}: the same plan with the same answer")
        return
    titles = {"asked": "asked", "data": "data", "usual_methods": "usual methods"}
    for part in _PARTS:
        of_part = [each for each in found if each.part == part]
        if not of_part:
            continue
        if part != next(each.part for each in found):
            typer.echo()
        columns = [titles.get(part, part), names[0], names[1], "change", "in percent"]
        for place, changed in groupby(of_part, key=lambda each: each.place):
            if place:
                print_text(f"{columns[0]}: {place}")
            print_shaped(["" if place else columns[0], *columns[1:]], map(_line, changed), columns[1:])
            if place:
                typer.echo()
    if not any(each.part not in ("asked", "data") for each in found):
        typer.echo("\nThe answer is the same.")


def _line(change: Change) -> list[str]:
    return list(_cells(change))


def _cells(change: Change) -> Iterator[str]:
    name = change.field.removesuffix("_bits_per_second").removesuffix("_bytes").removesuffix("_seconds")
    yield name.replace("_", " ")
    yield _text(change.field, change.a)
    yield _text(change.field, change.b)
    delta = change.change
    yield "" if delta is None else f"{'+' if delta > 0 else ''}{_text(change.field, delta)}"
    ratio = change.change_ratio
    yield "" if ratio is None else f"{'+' if ratio > 0 else ''}{percent_text(ratio)}"


def _text(field: str, value: Cell) -> str:
    """A figure for people, by the unit in its name."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return cell_text(value)
    for suffix, text in (
        ("bits_per_second", bits_per_second_text),
        ("bytes", bytes_text),
        ("seconds", _signed_seconds),
    ):
        if field.endswith(suffix):
            return text(value)
    return f"{value:.6g}"


def _signed_seconds(value: float) -> str:
    return f"-{seconds_text(-value)}" if value < 0 else seconds_text(value)


def _flat(part: Any) -> dict[tuple[str, str], Cell]:
    """Figures by the row that they stand in and their name."""
    if isinstance(part, Mapping):
        return {("", name): _single(value) for name, value in part.items()}
    flat = {}
    for row in part or ():
        place = ", ".join(_PLACE[name](row[name]) for name in _PLACE if row.get(name) is not None)
        flat.update({(place, name): _single(value) for name, value in row.items() if name not in _PLACE})
    return flat


def _shared(plan: Mapping[str, Any]) -> dict[str, Cell]:
    """What all rows of a matrix share, beside its parts."""
    return {name: plan[name] for name in _SHARED if name in plan}


def _single(value: Any) -> Cell:
    """A value that can be compared in one cell."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _object(change: Change) -> dict[str, Cell]:
    return {
        "part": change.part,
        "place": change.place,
        "field": change.field,
        "a": change.a,
        "b": change.b,
        "change": change.change,
        "change_ratio": change.change_ratio,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
