"""Synchronous replication: the busiest slot, and what a write waits."""

from fractions import Fraction

import numpy as np
import pytest

from streams.errors import MissingData
from streams.model.intervals import US
from streams.model.sizing.series import Series
from streams.model.sizing.synchronous import added_latency_seconds, fibre_rtt_seconds, peak_rate


def test_the_busiest_slot_decides():
    peak = peak_rate(Series.of([1, 9, 3, 9], 10, 50 * US))
    assert (peak.bits_per_second, peak.slot) == (Fraction(72, 10), (60 * US, 70 * US))
    assert peak_rate(Series.of([0, 0], 10)).bits_per_second == 0


def test_only_judged_slots_count():
    series = Series(0, 10, np.array([9, 1, 0]), np.array([0, 1, 1.0]))
    assert peak_rate(series).slot == (10 * US, 20 * US)
    with pytest.raises(MissingData, match="widen it"):
        peak_rate(series.within([]))


def test_longer_slots_hide_the_peak():
    fine = Series.of([10, 0, 0, 2], 1)
    assert peak_rate(fine).bits_per_second == 80
    assert peak_rate(fine.coarsened(2)).bits_per_second == 40


def test_latency():
    assert fibre_rtt_seconds(100) == Fraction(1, 1000)
    assert added_latency_seconds(0.005) == Fraction("0.005")
    assert added_latency_seconds(0.005, 2) == Fraction("0.01")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((0,), "rtt_seconds 0"),
        ((-1,), "rtt_seconds -1"),
        ((1, 0), "round_trips 0: a write waits for at least 1"),
    ],
)
def test_what_is_no_latency(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        added_latency_seconds(*arguments)
