"""Amounts as people write them: `1TiB`, `155.52Mbit/s`, `OC-3`, `1h30min`, `0.1%`, all read exactly.

What could mean two things is refused: `1T` is decimal or binary, `1Gb` is bits, `1GBPS` is either. A number
without a unit is in the base unit: bytes, bit/s, seconds, or a share of 1.
"""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["count", "money", "rate", "share", "size", "span", "times"]

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_AMOUNT = re.compile(rf"\s*({_NUMBER})\s*([^\d\s.+-]*(?:/s)?)\s*")
_SPAN = re.compile(rf"\s*(?:{_NUMBER}\s*[a-z]+\s*)+", re.ASCII)
_PART = re.compile(rf"({_NUMBER})\s*([a-z]+)", re.ASCII)
_LONGEST = 60

_DECIMAL = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY = {f"{prefix}i": 1024**power for power, prefix in enumerate("KMGTP", 1)}
_SIZES = {f"{prefix}B": factor for prefix, factor in {**_DECIMAL, **_BINARY}.items()}
_RATES = {
    **{f"{prefix}{unit}": factor for prefix, factor in _DECIMAL.items() for unit in ("bit/s", "bps", "b/s")},
    **{f"{prefix}B/s": 8 * factor for prefix, factor in {**_DECIMAL, **_BINARY}.items()},
}
_LINES = {
    "T1": "1.544",
    "E1": "2.048",
    "E3": "34.368",
    "T3": "44.736",
    "OC-3": "155.52",
    "OC-12": "622.08",
    "OC-48": "2488.32",
    "OC-192": "9953.28",
    "1GbE": "1000",
    "10GbE": "10000",
    "25GbE": "25000",
    "100GbE": "100000",
}
"""Mbit/s of lines that have a name."""

_SPANS: dict[str, Fraction] = {
    "us": Fraction(1, 10**6),
    "ms": Fraction(1, 10**3),
    "s": Fraction(1),
    "sec": Fraction(1),
    "min": Fraction(60),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
    "w": Fraction(604_800),
}


def size(text: str) -> Fraction:
    """Bytes: `64KiB` is 65536, `100 GB` is 10^11.

    Raises:
        ValueError: no such amount; the message says how one looks.
    """
    number, unit = _amount(text, "a size like 1.5TiB or 100GB")
    if unit and unit not in _SIZES:
        raise ValueError(f"{_shown(text)}: {_no_size(unit)}")
    return number * Fraction(_SIZES.get(unit, 1))


def rate(text: str) -> Fraction:
    """Bits per second: `155.52Mbit/s`, `1Gbps`, `20MB/s` (of bytes), `OC-3`.

    Raises:
        ValueError: as above.
    """
    if text.strip() in _LINES:
        return Fraction(_LINES[text.strip()]) * 10**6
    number, unit = _amount(text, f"a rate like 155.52Mbit/s, 20MB/s or one of {', '.join(_LINES)}")
    if unit and unit not in _RATES:
        raise ValueError(
            f"{_shown(text)}: {unit!r} is no unit of a rate; bits are Mbit/s or Gbit/s (Mbps, Gbps), "
            "bytes are MB/s or MiB/s"
        )
    return number * Fraction(_RATES.get(unit, 1))


def span(text: str) -> Fraction:
    """Seconds: `90`, `80ms`, `1h30min`, `2d`.

    Raises:
        ValueError: as above.
    """
    looks = "a time like 15min, 1h30min, 80ms or 7d"
    if re.fullmatch(rf"\s*{_NUMBER}\s*", text):
        return _amount(text, looks)[0]
    if len(text) > _LONGEST or not _SPAN.fullmatch(text):
        raise ValueError(f"{_shown(text)}: it is to be {looks}")
    parts = _PART.findall(text)
    if unknown := [unit for _, unit in parts if unit not in _SPANS]:
        raise ValueError(f"{_shown(text)}: {unknown[0]!r} is no unit of time; take {', '.join(_SPANS)}")
    return sum((Fraction(number) * _SPANS[unit] for number, unit in parts), Fraction(0))


def share(text: str) -> Fraction:
    """A share of 1: `0.7` or `70%`.

    Raises:
        ValueError: as above.
    """
    number, unit = _amount(text, "a share like 70% or 0.7")
    if unit not in ("", "%"):
        raise ValueError(f"{_shown(text)}: it is to be a share like 70% or 0.7")
    return number / 100 if unit else number


def times(text: str) -> Fraction:
    """A plain number: a factor, a percentage with or without its sign, years.

    Raises:
        ValueError: as above.
    """
    number, unit = _amount(text, "a number like 1.2")
    if unit not in ("", "%", "x"):
        raise ValueError(f"{_shown(text)}: it is to be a number like 1.2")
    return number


def money(text: str) -> Fraction:
    """A price in the user's currency.

    Raises:
        ValueError: as above.
    """
    return _plain(text, "a price like 850 or 0.05, without the currency")


def count(text: str) -> int:
    """A whole number.

    Raises:
        ValueError: as above.
    """
    number = _plain(text, "a whole number like 2")
    if number.denominator != 1:
        raise ValueError(f"{_shown(text)}: it is to be a whole number like 2")
    return int(number)


def _plain(text: str, looks: str) -> Fraction:
    number, unit = _amount(text, looks)
    if unit:
        raise ValueError(f"{_shown(text)}: it is to be {looks}")
    return number


def _amount(text: str, looks: str) -> tuple[Fraction, str]:
    found = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    exponent = re.search(r"\d[eE][+-]?(\d+)", text)
    if found is None or (exponent and int(exponent[1]) > _LONGEST):
        raise ValueError(f"{_shown(text)}: it is to be {looks}")
    return Fraction(found[1]), found[2]


def _no_size(unit: str) -> str:
    if unit in _DECIMAL or unit in _BINARY:
        letter = unit[0].upper()
        return f"say {letter}B for powers of 1000 or {letter}iB for powers of 1024"
    if unit.endswith(("b", "bit")):
        return "these are bits; give bytes, such as GB or GiB"
    return f"{unit!r} is no unit of size; give bytes, such as GB or GiB"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
