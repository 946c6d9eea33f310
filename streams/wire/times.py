"""Times as text: RFC 3339 in UTC, to and from microseconds since 1970, cut and never rounded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from streams.errors import MessageError

__all__ = ["RFC3339", "format_time", "parse_time"]

RFC3339 = (
    r"^([1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
)
"""What a time looks like, from year 1 on; whether there is such a day and hour is for the calendar to say."""

_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def parse_time(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time; digits finer than a microsecond are cut.

    Raises:
        MessageError: no such time; reason `bad-value`.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise MessageError("bad-value", f"{text!r} is no RFC 3339 time like 2007-02-22T12:05:00Z")
    day, clock, fraction, sign, hours, minutes = match.groups()
    try:
        seconds = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError as error:
        raise MessageError("bad-value", f"{text!r} is no time: {error}") from None
    shift = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
    micros = int(((fraction or "") + "000000")[:6])
    since = seconds - _EPOCH
    return (since + shift if sign == "-" else since - shift) // _US + micros


def format_time(time_us: int) -> str:
    """The time in RFC 3339 UTC: whole seconds without a fraction, others with six digits.

    Raises:
        ValueError: outside the years 1 to 9999, which RFC 3339 can name.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        raise ValueError(f"{time_us} microseconds since 1970: outside the years 1 to 9999") from None
    return moment.replace(tzinfo=None).isoformat() + "Z"
