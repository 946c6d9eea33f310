"""A report as a value: sections of figures with units, remarks and charts, before anybody prints it.

Every section is a table of rows. What differs is how it is read: `facts` is one row that people see as a list
of names and values, `sides` has a row for each side and people see them beside each other, a `listing` has
any number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streams.cli.output import Cell
from streams.cli.units import bits_per_second_text, bytes_text, percent_text, seconds_text
from streams.wire.times import format_time

__all__ = [
    "Chart",
    "Column",
    "Figure",
    "Level",
    "Line",
    "Numbers",
    "Report",
    "Section",
    "Unit",
    "Value",
    "facts",
    "listing",
    "machine",
    "sides",
    "text",
]

Value = str | int | float | Fraction | bool | None
Shape = Literal["facts", "sides", "listing"]
Numbers = NDArray[np.floating[Any]]


class Unit(Enum):
    """What a value is measured in; None is unknown in any of them."""

    TEXT = "text"
    COUNT = "count"
    BYTES = "bytes"
    RATE = "bit/s"
    SECONDS = "seconds"
    SHARE = "share of 1"
    FACTOR = "factor"
    DAYS = "days"
    MONEY = "currency"
    TIME = "microseconds since 1970"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its key for machines, with the unit in it, and its label for people."""

    key: str
    label: str
    unit: Unit = Unit.TEXT


@dataclass(frozen=True, slots=True)
class Section:
    """Some figures that belong together. The key "" puts facts at the top of the JSON object."""

    key: str
    title: str
    shape: Shape
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Points of one line; `steps` holds each value until the next point. nan breaks the line."""

    name: str
    x: Numbers
    y: Numbers
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A height that matters, right across, or a place (`is_place`), from top to bottom."""

    name: str
    value: float
    is_place: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One chart. Times are microseconds since 1970; `shaded` are spans of x; `scale` is of both axes."""

    title: str
    x_unit: Unit
    y_unit: Unit
    lines: Sequence[Line]
    levels: Sequence[Level] = ()
    shaded: Sequence[tuple[float, float]] = ()
    shade_name: str = ""
    note: str = ""
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `main` is the key of the section that CSV holds unless another is asked for."""

    title: str
    sections: Sequence[Section]
    main: str
    remarks: Sequence[str] = ()
    charts: Sequence[Chart] = ()


Figure = tuple[str, str, Unit, Value]
"""Key, label, unit and value of a fact."""


def facts(key: str, title: str, figures: Iterable[Figure], notes: Iterable[str] = ()) -> Section:
    """A section that is read as a list of names and values."""
    given = list(figures)
    columns = tuple(Column(name, label, unit) for name, label, unit, _ in given)
    return Section(key, title, "facts", columns, (tuple(value for *_, value in given),), tuple(notes))


def sides(
    title: str, names: Sequence[str], figures: Iterable[tuple[str, str, Unit, Sequence[Value]]]
) -> Section:
    """A section whose figures have a value for each of some sides, such as SUM and OR."""
    given = list(figures)
    columns = (Column("basis", ""), *(Column(key, label, unit) for key, label, unit, _ in given))
    rows = tuple((name, *(values[place] for *_, values in given)) for place, name in enumerate(names))
    return Section("claims", title, "sides", columns, rows)


def listing(
    key: str,
    title: str,
    columns: Iterable[Column],
    rows: Iterable[Sequence[Value]],
    notes: Iterable[str] = (),
) -> Section:
    """A section of rows."""
    return Section(key, title, "listing", tuple(columns), tuple(tuple(row) for row in rows), tuple(notes))


def text(unit: Unit, value: Value) -> str:
    """A value for people."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else _TEXTS[unit](value)


def machine(unit: Unit, value: Value) -> Cell:
    """A value for machines: plain numbers, times as RFC 3339."""
    if unit is Unit.TIME and value is not None and not isinstance(value, str):
        return format_time(int(value))
    return float(value) if isinstance(value, Fraction) else value


def _number_text(value: float | Fraction) -> str:
    return f"{int(value)}" if value == int(value) else f"{float(value):g}"


_TEXTS: Mapping[Unit, Callable[[int | float | Fraction], str]] = {
    Unit.TEXT: _number_text,
    Unit.COUNT: _number_text,
    Unit.BYTES: lambda value: bytes_text(float(value)),
    Unit.RATE: lambda value: bits_per_second_text(float(value)),
    Unit.SECONDS: lambda value: seconds_text(float(value)),
    Unit.SHARE: lambda value: percent_text(float(value)),
    Unit.FACTOR: lambda value: f"{float(value):.4f}",
    Unit.DAYS: lambda value: f"{float(value):.0f} d",
    Unit.MONEY: lambda value: f"{float(value):,.2f}",
    Unit.TIME: lambda value: format_time(int(value)),
}
