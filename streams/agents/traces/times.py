"""Fields as microseconds since 1970, or since the trace's own zero; finer times are cut, never rounded."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.fields import Fields, Mask
from streams.agents.traces.numbers import decimals, integers

__all__ = ["END_OF_TIME_US", "TIME_UNITS", "TimeUnit", "expected_time", "microseconds"]

TimeUnit = Literal["s", "ms", "us", "ns", "filetime", "rfc3339"]
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)

END_OF_TIME_US = 253_402_300_800_000_000
"""The start of the year 10000: later times have no RFC 3339 form."""

_FILETIME_OF_1970 = np.uint64(116_444_736_000_000_000)
_FILETIME_END = _FILETIME_OF_1970 + np.uint64(END_OF_TIME_US * 10)
_PLACES = {"s": 6, "ms": 3, "us": 0}
_STAMP_BYTES = len("2007-02-22T17:00:00")
_PARTS = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
_SEPARATORS = ((4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":"))

Times = NDArray[np.int64]


def expected_time(unit: TimeUnit) -> str:
    """What a field of this unit must hold, for error messages."""
    if unit == "rfc3339":
        return "an RFC 3339 time like 2007-02-22T17:00:00.5Z, from 1970 to 9999"
    if unit == "filetime":
        return "a Windows file time (100 ns since 1601), from 1970 to 9999"
    return f"a time of 0 or more in {unit}, before the year 10000"


def microseconds(fields: Fields, unit: TimeUnit) -> tuple[Times, Mask]:
    """Fields as microseconds, and which of them are times in `[0, END_OF_TIME_US)`."""
    if unit == "rfc3339":
        return _rfc3339(fields)
    value, good = decimals(fields, _PLACES.get(unit, 0))
    if unit == "filetime":
        good &= (value >= _FILETIME_OF_1970) & (value < _FILETIME_END)
        value = np.where(good, value - _FILETIME_OF_1970, 0) // np.uint64(10)
    elif unit == "ns":
        value //= np.uint64(1000)
    good &= value < END_OF_TIME_US
    return np.where(good, value, 0).astype(np.int64), good


def _rfc3339(fields: Fields) -> tuple[Times, Mask]:
    good = fields.stop - fields.start > _STAMP_BYTES
    for index, allowed in _SEPARATORS:
        good &= np.isin(fields.byte(index), np.frombuffer(allowed, np.uint8))
    year, month, day, hour, minute, second = (_part(fields, *place, good) for place in _PARTS)
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second <= 60)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    good &= days.astype("datetime64[M]") == months
    zone_start, fraction_us = _fraction(fields, good)
    offset_minutes = _zone_minutes(Fields(fields.text, zone_start, fields.stop), good)
    seconds = ((days.astype(np.int64) * 24 + hour) * 60 + minute - offset_minutes) * 60 + second
    time_us = seconds * 1_000_000 + fraction_us
    good &= (time_us >= 0) & (time_us < END_OF_TIME_US)
    return np.where(good, time_us, 0), good


def _part(fields: Fields, start: int, stop: int, good: Mask) -> Times:
    """The digits at fixed places; clears `good` where there are none."""
    value, digits = integers(Fields(fields.text, fields.start + start, fields.start + stop))
    good &= digits
    return np.where(good, value, 0).astype(np.int64)


def _fraction(fields: Fields, good: Mask) -> tuple[NDArray[np.int64], Times]:
    """Where the zone starts, and the microseconds that the fraction before it gives."""
    zone_is_numeric = np.isin(fields.text[fields.stop - 6], np.frombuffer(b"+-", np.uint8))
    zone_start = np.where(zone_is_numeric, fields.stop - 6, fields.stop - 1)
    second_end = fields.start + _STAMP_BYTES
    good &= zone_start >= second_end
    has_fraction = good & (zone_start > second_end)
    rows = np.flatnonzero(has_fraction)
    value, digits = decimals(Fields(fields.text, second_end[rows] - 1, zone_start[rows]), 6)
    good[rows] &= digits & (fields.text[second_end[rows]] == ord("."))
    fraction_us = np.zeros(len(fields), np.int64)
    fraction_us[rows] = (np.where(digits, value, 0) % np.uint64(1_000_000)).astype(np.int64)
    return zone_start, fraction_us


def _zone_minutes(zones: Fields, good: Mask) -> Times:
    """Minutes east of UTC; clears `good` where the zone is neither Z nor like +05:30."""
    minutes = np.zeros(len(zones), np.int64)
    rows = np.flatnonzero(good & ~(zones.equal(b"Z") | zones.equal(b"z")))
    numeric = zones.take(rows)
    hours, hours_good = integers(Fields(zones.text, numeric.start + 1, numeric.start + 3))
    rest, rest_good = integers(Fields(zones.text, numeric.start + 4, numeric.start + 6))
    well_formed = (numeric.stop - numeric.start == 6) & (numeric.byte(3) == ord(":")) & hours_good & rest_good
    good[rows] &= well_formed & (hours < 24) & (rest < 60)
    sign = np.where(numeric.byte(0) == ord("-"), -1, 1)
    minutes[rows] = np.where(good[rows], sign * (hours * np.uint64(60) + rest).astype(np.int64), 0)
    return minutes
