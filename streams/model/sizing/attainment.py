"""How often the RPO is met at a rate, the rate that meets it often enough, and the RPO that a rate gives.

The RPO R is met at t when what arrived up to t - R has been shipped. At a constant rate B a byte waits as
long as shipping the backlog takes that it finds, itself included. So the byte of the moment `v` is shipped
in time exactly when `Q(v) <= B R`: that is the RPO met at `v + R`, and every moment is judged by what
becomes of its bytes. Shares are taken of the judged time, or of the bytes that arrived in it. Both only rise
with the rate and with the RPO.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.backlog import (
    drained_bytes,
    rounding_bytes,
)
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, percent_share, positive
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series

__all__ = [
    "PERCENTS",
    "Attainment",
    "Weighting",
    "achievable_rpo_seconds",
    "attainment",
    "rate_for_percent",
    "rates_for_percents",
]

Weighting = Literal["time", "bytes"]
"""What the shares are of: the judged time, or the bytes that arrived in it."""

PERCENTS = (90, 95, 99, 100)

_CLOSE = 1e-11  # relative width at which a bisection ends
_ROUNDING = 1e-13  # what the sum of the shares of many slots may be off


@dataclass(frozen=True, slots=True)
class Attainment:
    """Shares of the judged time, and of the bytes that arrived in it, for which the RPO was met.

    A range in which nothing arrived met it for all of its bytes.
    """

    by_time: float
    by_bytes: float


def attainment(series: Series, bits_per_second: Number, rpo_seconds: Number) -> Attainment:
    """How often the rate meets the RPO. O(n).

    Raises:
        ValueError: the rate or the RPO is not more than zero.
        MissingData: no slot was measured.
    """
    judging = _Judging(series)
    drained, rpo = drained_bytes(series, bits_per_second), positive("rpo_seconds", rpo_seconds)
    limit = drained * float(rpo) / series.slot_seconds
    waiting = judging.waiting(drained)
    return Attainment(
        *(judging.met(waiting, drained, limit, judging.weights(by)) for by in ("time", "bytes"))
    )


def rate_for_percent(
    series: Series, rpo_seconds: Number, percent: Number, weighting: Weighting = "time"
) -> Fraction:
    """The smallest rate in bit/s that meets the RPO for this percentage: see `rates_for_percents`."""
    return rates_for_percents(series, rpo_seconds, (percent,), weighting)[0]


def rates_for_percents(
    series: Series,
    rpo_seconds: Number,
    percents: Sequence[Number] = PERCENTS,
    weighting: Weighting = "time",
) -> list[Fraction]:
    """The smallest rates in bit/s that meet the RPO for each percentage, in the order given.

    For 100 it is `least_rate`, exact. Below, bisection on the attainment, which only rises with the rate:
    about 40 passes of O(n) each, to 1 part in 10^11, never rounded down below what is asked for.

    Raises:
        ValueError: a percentage outside 0 to 100, or an RPO that is not more than zero.
        MissingData: no slot was measured.
    """
    shares = [percent_share("percent", percent) for percent in percents]
    rpo_slots = float(positive("rpo_seconds", rpo_seconds) / series.slot_seconds)
    judging = _Judging(series)
    weights = judging.weights(weighting)
    # A judged slot without bytes weighs nothing among bytes, whatever waits in it.
    weighed = replace(series, asked=weights > 0)
    highest = least_rate(weighed, rpo_seconds).bits_per_second if weights.any() else Fraction(0)
    per_slot = Fraction(series.slot_seconds, BITS_PER_BYTE)

    def share_at(drained: float) -> float:
        return judging.met(judging.waiting(drained), drained, drained * rpo_slots, weights)

    return [
        highest
        if share == 1
        else Fraction(_least(share_at, float(share), float(highest * per_slot))) / per_slot
        for share in shares
    ]


def achievable_rpo_seconds(
    series: Series, bits_per_second: Number, percent: Number = 100, weighting: Weighting = "time"
) -> float:
    """The RPO that the rate keeps for this percentage of the judged time or bytes.

    For 100 it is the longest that any byte waits. A rate below the mean falls behind without end: then the
    figure grows with the range. Exact flow as in `attainment`; bisection to 1 part in 10^11 below 100.

    Raises:
        ValueError: the rate is not more than zero, or a percentage outside 0 to 100.
        MissingData: no slot was measured.
    """
    share = percent_share("percent", percent)
    judging = _Judging(series)
    drained = drained_bytes(series, bits_per_second)
    waiting = judging.waiting(drained)
    weights = judging.weights(weighting)
    longest = float(np.maximum(waiting[:-1], waiting[1:])[weights > 0].max(initial=0))
    if share < 1:
        longest = _least(lambda limit: judging.met(waiting, drained, limit, weights), float(share), longest)
    return longest / drained * series.slot_seconds


def _least(share_at: Callable[[float], float], share: float, enough: float) -> float:
    """The smallest value up to `enough` whose share is reached, by bisection; the share only rises."""
    low = 0.0
    if share_at(low) >= share - _ROUNDING:
        return low
    while enough - low > _CLOSE * enough:
        middle = (low + enough) / 2
        if share_at(middle) >= share - _ROUNDING:
            enough = middle
        else:
            low = middle
    return enough


class _Judging:
    """The judged slots of a series and what each of them weighs."""

    def __init__(self, series: Series) -> None:
        self._judged = series.require_judged().judged
        self._bytes = series.bytes_by_slot
        self._arrived = series.arrived_bytes()
        self._edges = np.arange(len(self._arrived), dtype=np.float64)
        self._net, self._lowest = np.empty_like(self._edges), np.empty_like(self._edges)

    def waiting(self, drained: float) -> NDArray[np.float64]:
        """The backlog at each slot edge, as `backlog_bytes`, in memory that the next call takes again.

        Fresh arrays of this size would cost more than what is done in them.
        """
        np.multiply(self._edges, drained, out=self._net)
        np.subtract(self._arrived, self._net, out=self._net)
        np.minimum.accumulate(self._net, out=self._lowest)
        return np.subtract(self._net, self._lowest, out=self._net)

    def weights(self, weighting: Weighting) -> NDArray[np.float64]:
        """What each slot weighs, 0 where it is not judged; all of them 1 together, or all 0."""
        amounts = self._judged * (self._bytes if weighting == "bytes" else np.ones(len(self._bytes)))
        total = amounts.sum()
        weights: NDArray[np.float64] = amounts / total if total else amounts.astype(np.float64)
        return weights

    def met(
        self, waiting: NDArray[np.float64], drained: float, limit: float, weights: NDArray[np.float64]
    ) -> float:
        """The share of the weights during which the backlog is at most the limit."""
        limit += rounding_bytes(self._arrived, drained)
        above = waiting > limit
        slots = np.flatnonzero(above[:-1] | above[1:])
        before, change = waiting[slots], self._bytes[slots] - drained
        after = before + change  # below zero where the backlog empties within the slot
        low, high = np.minimum(before, after), np.maximum(before, after)
        # Even flow: the backlog goes straight from one to the other.
        missed = np.ones(len(slots))
        np.divide(high - limit, high - low, out=missed, where=low < limit)
        return float(1 - (missed * weights[slots]).sum())
