"""A robust trend: the Theil-Sen slope with its confidence interval, with a season kept out of it.

The slope is the median of the slopes between all pairs of points (Theil 1950, Sen 1968): up to 29 % of the
points may be anything. Its interval is made of the ranks of these slopes that Kendall's test against no
trend allows, from the exact distribution of the number of inversions of a random order: nothing is assumed
of how the points scatter, only that their errors are independent and alike. O(n^2 log n) in the points.

Where the points have phases (weekdays), only those of one phase are compared with each other: what is
peculiar to a phase is in no slope. The number of inversions is then that of independent orders, one for each
phase (the seasonal Kendall test and slope of Hirsch, Slack and Smith 1982, here by the exact distribution).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE", "Trend", "theil_sen"]

CONFIDENCE = 0.9

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope per unit of time, with the interval that holds the true one with at least the confidence.

    The interval is infinite where there are too few points for the confidence: fewer than four for 90 %, or
    two of each of five phases.
    """

    slope: float
    low: float
    high: float
    confidence: float
    points: int

    @property
    def is_growth(self) -> bool:
        """Whether the whole interval grows."""
        return self.low > 0


def theil_sen(
    times: Sequence[float],
    values: Sequence[float],
    confidence: float = CONFIDENCE,
    phases: Sequence[Hashable] | None = None,
) -> Trend | None:
    """The trend of values at different times; None where no two points can be compared.

    Raises:
        ValueError: a confidence that is not between 0 and 1, equal times, or not as many values as times.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: choose one above 0 and below 1")
    if len(set(times)) != len(values) or len(times) != len(values):
        raise ValueError("times: one for each value, all of them different")
    phases = phases or [None] * len(times)
    if len(phases) != len(times):
        raise ValueError("phases: one for each value")
    x, y = np.asarray(times, np.float64), np.asarray(values, np.float64)
    left, right = np.triu_indices(len(x), 1)
    codes = {phase: code for code, phase in enumerate(dict.fromkeys(phases))}
    code = np.array([codes[phase] for phase in phases], np.int64)
    alike = code[left] == code[right]
    left, right = left[alike], right[alike]
    if not len(left):
        return None
    slopes = np.sort((y[right] - y[left]) / (x[right] - x[left]))
    outside = _ranks_outside(Counter(phases).values(), (1 - confidence) / 2)
    return Trend(
        slope=float(np.median(slopes)),
        low=float(slopes[outside - 1]) if outside else -math.inf,
        high=float(slopes[-outside]) if outside else math.inf,
        confidence=confidence,
        points=len(x),
    )


def _ranks_outside(points: Iterable[int], tail: float) -> int:
    """How many of the ordered slopes lie outside the interval on each side, for so many points by phase.

    The true slope is below the k-th of them exactly when fewer than k pairs are inverted once it is taken
    off, so k may be as large as the chance of that stays within the tail.
    """
    chance = np.ones(1)  # of 0, 1, 2... inversions
    for phase in points:
        for count in range(2, phase + 1):
            # The new point is inverted with 0 to count - 1 of those before, each as likely.
            summed = np.cumsum(np.concatenate([chance, np.zeros(count - 1)]))
            summed[count:] -= summed[:-count].copy()
            chance = summed / count
    return int(np.searchsorted(np.cumsum(chance), tail * (1 + 1e-12), "right"))
