"""When write number n comes, and how many came before a time: one is the inverse of the other.

Each UTC hour has a rate; within it writes come at even distances, the first at its start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOUR_US", "Arrivals", "hourly"]

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A row of segments with constant rates.

    `start_us`: where each segment starts; it lasts until the next, the last one until `end_us`.
    `rate`: its writes per `per_us`. `before`: the writes of all segments before it.
    """

    start_us: tuple[int, ...]
    end_us: int
    rate: tuple[int, ...]
    per_us: int
    before: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number of all writes."""
        return self.count_before(self.end_us)

    def count_before(self, time_us: int) -> int:
        """How many writes come before a time."""
        segment = bisect_right(self.start_us, time_us) - 1
        if segment < 0:
            return 0
        elapsed_us = min(time_us, self.end_us) - self.start_us[segment]
        return self.before[segment] + _ceil_div(elapsed_us * self.rate[segment], self.per_us)

    def times_us(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """When the writes with these numbers, in `[0, total)`, come."""
        before = np.array(self.before)
        segment = np.searchsorted(before, numbers, side="right") - 1
        start = np.array(self.start_us)[segment]
        elapsed: NDArray[np.int64] = (numbers - before[segment]) * self.per_us // np.array(self.rate)[segment]
        return start + elapsed


def hourly(start_us: int, end_us: int, writes_per_second: int, percent_by_hour: Sequence[int]) -> Arrivals:
    """Arrivals in `[start_us, end_us)`: at each UTC hour that per cent of `writes_per_second`."""
    starts = [start_us, *range((start_us // HOUR_US + 1) * HOUR_US, end_us, HOUR_US)]
    rates = [writes_per_second * percent_by_hour[start // HOUR_US % 24] for start in starts]
    per_us = 100 * 1_000_000
    before = [0]
    for start, stop, rate in zip(starts, [*starts[1:], end_us], rates, strict=True):
        before.append(before[-1] + _ceil_div((stop - start) * rate, per_us))
    return Arrivals(tuple(starts), end_us, tuple(rates), per_us, tuple(before[:-1]))


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)
