"""What a dashboard consists of, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Board", "Kind", "Panel", "Query", "Variable", "chosen"]

Kind = Literal["time", "stat", "bar"]


def chosen(variable: str) -> str:
    """A matcher of the label whose name the variable has, for its value.

    Grafana escapes no double quotes in a value. In backticks Prometheus takes a value as it is, and `raw`
    keeps Grafana from touching it: so every name can be chosen but one with a backtick.
    """
    return f"{variable}=`${{{variable}:raw}}`"


@dataclass(frozen=True, slots=True)
class Query:
    """An expression of Prometheus, and how its series are called: `{{link}}` stands for a label."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture of some queries.

    `unit` is one of Grafana's. `red_below` and `red_from` colour what is bad. `leads_to` is the name of the
    dashboard that a click opens, with the series' label of that name. `width` is in 24ths of the page.
    """

    kind: Kind
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int = 12
    red_below: float | None = None
    red_from: float | None = None
    leads_to: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label."""

    name: str
    label: str
    values: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; its uid is `linkgauge-` and its name, for ever."""

    name: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]

    @property
    def uid(self) -> str:
        """What its address ends in."""
        return f"linkgauge-{self.name}"
