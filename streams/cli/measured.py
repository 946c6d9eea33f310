"""What reports rest on: the figures of groups over one range, read from the topics."""

from __future__ import annotations

from collections.abc import Sequence

from streams.cli.output import working
from streams.errors import MissingData
from streams.model.entries import Interval
from streams.model.intervals import Span
from streams.model.sizing.ranges import RangeFigures, measure_range
from streams.store import Source, read_intervals
from streams.wire.times import format_time

__all__ = ["measured_groups"]


def measured_groups(
    source: Source, groups: Sequence[str], from_us: int | None, to_us: int | None
) -> dict[str, RangeFigures]:
    """Figures of each group over the same range: what was asked for, else all that any of them has.

    The range is that of the intervals which start in `[from_us, to_us)`.

    Raises:
        MissingData: a group is unknown, or has nothing in the range.
    """
    intervals: dict[str, list[Interval]] = {}
    for group in groups:
        with working(f"reading group {group}"):
            intervals[group] = read_intervals(source, group, from_us, to_us)
        if not intervals[group]:
            raise MissingData(f"group {group}: nothing was measured {_range_text(from_us, to_us)}; widen it")
    start_us = min(rows[0].start_us for rows in intervals.values())
    end_us = max(rows[-1].end_us for rows in intervals.values())
    measured = {}
    for group, rows in intervals.items():
        window = _window(
            rows[0], start_us if from_us is None else from_us, end_us if to_us is None else to_us
        )
        figures = measure_range(rows, window)
        if figures is not None:
            measured[group] = figures
    return measured


def _window(interval: Interval, from_us: int, to_us: int) -> Span:
    """The span of the group's intervals that start in the range."""
    length_us = interval.end_us - interval.start_us
    return -(-from_us // length_us) * length_us, -(-to_us // length_us) * length_us


def _range_text(from_us: int | None, to_us: int | None) -> str:
    words = [
        "in the range" if from_us is to_us is None else "",
        "" if from_us is None else f"from {format_time(from_us)}",
        "" if to_us is None else f"to {format_time(to_us)}",
    ]
    return " ".join(filter(None, words))
