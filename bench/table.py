"""Results as aligned text: a line for each contender, of each figure the median and its spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.running import Result, median, spread

__all__ = ["number", "table"]

_SCALES = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))  # from where on, unit, suffix


def table(title: str, results: Sequence[Result]) -> str:
    """The results of one benchmark. Columns are the figures that occur, in the order of their appearance."""
    figures = list(dict.fromkeys(f for result in results for own in result.figures.values() for f in own))
    rows = [["", "", *figures], *_rows(results, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(_placed(row, widths)).rstrip() for row in rows]
    rule = "-" * max(map(len, [title, *lines]))
    failures = [f"{result.comparison}: {result.failure}" for result in results if result.failure]
    return "\n".join([title, rule, *lines, *failures])


def number(value: float) -> str:
    """Three digits and a suffix for thousands (from 10,000), millions and billions."""
    for least, unit, suffix in _SCALES:
        if abs(value) >= least * 0.9995:
            return f"{_three_digits(value / unit)} {suffix}"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return _three_digits(value)


def _rows(results: Iterable[Result], figures: Sequence[str]) -> Iterable[list[str]]:
    for result in results:
        comparison = result.comparison
        for contender, own in result.figures.items():
            yield [comparison, contender, *(_cell(own.get(figure, ())) for figure in figures)]
            comparison = ""


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle = number(median(values))
    if len(values) == 1:
        return middle
    # What came out the same every time needs no spread, only the room for it.
    return middle + (f" ±{spread(values):>3.0%}" if min(values) < max(values) else " " * 5)


def _placed(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """Names to the left, figures to the right."""
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        yield text.ljust(width) if column < 2 else text.rjust(width)


def _three_digits(value: float) -> str:
    size = abs(value)
    for limit, decimals in ((99.95, 0), (9.995, 1), (0.9995, 2)):
        if size >= limit:
            return f"{value:,.{decimals}f}"
    return f"{value:.3g}"
