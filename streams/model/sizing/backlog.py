"""What waits to be shipped while a continuous replicator sends at a constant rate: backlog and journal.

Lindley's recursion (1952), `Q' = max(0, Q + A - B dt)`, over slots with even flow inside. It is solved at
once: the backlog is what arrived less what could be shipped, above the lowest that this ever was. In double
precision: off by a few bytes per 10^16 that arrived in all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, positive
from streams.model.sizing.series import Series

__all__ = [
    "Waiting",
    "backlog_bytes",
    "drained_bytes",
    "journal_bytes",
    "net_bytes",
    "rounding_bytes",
    "waiting_bytes",
]

_ROUNDING = 2.0**-50

Waiting = NDArray[np.float64]


def backlog_bytes(series: Series, bits_per_second: Number) -> Waiting:
    """The backlog at each slot edge: `slots + 1` values, the first 0. Between edges it is never higher.

    Raises:
        ValueError: the rate is not more than zero.
    """
    return waiting_bytes(net_bytes(series.arrived_bytes(), drained_bytes(series, bits_per_second)))


def journal_bytes(series: Series, bits_per_second: Number) -> float:
    """The most that ever waits: what the journal must hold at least.

    Raises:
        ValueError: the rate is not more than zero.
    """
    return float(backlog_bytes(series, bits_per_second).max())


def drained_bytes(series: Series, bits_per_second: Number) -> float:
    """What the rate ships in one slot."""
    return float(positive("bits_per_second", bits_per_second) * series.slot_seconds / BITS_PER_BYTE)


def net_bytes(arrived: NDArray[np.int64], drained: float) -> Waiting:
    """At each slot edge, what arrived less what a link that never idles had shipped."""
    net: Waiting = arrived - drained * np.arange(len(arrived))
    return net


def waiting_bytes(net: Waiting) -> Waiting:
    """The backlog at each edge from that."""
    waiting: Waiting = net - np.minimum.accumulate(net)
    return waiting


def rounding_bytes(arrived: NDArray[np.int64], drained: float) -> float:
    """What rounding may add to a backlog: one that is over a limit by no more counts as on it."""
    return _ROUNDING * (float(arrived[-1]) + drained * len(arrived))
