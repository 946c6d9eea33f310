"""Readers of amounts that refuse what the amount cannot be: a sentence that says what it must be."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from streams.cli.quantities import share, times

__all__ = [
    "MOST",
    "Reader",
    "above_zero",
    "at_least_one",
    "coverage",
    "growth",
    "loss",
    "name",
    "not_negative",
    "one_of",
    "percent",
    "require_countable",
    "require_paths",
    "share_above_zero",
    "whole",
    "years",
]

Reader = Callable[[str], Any]
"""From text to a value; a ValueError says what is wrong with it."""

MOST = 2**63 - 1
"""The most of anything, in base units: what machines that read the answer hold as a whole number."""

_MOST_YEARS = 100
_MOST_GROWTH = 10
_MOST_TIMES = 10**6


def above_zero(read: Reader, text: str) -> Any:
    """More than zero."""
    value = read(text)
    if value <= 0:
        raise ValueError(f"{text!r}: it must be more than zero")
    return value


def not_negative(read: Reader, text: str) -> Any:
    """Zero or more."""
    value = read(text)
    if value < 0:
        raise ValueError(f"{text!r}: it cannot be negative")
    return value


def at_least_one(read: Reader, text: str) -> Any:
    """A factor of at least 1, and at most a million."""
    value = read(text)
    if value < 1:
        raise ValueError(f"{text!r}: a factor of at least 1; 1 leaves it out")
    if value > _MOST_TIMES:
        raise ValueError(f"{text!r}: a factor of at most {_MOST_TIMES}")
    return value


def growth(text: str) -> Fraction:
    """Growth in a year, at most tenfold on top."""
    value = share(text)
    if not 0 <= value <= _MOST_GROWTH:
        raise ValueError(f"{text!r}: growth in a year, from 0 to {_MOST_GROWTH:.0%}, such as 30% or 0.3")
    return value


def share_above_zero(text: str) -> Fraction:
    """A share above 0 and at most 1."""
    value = share(text)
    if not 0 < value <= 1:
        raise ValueError(f"{text!r}: a share above 0 and at most 1, such as 0.7 or 70%")
    return value


def loss(text: str) -> Fraction:
    """A share of packets, from 0 to below 1."""
    value = share(text)
    if not 0 <= value < 1:
        raise ValueError(f"{text!r}: a share of the packets, from 0 to below 1, such as 0.1% or 0.001")
    return value


def coverage(text: str) -> Fraction:
    """A share of the asked time, from 0 to 1."""
    value = share(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r}: a share of the asked time, from 0 to 1")
    return value


def percent(text: str) -> Fraction:
    """A percentage, from 0 to 100."""
    value = times(text)
    if not 0 <= value <= 100:
        raise ValueError(f"{text!r}: a percentage, from 0 to 100")
    return value


def years(text: str) -> Fraction:
    """Years to plan ahead, at most a hundred."""
    value = times(text)
    if not 0 <= value <= _MOST_YEARS:
        raise ValueError(f"{text!r}: years to plan ahead, from 0 to {_MOST_YEARS}")
    return value


def one_of(names: tuple[str, ...], text: str) -> str:
    """One of these names."""
    if text not in names:
        raise ValueError(f"{text!r}: choose one of {', '.join(names)}")
    return text


def whole(read: Reader, text: str) -> int:
    """More than zero, and whole in the base unit."""
    value = above_zero(read, text)
    if value != int(value):
        raise ValueError(f"{text!r}: whole bytes or seconds are needed")
    return int(value)


def require_countable(value: Any, text: str) -> Any:
    """The value itself, where it is a number that answers can hold.

    Raises:
        ValueError: it is larger.
    """
    if isinstance(value, int | Fraction) and value > MOST:
        raise ValueError(f"{text!r}: at most {MOST} in bytes, bit/s, seconds or pieces; give less")
    return value


def require_paths(paths: int | None) -> int | None:
    """A number of paths that follows from the others, where answers can hold it.

    Raises:
        ValueError: there are more; the message says what makes them fewer.
    """
    if paths is not None and paths > MOST:
        raise ValueError(f"paths: more than {MOST} follow; give a faster --path, more time or less growth")
    return paths


def name(text: str) -> str:
    """Any text but none."""
    if not text:
        raise ValueError("it is empty")
    return text
