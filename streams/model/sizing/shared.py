"""What groups ask of a link together: their summed series, and what sharing saves.

A link is sized on the sum of its groups' series, never on their summed peaks: peaks seldom meet. How much
that saves is the diversity factor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from streams.model.sizing.exact import Number, not_negative
from streams.model.sizing.series import Series

__all__ = ["diversity_factor", "peak_diversity_factor", "summed"]


def summed(parts: Sequence[Series]) -> Series:
    """The arrivals of all parts on one grid: slots of the least common multiple, over all of their ranges.

    A slot of the sum is covered as well as the least covered of its parts; outside of a part's range that
    part is a gap. So the sum claims nothing that one of them does not know. Calendars are put on the sum.

    Raises:
        ValueError: there are no parts.
    """
    if not parts:
        raise ValueError("parts: at least one series is needed for a sum")
    slot_seconds = math.lcm(*(part.slot_seconds for part in parts))
    coarse = [part.coarsened(slot_seconds) for part in parts]
    start_us, end_us = min(part.start_us for part in coarse), max(part.end_us for part in coarse)
    slot_us = coarse[0].slot_us
    padding = [((part.start_us - start_us) // slot_us, (end_us - part.end_us) // slot_us) for part in coarse]
    covered = [np.pad(part.coverage, pad) for part, pad in zip(coarse, padding, strict=True)]
    values = np.zeros((end_us - start_us) // slot_us, np.int64)
    for part, pad in zip(coarse, padding, strict=True):
        values += np.pad(part.bytes_by_slot, pad)
    return Series(start_us, slot_seconds, values, np.min(covered, axis=0))


def diversity_factor(separate: Sequence[Number], together: Number) -> float | None:
    """What separate links need in all over what one shared link needs: at least 1; None where none is needed.

    Any figure may be compared as long as the need of a sum is never above the sum of the needs: peaks, and
    the smallest rate for an RPO.
    """
    whole = not_negative("together", together)
    parts = sum((not_negative("separate", each) for each in separate), Fraction(0))
    return float(parts / whole) if whole else None


def peak_diversity_factor(parts: Sequence[Series]) -> float | None:
    """The sum of the parts' peaks over the peak of their sum, on the common grid."""
    whole = summed(parts)
    peaks = [int(part.coarsened(whole.slot_seconds).bytes_by_slot.max(initial=0)) for part in parts]
    return diversity_factor(peaks, int(whole.bytes_by_slot.max(initial=0)))
