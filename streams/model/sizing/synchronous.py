"""Synchronous replication: every write waits for the other site, so the link must carry the peak at once.

There is no journal to smooth anything: the rate is that of the busiest slot, and the shorter the slots the
higher it is. A write takes longer by the round trips that it waits for: one where the initiator sends data
without waiting for leave, two with the usual SCSI write, whose target first answers that it is ready (FCP-4,
FCP_XFER_RDY). Light takes about 5 microseconds per kilometre of fibre, so 100 km are 1 ms of round trip.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from streams.model.intervals import Span
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, exact, not_negative, positive
from streams.model.sizing.series import Series

__all__ = ["Peak", "added_latency_seconds", "fibre_rtt_seconds", "peak_rate"]

_FIBRE_SECONDS_PER_KILOMETRE = Fraction(5, 10**6)


@dataclass(frozen=True, slots=True)
class Peak:
    """The rate of the busiest slot, and which one it was; shorter peaks within it remain unseen."""

    bits_per_second: Fraction
    slot: Span


def peak_rate(series: Series) -> Peak:
    """What a synchronous link must carry: the mean rate of the busiest judged slot, the first of equals.

    Raises:
        MissingData: no slot was measured.
    """
    judged = series.require_judged().judged
    busiest = int(np.argmax(np.where(judged, series.bytes_by_slot, -1)))
    start_us = series.start_us + busiest * series.slot_us
    rate = Fraction(BITS_PER_BYTE * int(series.bytes_by_slot[busiest]), series.slot_seconds)
    return Peak(rate, (start_us, start_us + series.slot_us))


def added_latency_seconds(rtt_seconds: Number, round_trips: Number = 1) -> Fraction:
    """What replication adds to every write at least: the round trips that it waits for.

    Raises:
        ValueError: the round-trip time is not more than zero, or fewer than one round trip.
    """
    if exact(round_trips) < 1:
        raise ValueError(
            f"round_trips {round_trips}: a write waits for at least 1; 2 without write acceleration"
        )
    return positive("rtt_seconds", rtt_seconds) * exact(round_trips)


def fibre_rtt_seconds(kilometres: Number) -> Fraction:
    """The round-trip time over this length of fibre, without any equipment: 1 ms for 100 km.

    Raises:
        ValueError: the length is negative.
    """
    return 2 * not_negative("kilometres", kilometres) * _FIBRE_SECONDS_PER_KILOMETRE
