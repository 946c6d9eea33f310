"""Cycle replication judged by a share of the time: the exposure kept, and the link that keeps an RPO.

Every moment of the range is judged by the exposure of the cycle that captured it. A cycle that the end of
the range cuts off is judged only if it is late already: then its exposure is what it is by now, at least.
For 100 % all of this is `worst_exposure_seconds` and `smallest_rate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from streams.model.sizing.bestcycle import smallest_rate
from streams.model.sizing.cycles import Changed, Cycle, CycleRule, cycles
from streams.model.sizing.exact import Number, percent_share
from streams.model.sizing.windows import Unions

__all__ = ["PiecedUnions", "exposure_kept_seconds", "rate_for_cycle_percent"]

_CLOSE = 1e-9
_ROUNDING = 1e-12


class PiecedUnions(Unions):
    """Unions whose windows may be longer than the longest that was counted.

    Such a window is cut into pieces that were, and their unions add up: never too little.
    """

    def between(self, start: int, end: int) -> int:
        """Bytes of the union of the intervals `start` to `end` (exclusive), or more where it is long."""
        longest = self.lengths[-1]
        edges = [*range(start, end, longest), end]
        return sum(Unions.between(self, low, high) for low, high in pairwise(edges))

    @classmethod
    def of(cls, unions: Unions) -> PiecedUnions:
        """The same unions; their lengths begin with 1 and have no holes."""
        return cls(unions.grid, unions.lengths, unions.changed_bytes)


def exposure_kept_seconds(
    replayed: Sequence[Cycle], range_seconds: float, rule: CycleRule, percent: Number = 100
) -> float:
    """The smallest exposure that so many percent of the judged time do not exceed; 0 without any cycle.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    share = float(percent_share("percent", percent))
    exposure, weight = _judged(replayed, range_seconds, rule)
    if not len(exposure):
        return 0.0
    order = np.argsort(exposure, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    place = int(np.searchsorted(reached, share - _ROUNDING))
    return float(exposure[order][min(place, len(exposure) - 1)])


def rate_for_cycle_percent(
    changed: Changed, range_seconds: float, rule: CycleRule, rpo_seconds: float, percent: Number = 100
) -> float | None:
    """The smallest link that keeps the RPO for so many percent of the time, in payload bit/s.

    By bisection below what 100 % need: this rate keeps it. With single transmit the windows themselves move
    with the rate, so that a smaller one might keep it by chance. None where no link does.

    Raises:
        ValueError: a percentage outside 0 to 100.
    """
    share = percent_share("percent", percent)
    highest = smallest_rate(changed, range_seconds, rule, rpo_seconds)
    if highest is None or not highest or share == 1:
        return highest
    if share == 0:
        return 0.0

    def keeps(rate: float) -> bool:
        replayed = list(cycles(changed, range_seconds, rule, rate))
        return exposure_kept_seconds(replayed, range_seconds, rule, Fraction(share * 100)) <= rpo_seconds

    low, high = 0.0, highest
    while high - low > _CLOSE * high and high > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return high


def _judged(
    replayed: Sequence[Cycle], range_seconds: float, rule: CycleRule
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Exposure and captured seconds of every cycle, a late one that the range cuts off included."""
    exposures = [cycle.exposure_seconds for cycle in replayed]
    captured = [cycle.cycle_seconds for cycle in replayed]
    if replayed and (open_for := range_seconds - replayed[-1].switched) > rule.cycle_seconds:
        exposures.append(max(replayed[-1].applied, range_seconds) - replayed[-1].switched)
        captured.append(open_for)
    return np.array(exposures, np.float64), np.array(captured, np.float64)
