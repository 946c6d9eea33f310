"""An outage of the link: what waits when it is over, and when the link has caught up.

While the link is down everything waits; then it ships at its rate again, and what is written meanwhile waits
behind. It has caught up when nothing waits any more: from then on all is as if there had been no outage.
The single surge of the vendors, `(V_in - V_out) t`, is the case of an even flow.

Caught up after an outage of length h that began at edge i: at the first moment whose net arrivals (what
arrived less what a link that never idles ships) fall to `M_i - B h`, with `M_i` their minimum up to i. As
these minima only fall, one search per start in them finds it: O(n log n) for the outages at all n edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.errors import MissingData
from streams.model.sizing.backlog import backlog_bytes, drained_bytes, net_bytes, rounding_bytes
from streams.model.sizing.exact import Number, positive
from streams.model.sizing.series import Series

__all__ = ["Outage", "WorstOutages", "outage_at", "worst_outages"]


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage that began at `start_us`.

    `backlog_bytes` wait when it ends. `recovery_seconds` after its end nothing waits any more; None where
    the link had not caught up at the end of the measured range.
    """

    start_us: int
    outage_seconds: float
    backlog_bytes: float
    recovery_seconds: float | None


@dataclass(frozen=True, slots=True)
class WorstOutages:
    """Of the outages of one length at all slot edges: the one that leaves most, and the slowest recovery.

    `unrecovered` of the `starts` had not caught up at the end of the range; the slowest is one of the others,
    None where there is none.
    """

    largest: Outage
    slowest: Outage | None
    starts: int
    unrecovered: int


def outage_at(series: Series, bits_per_second: Number, outage_seconds: Number, start_us: int) -> Outage:
    """The outage that begins at the slot edge at or before `start_us`.

    Raises:
        ValueError: rate or length are not more than zero, or the outage does not end within the range.
    """
    outages = _Outages(series, bits_per_second, outage_seconds)
    start = (start_us - series.start_us) // series.slot_us
    if not 0 <= start < outages.starts:
        raise ValueError(f"start_us {start_us}: the outage must lie within the range; choose another start")
    return outages.at(start)


def worst_outages(series: Series, bits_per_second: Number, outage_seconds: Number) -> WorstOutages:
    """The worst of the outages that begin at any slot edge and end within the range. O(n log n).

    Raises:
        ValueError: rate or length are not more than zero.
        MissingData: the range is shorter than the outage, or nothing was measured.
    """
    outages = _Outages(series.require_judged(), bits_per_second, outage_seconds)
    if outages.starts < 1:
        raise MissingData(
            f"outage_seconds {outage_seconds}: longer than what was measured; widen the range or shorten it"
        )
    unknown = np.isnan(outages.recovery_seconds)
    slowest = None if unknown.all() else outages.at(int(np.nanargmax(outages.recovery_seconds)))
    return WorstOutages(
        largest=outages.at(int(np.argmax(outages.backlog_bytes))),
        slowest=slowest,
        starts=outages.starts,
        unrecovered=int(unknown.sum()),
    )


class _Outages:
    """The outages of one length at every edge at which one ends within the range."""

    def __init__(self, series: Series, bits_per_second: Number, outage_seconds: Number) -> None:
        self._series = series
        self._seconds = float(positive("outage_seconds", outage_seconds))
        length = positive("outage_seconds", outage_seconds) / series.slot_seconds
        arrived, edges = series.arrived_bytes(), np.arange(series.slots + 1)
        drained = drained_bytes(series, bits_per_second)
        waiting = backlog_bytes(series, bits_per_second)
        self.starts = max(int(series.slots - length) + 1, 0) if length <= series.slots else 0
        ends = edges[: self.starts] + float(length)
        self.backlog_bytes = waiting[: self.starts] + np.interp(ends, edges, arrived) - arrived[: self.starts]
        net = net_bytes(arrived, drained)
        lowest = np.minimum.accumulate(net)
        levels = lowest[: self.starts] - drained * float(length) + rounding_bytes(arrived, drained)
        caught_up = _first_at_most(net, lowest, levels)
        self.recovery_seconds = (caught_up - ends) * series.slot_seconds

    def at(self, start: int) -> Outage:
        recovery = float(self.recovery_seconds[start])
        return Outage(
            start_us=self._series.start_us + start * self._series.slot_us,
            outage_seconds=self._seconds,
            backlog_bytes=float(self.backlog_bytes[start]),
            recovery_seconds=None if np.isnan(recovery) else max(recovery, 0.0),
        )


def _first_at_most(
    net: NDArray[np.float64], lowest: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the line through `net` first falls to each level, in slots; nan where it never does.

    `lowest` is its minimum so far. The levels lie below the first value.
    """
    place = np.searchsorted(-lowest, -levels, "left")
    found = place < len(net)
    at = np.where(found, place, 1)
    above, below = net[at - 1], net[at]
    part = np.divide(above - levels, above - below, out=np.ones(len(levels)), where=above > below)
    return np.where(found, at - 1 + part, np.nan)
