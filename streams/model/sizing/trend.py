"""A robust trend: the Theil-Sen slope with its confidence interval.

The slope is the median of the slopes between all pairs of points (Theil 1950, Sen 1968): up to 29 % of the
points may be anything. Its interval is made of the ranks of these slopes that Kendall's test against no
trend allows, from the exact distribution of the number of inversions of a random order: nothing is assumed
of how the points scatter, only that their errors are independent and alike. O(n^2 log n) in the points.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE", "Trend", "theil_sen", "without_season"]

CONFIDENCE = 0.9

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope per unit of time, with the interval that holds the true one with at least the confidence.

    The interval is infinite where there are too few points for the confidence: fewer than four for 90 %.
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
    times: Sequence[float], values: Sequence[float], confidence: float = CONFIDENCE
) -> Trend | None:
    """The trend of values at different times; None for fewer than two points.

    Raises:
        ValueError: a confidence that is not between 0 and 1, equal times, or not as many values as times.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: choose one above 0 and below 1")
    if len(set(times)) != len(values) or len(times) != len(values):
        raise ValueError("times: one for each value, all of them different")
    if len(times) < 2:
        return None
    x, y = np.asarray(times, np.float64), np.asarray(values, np.float64)
    left, right = np.triu_indices(len(x), 1)
    slopes = np.sort((y[right] - y[left]) / (x[right] - x[left]))
    outside = _ranks_outside(len(x), (1 - confidence) / 2)
    return Trend(
        slope=float(np.median(slopes)),
        low=float(slopes[outside - 1]) if outside else -math.inf,
        high=float(slopes[-outside]) if outside else math.inf,
        confidence=confidence,
        points=len(x),
    )


def without_season(
    times: Sequence[float], values: Sequence[float], phases: Sequence[Hashable]
) -> list[float]:
    """The values without what is peculiar to their phase (weekday, hour), their trend kept.

    What is taken off is the median of the phase's residuals from the Theil-Sen line, less the median of all.
    """
    trend = theil_sen(times, values)
    if trend is None:
        return list(values)
    y = np.asarray(values, np.float64)
    residuals = y - trend.slope * np.asarray(times, np.float64)
    middle = float(np.median(residuals))
    members = {phase: [k for k, other in enumerate(phases) if other == phase] for phase in set(phases)}
    for places in members.values():
        y[places] -= float(np.median(residuals[places])) - middle
    return [float(value) for value in y]


def _ranks_outside(points: int, tail: float) -> int:
    """How many of the ordered slopes lie outside the interval on each side.

    The true slope is below the k-th of them exactly when fewer than k pairs are inverted once it is taken
    off, so k may be as large as the chance of that stays within the tail.
    """
    chance = np.ones(1)  # of 0, 1, 2... inversions
    for count in range(2, points + 1):
        # The new point is inverted with 0 to count - 1 of those before, each as likely.
        summed = np.cumsum(np.concatenate([chance, np.zeros(count - 1)]))
        summed[count:] -= summed[:-count].copy()
        chance = summed / count
    return int(np.searchsorted(np.cumsum(chance), tail * (1 + 1e-12), "right"))
