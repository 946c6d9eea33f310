"""Local days and business hours as spans in UTC: what a calendar asks for, and where days begin.

The zone is given as a `tzinfo`, so nothing is read here. A day lasts from midnight to midnight of the zone,
23 or 25 hours where clocks change. An hour that clocks skip or repeat is taken as `datetime` takes it: the
first of two, and a skipped one by the offset before the change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from streams.model.intervals import US, Span, Spans, clip, union

__all__ = ["ALL_WEEK", "WEEKDAYS", "Hours", "day_starts_us", "spans_of"]

WEEKDAYS = frozenset(range(5))
"""Monday, 0, to Friday, 4."""

ALL_WEEK = frozenset(range(7))

_FIRST, _END = date(1, 1, 4), date(9999, 12, 28)
"""Between them a day more on each side, and the end of its hours, are days of the calendar in any zone."""

_FIRST_US, _END_US = ((day - date(1970, 1, 1)).days * 86_400 * US for day in (_FIRST, _END))


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a day on some weekdays, from `begin` until `end`.

    An end at or before the beginning is one of the next day, so midnight to midnight is the whole day. The
    weekday is the one on which the hours begin.
    """

    begin: time = time(0)
    end: time = time(0)
    weekdays: Collection[int] = WEEKDAYS

    def __post_init__(self) -> None:
        """Refuses days that no week has."""
        if not self.weekdays or not set(self.weekdays) <= ALL_WEEK:
            raise ValueError(f"weekdays {sorted(self.weekdays)}: at least one of 0 (Monday) to 6 (Sunday)")


def spans_of(hours: Hours, window: Span, zone: tzinfo) -> Spans:
    """The spans of these hours inside the window, in microseconds since 1970-01-01 UTC."""
    until_next_day = timedelta(days=1 if hours.end <= hours.begin else 0)
    days = (day for day in _days(window, zone) if day.weekday() in hours.weekdays)
    spans = (
        (_moment_us(day, hours.begin, zone), _moment_us(day + until_next_day, hours.end, zone))
        for day in days
    )
    return clip(union(spans), window)


def day_starts_us(window: Span, zone: tzinfo) -> list[int]:
    """Where the local days begin that the window touches, in order; the first may lie before it."""
    starts = [_moment_us(day, time(0), zone) for day in _days(window, zone)]
    return [
        start
        for start, end in zip(starts, [*starts[1:], window[1]], strict=True)
        if end > window[0] and start < window[1]
    ]


def _days(window: Span, zone: tzinfo) -> Iterator[date]:
    """Local days that may have hours in the window: one more on each side.

    Raises:
        ValueError: the calendar has no such days.
    """
    if not _FIRST_US <= window[0] <= window[1] <= _END_US:
        raise ValueError(
            f"the range reaches to an end of the calendar, where no local days are known: choose one "
            f"from {_FIRST} to {_END}"
        )
    first, last = (datetime.fromtimestamp(edge // US, zone).date() for edge in window)
    for ahead in range(-1, (last - first).days + 2):
        yield first + timedelta(days=ahead)


def _moment_us(day: date, clock: time, zone: tzinfo) -> int:
    moment = datetime.combine(day, clock, zone)
    return int(moment.replace(microsecond=0).timestamp()) * US + moment.microsecond
