"""The smallest constant rate that meets an RPO: how wide the pipe of a continuous replicator must be.

A byte written at `v` must have been shipped by `v + R`, R being the RPO. A link of rate B that was never
idle since `u <= v` has shipped `B (v + R - u)` by then, and it had to ship all that was written from `u` to
`v`. So the RPO is met at all times exactly when no window asks for more, and the smallest rate is

    B* = max over windows of  bytes(window) / (length(window) + R).

It follows from Lindley's recursion for the backlog (1952) and is the inverse of the delay bound of network
calculus (Le Boudec and Thiran, Network Calculus, 2001, theorem 1.4.2). With the flow inside slots even, a
window that begins and ends at slot edges is among the best: the ratio is monotone while an end of the
window moves within a slot.
How the bytes of a slot really arrive is unknown. A window of k slots may hold all of their bytes within
little more than k - 2 slots of time, which gives the safe rate, `max of alpha(k) / ((k - 2) s + R)` over
k >= 2 slots of length s, alpha(k) being the most bytes in any k slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import Span
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, positive
from streams.model.sizing.series import Flags, Series

__all__ = ["LeastRate", "least_rate", "safe_rate"]

_FITS_INT64 = 1 << 62
_SMALL_STEP = 1e-12  # relative; what is left below it is for the exact steps


@dataclass(frozen=True, slots=True)
class LeastRate:
    """A rate of written bytes, exact, and the window that asks for it; None where nothing was written."""

    bits_per_second: Fraction
    window: Span | None


def least_rate(series: Series, rpo_seconds: Number) -> LeastRate:
    """The smallest constant rate that meets the RPO for every judged moment, with even flow inside slots.

    Exact. Each step looks at all n slots with a few numpy passes and jumps to the best ratio that it finds
    there (Dinkelbach 1967), which converges faster than any geometric series: O(n) per step, seldom more
    than ten steps in floating point and two in integers, and O(n) memory.

    Raises:
        ValueError: the RPO is not more than zero.
        MissingData: no slot was measured.
    """
    judged = series.require_judged().judged
    ends = np.concatenate([[False], judged]) | np.concatenate([judged, [False]])
    return _found(series, ends, _ask(series, positive("rpo_seconds", rpo_seconds), 1, 0))


def safe_rate(series: Series, rpo_seconds: Number) -> LeastRate:
    """The rate that meets the RPO however the bytes of a slot arrive within it; never below `least_rate`.

    It is as dear as slots are coarse: with slots as long as the RPO it takes two of them in one RPO.

    Raises:
        ValueError: the RPO is not more than zero.
        MissingData: no slot was measured.
    """
    rpo = positive("rpo_seconds", rpo_seconds)
    judged = series.require_judged().judged
    ends = np.concatenate([[False], judged])
    single = _found(series, ends, _ask(series, rpo, 1, 1, is_single=True))
    many = _found(series, ends, _ask(series, rpo, 2, 2))
    return max(single, many, key=lambda rate: rate.bits_per_second)


class _Ask(NamedTuple):
    """What the best window maximises, in whole ticks of time: bytes / (slots x slot + shift)."""

    ticks_per_second: int
    slot_ticks: int
    shift_ticks: int
    shortest: int
    is_single: bool  # windows of one slot alone

    def ticks(self, slots: int) -> int:
        return slots * self.slot_ticks + self.shift_ticks


def _ask(series: Series, rpo: Fraction, shortest: int, less: int, *, is_single: bool = False) -> _Ask:
    """Windows of at least `shortest` slots, whose length counts `less` slots less."""
    slot_ticks = series.slot_seconds * rpo.denominator
    return _Ask(rpo.denominator, slot_ticks, rpo.numerator - less * slot_ticks, shortest, is_single)


class _Window(NamedTuple):
    """Slots `[first, end)`."""

    first: int
    end: int


def _found(series: Series, ends: Flags, ask: _Ask) -> LeastRate:
    """Dinkelbach's steps: the window that gains most over a rate gives the next rate, until none gains."""
    arrived = series.arrived_bytes()
    allowed = np.flatnonzero(ends)
    allowed = allowed[allowed >= ask.shortest]
    best: _Window | None = None
    number, ticks = 0, 1  # the best ratio so far, bytes over ticks
    is_exact = False
    while len(allowed) and arrived[-1]:
        window = _most_over(arrived, allowed, ask, number, ticks, is_exact=is_exact)
        if window is None:
            if is_exact:
                break
            is_exact = True
            continue
        more, longer = int(arrived[window.end] - arrived[window.first]), ask.ticks(window.end - window.first)
        is_exact = is_exact or more * ticks <= number * longer * (1 + _SMALL_STEP)
        if more * ticks > number * longer:
            best, number, ticks = window, more, longer
    rate = Fraction(BITS_PER_BYTE * number * ask.ticks_per_second, ticks)
    if best is None:
        return LeastRate(rate, None)
    span = (series.start_us + best.first * series.slot_us, series.start_us + best.end * series.slot_us)
    return LeastRate(rate, span)


def _most_over(
    arrived: NDArray[np.int64],
    allowed: NDArray[np.int64],
    ask: _Ask,
    number: int,
    ticks: int,
    *,
    is_exact: bool,
) -> _Window | None:
    """The window whose bytes exceed the rate `number / ticks` by most, None where none exceeds it."""
    over = _excess(arrived, ask.slot_ticks, number, ticks, is_exact=is_exact)
    lag = ask.shortest
    lowest = over if ask.is_single else np.minimum.accumulate(over)
    gains = over[allowed] - lowest[allowed - lag]
    place = int(np.argmax(gains))
    if gains[place] <= (number * ask.shift_ticks if is_exact else number * ask.shift_ticks / ticks):
        return None
    end = int(allowed[place])
    if ask.is_single:
        return _Window(end - 1, end)
    return _Window(int(np.argmin(over[: end - lag + 1])), end)


def _excess(
    arrived: NDArray[np.int64], slot_ticks: int, number: int, ticks: int, *, is_exact: bool
) -> NDArray[np.int64] | NDArray[np.float64] | NDArray[np.object_]:
    """What arrived before each edge less what the rate ships by then; exact ones are times `ticks`."""
    edges = np.arange(len(arrived))
    if not is_exact:
        return arrived - edges * (number * slot_ticks / ticks)
    most = int(arrived[-1]) * ticks + len(arrived) * number * slot_ticks
    if most < _FITS_INT64:
        return arrived * ticks - edges * (number * slot_ticks)
    exact: NDArray[np.object_] = arrived.astype(object) * ticks - edges.astype(object) * (number * slot_ticks)
    return exact
