"""Which part of a range is asked for: `--hours 8-18 --weekdays mon-fri --zone Europe/Rome`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import time, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import typer

from streams.model.intervals import Span, Spans
from streams.model.sizing.localtime import ALL_WEEK, Hours, day_starts_us, spans_of

__all__ = ["Calendar", "calendar_of"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours of local days; without hours the whole range is asked for. Days begin at local midnight."""

    hours: Hours | None
    zone: tzinfo
    text: str

    def spans(self, window: Span) -> Spans:
        """What of the window is asked for."""
        return [window] if self.hours is None else spans_of(self.hours, window, self.zone)

    def days(self, window: Span) -> list[int]:
        """Where the local days of the window begin."""
        return day_starts_us(window, self.zone)


def calendar_of(hours: str | None, weekdays: str | None, zone: str) -> Calendar:
    """The calendar that the options ask for.

    Raises:
        BadParameter: no such hours, days or zone.
    """
    place = _zone(zone)
    if hours is None and weekdays is None:
        return Calendar(None, place, f"all hours, days of {zone}")
    begin, end = _hours(hours or "0-24")
    days = frozenset(range(7)) if weekdays is None else _weekdays(weekdays)
    chosen = Hours(begin, end, days)
    names = "all days" if days == ALL_WEEK else ",".join(_DAYS[day] for day in sorted(days))
    return Calendar(chosen, place, f"{begin:%H:%M} to {end:%H:%M}, {names}, {zone}")


def _hours(text: str) -> tuple[time, time]:
    match = _HOURS.fullmatch(text.strip())
    first, minutes, last, last_minutes = (
        (int(part or 0) for part in match.groups()) if match else (99, 0, 0, 0)
    )
    if (last, last_minutes) == (24, 0):
        last = 0
    try:
        return time(first, minutes), time(last, last_minutes)
    except ValueError as error:
        raise typer.BadParameter(
            f"--hours {text!r}: they look like 8-18 or 22:30-6, and 24 is midnight"
        ) from error


def _weekdays(text: str) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.lower().split(","):
        ends = [name.strip()[:3] for name in part.split("-")]
        if len(ends) > 2 or not set(ends) <= set(_DAYS):
            raise typer.BadParameter(f"--weekdays {text!r}: they look like mon-fri or sat,sun")
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        chosen |= {day % 7 for day in range(first, last + 1 + 7 * (last < first))}
    return frozenset(chosen)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # what zoneinfo raises for names that are none
        near = difflib.get_close_matches(name, sorted(available_timezones()), 3, 0.6) or [
            "UTC",
            "Europe/Rome",
        ]
        raise typer.BadParameter(f"--zone {name!r} is no time zone; such are {', '.join(near)}") from error
