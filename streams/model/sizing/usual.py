"""How links are usually sized, for comparison on the same data: none of it is what linkgauge recommends.

- The 95th percentile of the write rate over samples of five minutes, as carriers bill bandwidth. It knows
  nothing of the RPO: bursts above it may wait for hours, or be absorbed at a fraction of it.
- The peak rolling average `alpha(R) / R`: the most bytes in any window as long as the RPO, over the RPO
  (replication planners of several vendors). Safe for even flow, and up to twice as wide as `least_rate`:
  `alpha(R) / (2 R) <= B* <= alpha(R) / R`, where every slot that holds bytes is judged. The left side is the
  window R in the maximum that B* is. The right side: a window w is at most `w / R + 1` windows of R, so
  `alpha(w) <= (w + R) / R alpha(R)`. Only the right side holds where bytes lie in slots that are not judged.
- That less a fixed share for blocks that are written again: 30 % in the published limits of Azure Site
  Recovery ("assuming a 30 percent I/O overlap"). The share really is anything from 0 to nearly 1, and it
  belongs to replicators that ship cycles, not to those that ship every write.
- The mean rate, below which no link can be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, exact, percent_share, positive
from streams.model.sizing.series import Series

__all__ = [
    "FIXED_OVERLAP",
    "UsualRates",
    "mean_rate",
    "most_bytes",
    "percentile_rate",
    "rolling_average",
    "usual_rates",
]

FIXED_OVERLAP = Fraction("0.3")
_SAMPLE_SECONDS = 300
_FITS_INT64 = 1 << 62


@dataclass(frozen=True, slots=True)
class UsualRates:
    """What the usual methods say, in bit/s of written bytes, before any efficiency or margin."""

    percentile_95: Fraction
    rolling_average: Fraction
    fixed_overlap: Fraction
    mean: Fraction


def usual_rates(series: Series, rpo_seconds: Number) -> UsualRates:
    """All of them side by side.

    Raises:
        ValueError: the RPO is not more than zero.
        MissingData: no slot was measured.
    """
    rolling = rolling_average(series, rpo_seconds)
    return UsualRates(
        percentile_95=percentile_rate(series),
        rolling_average=rolling,
        fixed_overlap=rolling * (1 - FIXED_OVERLAP),
        mean=mean_rate(series),
    )


def most_bytes(series: Series, window_seconds: Number) -> Fraction:
    """`alpha(w)`: the most bytes in any window of this length, with even flow inside slots. Exact, O(n).

    Windows may reach beyond the range, where nothing arrives. One of the best begins or ends at a slot
    edge, for the bytes in a window change evenly while it moves between such places.

    Raises:
        ValueError: the length is negative.
    """
    length = exact(window_seconds) / series.slot_seconds
    if length < 0:
        raise ValueError(f"window_seconds {window_seconds}: it cannot be negative")
    if length >= series.slots:
        return Fraction(series.total_bytes)
    whole = math.floor(length)
    part, parts = (length - whole).as_integer_ratio()
    values, arrived = series.bytes_by_slot, series.arrived_bytes()
    if (series.total_bytes + 1) * parts >= _FITS_INT64:
        values, arrived = values.astype(object), arrived.astype(object)
    inside = (arrived[whole:] - arrived[: len(arrived) - whole]) * parts  # windows of whole slots, and a part
    best = int(inside.max())
    if part:
        best = max(best, int((inside[:-1] + part * values[whole:]).max()))  # of the slot behind
        best = max(best, int((inside[1:] + part * values[: len(values) - whole]).max()))  # of the one before
    return Fraction(best, parts)


def rolling_average(series: Series, rpo_seconds: Number) -> Fraction:
    """The peak rolling average over windows as long as the RPO, `alpha(R) / R`, in bit/s.

    Raises:
        ValueError: the RPO is not more than zero.
    """
    rpo = positive("rpo_seconds", rpo_seconds)
    return BITS_PER_BYTE * most_bytes(series, rpo) / rpo


def percentile_rate(series: Series, percent: Number = 95, sample_seconds: int = _SAMPLE_SECONDS) -> Fraction:
    """The smallest rate in bit/s that this percentage of the samples does not exceed (nearest rank).

    Samples are `sample_seconds` long and aligned to UTC; those with a gap are left out. Where slots are no
    divisor of that, or no sample is whole, the slots are the samples.

    Raises:
        ValueError: a percentage outside 0 to 100.
        MissingData: no slot was measured.
    """
    share = percent_share("percent", percent)
    judged = series.require_judged().judged
    samples = replace(series, coverage=judged.astype(np.float64))
    if sample_seconds % series.slot_seconds == 0:
        coarse = samples.coarsened(sample_seconds)
        samples = coarse if (coarse.coverage >= 1).any() else samples
    ranked = np.sort(samples.bytes_by_slot[samples.coverage >= 1])
    rank = max(math.ceil(share * len(ranked)), 1)
    return Fraction(BITS_PER_BYTE * int(ranked[rank - 1]), samples.slot_seconds)


def mean_rate(series: Series) -> Fraction:
    """The mean rate over the judged slots, in bit/s.

    Raises:
        MissingData: no slot was measured.
    """
    judged = series.require_judged().judged
    arrived = int(series.bytes_by_slot[judged].sum())
    return Fraction(BITS_PER_BYTE * arrived, int(judged.sum()) * series.slot_seconds)
