"""Numbers for people: decimal prefixes for rates, binary ones for sizes, hours and minutes for times."""

from __future__ import annotations

import math

import typer

from streams.errors import MessageError
from streams.wire.times import parse_time

__all__ = [
    "bits_per_second_text",
    "bytes_text",
    "count_text",
    "percent_text",
    "seconds_text",
    "time_argument",
]

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_DECIMAL = ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s")
_TIMES = ((86_400, "d"), (3600, "h"), (60, "min"))


def count_text(count: int | None, thing: str) -> str:
    """A number of things: `1 volume`, `2 volumes`."""
    return f"{'?' if count is None else count} {thing}{'' if count == 1 else 's'}"


def bytes_text(size: float | None) -> str:
    """A size with a binary prefix: 1536 is `1.50 KiB`. Unknown is a question mark, as everywhere here."""
    return _scaled(size, 1024, _BINARY)


def bits_per_second_text(rate: float | None) -> str:
    """A rate with a decimal prefix: 155520000 is `155.52 Mbit/s`."""
    return _scaled(rate, 1000, _DECIMAL)


def seconds_text(seconds: float | None) -> str:
    """A time in the largest unit that it fills: 5400 is `1.50 h`."""
    if seconds is None:
        return "?"
    if math.isinf(seconds):
        return "never"
    for length, unit in _TIMES:
        if seconds >= length:
            return f"{seconds / length:.2f} {unit}"
    return f"{seconds:.4g} s"


def percent_text(ratio: float | None) -> str:
    """A share in percent: 0.125 is `12.50 %`."""
    return "?" if ratio is None else f"{100 * ratio:.2f} %"


def time_argument(text: str | None) -> int | None:
    """Microseconds since 1970 of an RFC 3339 time on the command line, or of the midnight (UTC) of a day."""
    if text is None:
        return None
    try:
        return parse_time(text if ":" in text else f"{text}T00:00:00Z")
    except MessageError as error:
        raise typer.BadParameter(
            f"{text!r} is no time: it looks like 2007-02-22T12:05:00Z, and a day like 2007-02-22 will do too"
        ) from error


def _scaled(value: float | None, step: int, units: tuple[str, ...]) -> str:
    if value is None:
        return "?"
    power = 0
    while abs(value) >= step and power < len(units) - 1:
        value /= step
        power += 1
    digits = 0 if power == 0 and value == int(value) else 2
    return f"{value:.{digits}f} {units[power]}"
