"""What groups ask of a link together: their summed series, and what sharing saves.

A link is sized on the sum of its groups' series, never on their summed peaks: peaks seldom meet. How much
that saves is the diversity factor, and it is told only where all groups were measured: a gap of one would
look like a saving.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from streams.model.intervals import Spans
from streams.model.sizing.exact import Number, not_negative
from streams.model.sizing.series import Series

__all__ = ["diversity_factor", "missing_spans", "peak_diversity_factor", "summed", "together"]


def summed(parts: Sequence[Series]) -> Series:
    """The arrivals of all parts on one grid: slots of the least common multiple, over all of their ranges.

    Every byte that any of them saw is in the sum, and a slot that any of them measured is judged: what was
    seen is asked of the link, whatever the others did meanwhile. So figures are lower bounds where a part is
    missing. The coverage of a slot is the mean of the parts'; outside of its range a part has none. Calendars
    are put on the sum.

    Raises:
        ValueError: there are no parts.
    """
    laid = _on_one_grid(parts)
    whole = laid[0]
    values, covered = np.zeros(whole.slots, np.int64), np.zeros(whole.slots)
    for part in laid:
        values += part.bytes_by_slot
        covered += part.coverage / len(laid)
    return Series(whole.start_us, whole.slot_seconds, values, np.minimum(covered, 1))


def together(parts: Sequence[Series]) -> list[Series]:
    """The parts on one grid, with the arrivals of those slots alone in which all of them were measured.

    Only there can they be compared with their sum: elsewhere it holds less than them.

    Raises:
        ValueError: there are no parts.
    """
    laid = _on_one_grid(parts)
    known = np.logical_and.reduce([part.judged for part in laid])
    return [
        Series(part.start_us, part.slot_seconds, part.bytes_by_slot * known, part.coverage * known)
        for part in laid
    ]


def missing_spans(parts: Sequence[Series]) -> Spans:
    """The spans in which a part was measured and another one was not: there the sum is a lower bound.

    Raises:
        ValueError: there are no parts.
    """
    laid = _on_one_grid(parts)
    known = [part.judged for part in laid]
    partly = np.logical_or.reduce(known) & ~np.logical_and.reduce(known)
    whole = laid[0]
    return Series(whole.start_us, whole.slot_seconds, whole.bytes_by_slot, 1.0 - partly).gaps()


def _on_one_grid(parts: Sequence[Series]) -> list[Series]:
    if not parts:
        raise ValueError("parts: at least one series is needed for a sum")
    slot_seconds = math.lcm(*(part.slot_seconds for part in parts))
    coarse = [part.coarsened(slot_seconds) for part in parts]
    start_us, end_us = min(part.start_us for part in coarse), max(part.end_us for part in coarse)
    slot_us = coarse[0].slot_us
    laid = []
    for part in coarse:
        pad = ((part.start_us - start_us) // slot_us, (end_us - part.end_us) // slot_us)
        values, covered = np.pad(part.bytes_by_slot, pad), np.pad(part.coverage, pad)
        # Outside of its own range nothing is known of a part, and it is asked for all the same.
        asked = np.pad(part.asked, pad, constant_values=True)
        laid.append(Series(start_us, slot_seconds, values, covered, asked))
    return laid


def diversity_factor(separate: Sequence[Number], together: Number) -> float | None:
    """What separate links need in all over what one shared link needs: at least 1; None where none is needed.

    Any figure may be compared as long as the need of a sum is never above the sum of the needs: peaks, and
    the smallest rate for an RPO.
    """
    whole = not_negative("together", together)
    parts = sum((not_negative("separate", each) for each in separate), Fraction(0))
    return float(parts / whole) if whole else None


def peak_diversity_factor(parts: Sequence[Series]) -> float | None:
    """The sum of the parts' peaks over the peak of their sum, on the common grid, where all were measured."""
    known = together(parts)
    peaks = [int(part.bytes_by_slot.max(initial=0)) for part in known]
    return diversity_factor(peaks, int(summed(known).bytes_by_slot.max(initial=0)))
