"""Which intervals a calendar asks for: those that lie inside its hours. Others are cut, and left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.cli.reports.calendar import Calendar
from streams.errors import MissingData
from streams.model.intervals import US, Spans, total_us
from streams.store import StoredRange
from streams.wire.times import format_time

__all__ = ["asked_intervals", "cut_us", "require_uncut", "whole_intervals"]

_DAY_US = 86_400 * US

_Times = NDArray[np.int64]


def whole_intervals(spans: Spans, seconds: int) -> Spans:
    """What of the spans whole intervals of this length fill."""
    step_us = seconds * US
    inner = [(-(-start // step_us) * step_us, end // step_us * step_us) for start, end in spans]
    return [(start, end) for start, end in inner if start < end]


def asked_intervals(
    calendar: Calendar, whole_seconds: int = 1
) -> Callable[[_Times, _Times], NDArray[np.bool_]] | None:
    """Which intervals, by start and seconds, lie inside the hours; None where all do.

    With `whole_seconds`, inside of what whole intervals of that length fill of the hours.
    """
    if calendar.hours is None:
        return None

    def asked(start_us: _Times, seconds: _Times) -> NDArray[np.bool_]:
        end_us = start_us + seconds * US
        margin_us = _DAY_US + whole_seconds * US  # hours are not cut short there
        around = int(start_us.min()) - margin_us, int(end_us.max()) + margin_us
        spans = whole_intervals(calendar.spans(around), whole_seconds)
        edges = np.array(spans, np.int64).reshape(-1, 2)
        place = np.searchsorted(edges[:, 0], start_us, "right") - 1
        inside: NDArray[np.bool_] = (place >= 0) & (end_us <= np.append(edges[:, 1], 0)[place])
        return inside

    return asked


def cut_us(spans: Spans, seconds: int) -> int:
    """How much of the spans lies in intervals of this length that reach beyond them."""
    return total_us(spans) - total_us(whole_intervals(spans, seconds))


def require_uncut(ranges: Sequence[StoredRange], spans: Spans, calendar: Calendar) -> None:
    """Refuses hours that hold no whole interval of a group, such as hours of a day that is kept as one.

    Raises:
        MissingData: names the group and the length of its intervals.
    """
    for stored in ranges:
        if whole_intervals(spans, stored.interval_seconds):
            continue
        shortest = min(stored.lengths)
        later = ""
        if len(stored.lengths) > 1:
            start_us = max(each.end_us for each in stored.intervals if each.seconds > shortest)
            later = f", or --from {format_time(start_us)}, from when on they are {shortest} s long"
        raise MissingData(
            f"group {stored.group}: its intervals are {stored.interval_seconds} s long in this range, and "
            f"the calendar ({calendar.text}) holds none of them whole: choose hours that do{later}"
        )
