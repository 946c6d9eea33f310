"""Numbers of the sizing formulas as exact fractions, so that an exact multiple never rounds up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

__all__ = ["Number", "ceil_div", "exact", "not_negative", "percent_share", "positive"]

Number = int | float | Decimal | Fraction
"""What the formulas take. Results are fractions; `float(...)` them for display only."""


def exact(value: Number) -> Fraction:
    """The number as a fraction; a float means the decimal number that it prints as, so 0.1 is a tenth.

    Raises:
        ValueError: not a finite number.
    """
    try:
        return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError) as error:  # how Fraction refuses nan and infinity
        raise ValueError(f"{value}: a finite number is needed") from error


def ceil_div(dividend: Fraction, divisor: Fraction) -> int:
    """The smallest whole number of divisors that reaches the dividend; 0 for 0."""
    return -(-dividend // divisor)


def not_negative(name: str, value: Number) -> Fraction:
    """The number as a fraction.

    Raises:
        ValueError: negative, or not a finite number; the message begins with the name.
    """
    amount = _named(name, value)
    if amount < 0:
        raise ValueError(f"{name} {value}: it cannot be negative")
    return amount


def positive(name: str, value: Number) -> Fraction:
    """The number as a fraction.

    Raises:
        ValueError: zero, negative, or not a finite number; the message begins with the name.
    """
    amount = _named(name, value)
    if amount <= 0:
        raise ValueError(f"{name} {value}: it must be more than zero")
    return amount


def percent_share(name: str, value: Number) -> Fraction:
    """A percentage as a share of 1.

    Raises:
        ValueError: outside 0 to 100; the message begins with the name.
    """
    share = _named(name, value) / 100
    if not 0 <= share <= 1:
        raise ValueError(f"{name} {value}: it must be from 0 to 100")
    return share


def _named(name: str, value: Number) -> Fraction:
    try:
        return exact(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error
