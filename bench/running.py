"""Measuring side by side: contenders take turns, and every figure is known from each of the runs.

What a machine does meanwhile hits all contenders of a comparison alike, since they are measured one after the
other in every run. Ratios are taken inside a run, never between medians.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

__all__ = [
    "Benchmark",
    "Comparison",
    "Figures",
    "Measure",
    "Ratio",
    "Result",
    "WrongAnswer",
    "measure",
    "median",
    "spread",
]

Figures = dict[str, float]
"""What one measurement found, by name; a name has its unit in it."""

Measure = Callable[[], Figures]
"""Measures once. It raises `WrongAnswer` where the work was not done right: then its time means nothing."""


class WrongAnswer(Exception):
    """What a contender found differs from the brute force."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of the contender `of`, over the same figure of the contender `over` in the same run."""

    figure: str
    of: str
    over: str
    label: str = ""

    @property
    def name(self) -> str:
        """What it is called among the figures of `of`: the label, or figure and rival."""
        return self.label or f"{self.figure} / {self.over}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders on the same work. `contenders` prepares it, untimed, and clears up behind them."""

    name: str
    contenders: Callable[[], AbstractContextManager[Mapping[str, Measure]]]
    ratios: tuple[Ratio, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Comparisons that answer one question, the title."""

    name: str
    title: str
    comparisons: Sequence[Comparison]


@dataclass(slots=True)
class Result:
    """By contender and figure, the values of all runs; `failure` says why there are no more of them."""

    benchmark: str
    comparison: str
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failure: str = ""


def measure(comparison: Comparison, runs: int, *, about_to: Callable[[int, str], None], into: Result) -> None:
    """Lets all contenders run in turn, `runs` times; each run begins with another one.

    `about_to` hears the number of the run and the contender. What was found before a failure stays in `into`.
    """
    with comparison.contenders() as contenders:
        names = list(contenders)
        for run in range(runs):
            found: dict[str, Figures] = {}
            for name in _rotated(names, run):
                about_to(run, name)
                found[name] = contenders[name]()
            for ratio in comparison.ratios:
                found[ratio.of][ratio.name] = found[ratio.of][ratio.figure] / found[ratio.over][ratio.figure]
            for name in names:
                for figure, value in found[name].items():
                    into.figures.setdefault(name, {}).setdefault(figure, []).append(value)


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """Half the way from the lowest to the highest value, as a share of the median; 0 where that is 0."""
    middle = abs(median(values))
    return (max(values) - min(values)) / 2 / middle if middle else 0.0


def _rotated(names: list[str], turns: int) -> list[str]:
    first = turns % len(names)
    return names[first:] + names[:first]
