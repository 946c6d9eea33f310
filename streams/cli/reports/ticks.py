"""Where an axis has its marks: round numbers in the unit that people read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from streams.cli.reports.document import Unit, text
from streams.model.intervals import US

__all__ = ["log_ticks", "ticks"]

_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_LOG_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000, 31_536_000)
_MOST = 7
_DAY_SECONDS = 86_400
_STEPS = (*_TIMES, *(days * _DAY_SECONDS for days in (2, 5, 7, 14, 28, 56, 112, 365, 730, 3650)))

Ticks = list[tuple[float, str]]


def ticks(unit: Unit, low: float, high: float) -> Ticks:
    """Up to about seven marks between the two, each with its label."""
    if unit is Unit.TIME:
        return _moments(low, high)
    if unit is Unit.SECONDS:
        step = next((each for each in _STEPS if high / each <= _MOST), high)
    elif unit is Unit.SHARE:
        step = 0.2
    else:
        step = _round_step(high / _MOST, 1024 if unit is Unit.BYTES else 1000)
    count = int(high / step + 1e-9) if step else 0
    return [(place * step, _label(unit, place * step)) for place in range(math.ceil(low / step), count + 1)]


def log_ticks(unit: Unit, low: float, high: float) -> Ticks:
    """Marks of a logarithmic axis: usual times, or powers of two or ten that are few enough."""
    marks: Sequence[float] = _LOG_SECONDS
    if unit is not Unit.SECONDS:
        base = 2 if unit is Unit.BYTES else 10
        first, last = (math.log(edge, base) for edge in (low, high))
        step = max(math.ceil((last - first) / _MOST), 1)
        marks = [float(base) ** power for power in range(math.ceil(first), math.floor(last) + 1, step)]
    return [(float(each), _label(unit, each)) for each in marks if low <= each <= high]


def _round_step(least: float, base: int) -> float:
    """1, 2 or 5 tens of a prefix, or a power of two of it where prefixes are binary."""
    if least <= 0:
        return 1.0
    scale = float(base) ** math.floor(math.log(least, base) + 1e-12)
    steps = (
        [2.0**power for power in range(11)]
        if base == 1024
        else [factor * 10**power for power in range(4) for factor in (1, 2, 5)]
    )
    return scale * next(step for step in steps if step * scale >= least * (1 - 1e-9))


def _label(unit: Unit, value: float) -> str:
    """The text of a value without the noughts that a round number ends with."""
    if unit is Unit.SHARE:
        return f"{100 * value:.0f} %"
    number, _, prefix = text(unit, value).partition(" ")
    return f"{float(number):g} {prefix}"


def _moments(low_us: float, high_us: float) -> Ticks:
    seconds = (high_us - low_us) / US
    step = next((each for each in _STEPS if seconds / each <= _MOST), _STEPS[-1])
    first = math.ceil(low_us / US / step)
    marks = [place * step for place in range(first, int(high_us / US // step) + 1)]
    style = "%H:%M" if step % 60 == 0 else "%H:%M:%S"
    labels: Ticks = []
    for mark in marks:
        moment = datetime.fromtimestamp(mark, UTC)
        midnight = mark % _DAY_SECONDS == 0
        labels.append((float(mark * US), moment.strftime("%-d %b" if midnight else style)))
    return labels
