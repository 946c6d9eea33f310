"""Fields as integers and decimals, eight digits per step, exact.

Eight characters are loaded as one 64-bit word and turned into their value by three multiplications (pairs of
digits, then of pairs, then of fours), for all lines at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.fields import Fields, Mask

__all__ = ["decimals", "integers"]

_DIGITS = 19  # 10^19 - 1 is the longest run of nines below 2^64
_WORD = 8
_KEEP = np.array([(1 << 64) - (1 << 8 * (_WORD - kept)) for kept in range(_WORD + 1)], np.uint64)
_ZEROS = np.uint64(0x3030303030303030)
_HIGH = np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX = np.uint64(0x0606060606060606)
_POWERS = 10 ** np.arange(_DIGITS + 1, dtype=np.uint64)


def integers(fields: Fields) -> tuple[NDArray[np.uint64], Mask]:
    """Fields of 1 to 19 decimal digits as values, and which of them are such; the others have any value."""
    length = fields.stop - fields.start
    good = (length > 0) & (length <= _DIGITS)
    longest = int(length.max(initial=0, where=good))
    value = np.zeros(len(fields), np.uint64)
    for done in range(0, longest, _WORD):
        word = _word_before(fields, np.clip(length - done, 0, _WORD), done)
        good &= _all_digits(word)
        value += _value(word) * _POWERS[done]
    return value, good


def decimals(fields: Fields, places: int) -> tuple[NDArray[np.uint64], Mask]:
    """Fields like `12` or `12.345` times 10^places, further places cut off, and which of them are such.

    Up to 19 digits stand on either side of the point; a product of more than 19 digits is not good.
    """
    value, good = integers(fields)
    good &= value < _POWERS[_DIGITS - places]
    value *= _POWERS[places]
    rows = np.flatnonzero(~good)
    points = np.flatnonzero(fields.text == ord(".")) if len(rows) else rows
    if not len(points):
        return value, good
    rest = fields.take(rows)
    after = np.searchsorted(points, rest.start)
    point = points[np.minimum(after, len(points) - 1)]
    has_point = (point >= rest.start) & (point < rest.stop)
    point = np.where(has_point, point, rest.start)
    whole, whole_good = integers(Fields(rest.text, rest.start, point))
    part, part_good = integers(Fields(rest.text, point + has_point, rest.stop))
    digits = np.clip(rest.stop - point - 1, 0, _DIGITS)
    part = np.where(
        digits > places,
        part // _POWERS[np.maximum(digits - places, 0)],
        part * _POWERS[np.maximum(places - digits, 0)],
    )
    good[rows] = has_point & whole_good & part_good & (whole < _POWERS[_DIGITS - places])
    value[rows] = whole * _POWERS[places] + part
    return value, good


def _word_before(fields: Fields, keep: NDArray[np.int64], done: int) -> NDArray[np.uint64]:
    """The `keep` characters that end `done` before each field's end, as a word with zeros in front."""
    words = np.ndarray((len(fields.text) - _WORD + 1,), "<u8", buffer=fields.text, strides=(1,))
    mask = _KEEP[keep]
    word: NDArray[np.uint64] = words[np.maximum(fields.stop - done - _WORD, 0)]
    return (word & mask) | (_ZEROS & ~mask)


def _all_digits(word: NDArray[np.uint64]) -> Mask:
    """Whether all eight bytes are '0' to '9': high half 3, and still 3 after adding 6."""
    good: Mask = ((word & _HIGH) == _ZEROS) & (((word + _SIX) & _HIGH) == _ZEROS)
    return good


def _value(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    word = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = (word * np.uint64(10 * 2**8 + 1)) >> np.uint64(8)
    word = word & np.uint64(0x00FF00FF00FF00FF)
    word = (word * np.uint64(100 * 2**16 + 1)) >> np.uint64(16)
    word = word & np.uint64(0x0000FFFF0000FFFF)
    return (word * np.uint64(10_000 * 2**32 + 1)) >> np.uint64(32)
