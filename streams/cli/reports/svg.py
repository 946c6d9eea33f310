"""A chart as an SVG element: axes, lines, levels, shaded spans, a legend."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import numpy as np

from streams.cli.reports.document import Chart, Line, Unit, text
from streams.cli.reports.ticks import Ticks, log_ticks, ticks

__all__ = ["svg"]

_WIDTH, _HEIGHT = 920, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 86, 18, 40, 30
_COLOURS = ("a", "b", "c")
_LETTER = 6.3  # width of one, about
_LINE = 14.0
_ABOVE = 1.08


class _Frame:
    """Where values fall on the paper."""

    def __init__(self, chart: Chart) -> None:
        xs = np.concatenate([line.x for line in chart.lines] or [np.zeros(0)])
        ys = np.concatenate([line.y for line in chart.lines] or [np.zeros(0)])
        heights = [level.value for level in chart.levels if not level.is_place]
        self.is_log = chart.scale == "log"
        spans = [edge for span in chart.shaded for edge in span]
        self.x_low, self.x_high = _range([*xs.tolist(), *spans])
        if chart.x_unit in (Unit.RATE, Unit.SECONDS) and not self.is_log:
            self.x_low = 0.0
        known = ys[~np.isnan(ys)]
        highest = max([float(known.max()) if len(known) else 0.0, *heights])
        positive = known[known > 0]
        self.y_low = float(positive.min()) / _ABOVE if self.is_log and len(positive) else 0.0
        self.y_high = 1.0 if chart.y_unit is Unit.SHARE else highest * _ABOVE or 1.0

    def x(self, value: float) -> float:
        low, high = self.x_low, self.x_high
        if self.is_log:
            value, low, high = (math.log(each) for each in (value, low, high))
        share = (value - low) / (high - low) if high > low else 0.5
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_low, self.y_high
        if low:
            value, low, high = (math.log(max(each, low)) for each in (value, low, high))
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def x_ticks(self, unit: Unit) -> Ticks:
        return (
            log_ticks(unit, self.x_low, self.x_high) if self.is_log else ticks(unit, self.x_low, self.x_high)
        )

    def y_ticks(self, unit: Unit) -> Ticks:
        marks = log_ticks if self.y_low else ticks
        return marks(unit, self.y_low, self.y_high)


def svg(chart: Chart) -> str:
    """The element; its colours are those of the page's style."""
    frame = _Frame(chart)
    body = "\n".join(
        [
            *_shades(chart, frame),
            *_axes(chart, frame),
            *(_path(line, frame, colour) for line, colour in zip(chart.lines, _COLOURS, strict=False)),
            *_levels(chart, frame),
            *_legend(chart),
        ]
    )
    box, label = f"0 0 {_WIDTH} {_HEIGHT}", escape(chart.title)
    return f'<svg viewBox="{box}" role="img" aria-label="{label}">\n{body}\n</svg>'


def _shades(chart: Chart, frame: _Frame) -> Iterator[str]:
    for start, end in chart.shaded:
        left, right = frame.x(start), frame.x(end)
        width = max(right - left, 2.0)  # short ones are to be seen in a long range
        yield _element("rect", "shade", x=left, y=_TOP, width=width, height=_HEIGHT - _TOP - _BOTTOM)


def _axes(chart: Chart, frame: _Frame) -> Iterator[str]:
    for value, label in frame.y_ticks(chart.y_unit):
        height = frame.y(value)
        yield _element("line", "grid", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=height, y2=height)
        yield _text(_LEFT - 8, height + 4, label, "end")
    taken = -math.inf
    for value, label in frame.x_ticks(chart.x_unit):
        place, half = frame.x(value), len(label) * _LETTER / 2
        yield _element("line", "grid", x1=place, x2=place, y1=_HEIGHT - _BOTTOM, y2=_HEIGHT - _BOTTOM + 4)
        if place - half > taken and place + half <= _WIDTH:
            taken = place + half + 6
            yield _text(place, _HEIGHT - _BOTTOM + 18, label, "middle")


_RING = "m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0"
"""Around a point that stands alone."""


def _path(line: Line, frame: _Frame, colour: str) -> str:
    parts: list[str] = []
    pen = False
    for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True):
        if math.isnan(y):
            if pen and line.steps:
                parts.append(f"H{frame.x(x):.1f}")
            pen = False
            continue
        if not pen:
            parts.append(f"M{frame.x(x):.1f} {frame.y(y):.1f}")
        elif line.steps:
            parts.append(f"H{frame.x(x):.1f}V{frame.y(y):.1f}")
        else:
            parts.append(f"L{frame.x(x):.1f} {frame.y(y):.1f}")
        pen = True
    if pen and line.steps:
        parts.append(f"H{frame.x(frame.x_high):.1f}")
    elif len(parts) == 1:
        parts.append(_RING)
    return f'<path class="line {colour}" d="{"".join(parts)}"/>'


def _levels(chart: Chart, frame: _Frame) -> Iterator[str]:
    """The lines of all levels, and above them their names, which keep out of each other's way."""
    for level in chart.levels:
        place = frame.x(level.value) if level.is_place else frame.y(level.value)
        ends = {"x1": place, "x2": place, "y1": _TOP, "y2": _HEIGHT - _BOTTOM}
        across = {"x1": _LEFT, "x2": _WIDTH - _RIGHT, "y1": place, "y2": place}
        yield _element("line", "level", **(ends if level.is_place else across))
    taken: list[float] = []
    for level in sorted(chart.levels, key=lambda each: -each.value):
        unit = chart.x_unit if level.is_place else chart.y_unit
        label = f"{level.name}: {text(unit, level.value)}"
        if level.is_place:
            place, height = frame.x(level.value), _HEIGHT - _BOTTOM - 10.0 - 15 * len(taken)
            fits = place + 6 + len(label) * _LETTER <= _WIDTH - _RIGHT
            yield _text(place + (5 if fits else -5), height, label, "start" if fits else "end", "strong")
        else:
            height = frame.y(level.value) - 5
            while any(abs(height - other) < _LINE for other in taken):
                height += _LINE
            yield _text(_WIDTH - _RIGHT - 4, height, label, "end", "strong")
        taken.append(height)


def _legend(chart: Chart) -> Iterator[str]:
    place = float(_LEFT)
    for line, colour in zip(chart.lines, _COLOURS, strict=False):
        yield f'<path class="line {colour}" d="M{place:.1f} 18h22"/>'
        yield _text(place + 28, 22, line.name, "start")
        place += 28 + len(line.name) * _LETTER + 22
    if chart.shaded:
        yield _element("rect", "shade", x=place, y=10, width=22, height=14)
        yield _text(place + 28, 22, chart.shade_name, "start")


def _element(name: str, style: str, **numbers: float) -> str:
    written = " ".join(f'{key}="{value:.1f}"' for key, value in numbers.items())
    return f'<{name} class="{style}" {written}/>'


def _text(x: float, y: float, words: str, anchor: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _range(values: list[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 1.0)
