"""A metric family as a value, and the readings of it as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from prometheus_client.utils import floatToGoString

__all__ = ["PREFIX", "Family", "Kind", "Reading", "by_name", "line_of", "page_of", "rows_of_page"]

PREFIX = "linkgauge_"

Kind = Literal["counter", "gauge", "info"]

# OpenMetrics leaves out of a name what its samples end with; in the older text an info is a gauge.
_SUFFIX: Mapping[Kind, str] = {"counter": "_total", "info": "_info", "gauge": ""}
_TEXT_KIND: Mapping[Kind, str] = {"counter": "counter", "info": "gauge", "gauge": "gauge"}


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family; `name` is that of its samples, without the prefix."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


class Reading(NamedTuple):
    """A value of a family, the labels in the family's order; one that is empty is left out."""

    family: str
    labels: tuple[str, ...]
    value: float


def by_name(families: Iterable[Family]) -> dict[str, Family]:
    """The families in the order in which they are served."""
    return {family.name: family for family in families}


def line_of(family: Family, reading: Reading) -> str:
    """The reading as both text formats have it."""
    labels = ",".join(
        f'{name}="{_escaped(value)}"'
        for name, value in zip(family.labels, reading.labels, strict=True)
        if value
    )
    name = f"{PREFIX}{family.name}{{{labels}}}" if labels else PREFIX + family.name
    return f"{name} {_number(reading.value)}\n"


def page_of(
    families: Mapping[str, Family], lines: Mapping[str, Sequence[str]], *, open_metrics: bool
) -> Iterator[str]:
    """Text of all families that have a line, without OpenMetrics' last line."""
    for name, family in families.items():
        if found := lines.get(name):
            yield _head(family, open_metrics=open_metrics)
            yield from found


def rows_of_page(families: Mapping[str, Family]) -> Iterator[str]:
    """The families as rows of a table for people."""
    yield "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    for family in families.values():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{PREFIX}{family.name}` | {family.kind} | {labels} | {family.help} |\n"


def _number(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


def _head(family: Family, *, open_metrics: bool) -> str:
    name = PREFIX + family.name
    kind = _TEXT_KIND[family.kind]
    if open_metrics:
        name, kind = name.removesuffix(_SUFFIX[family.kind]), family.kind
    return f"# HELP {name} {_escaped_help(family.help)}\n# TYPE {name} {kind}\n"


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
