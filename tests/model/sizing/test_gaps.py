"""Gaps by slot, against a walk over all slots."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.gaps import Gap, Measured, gaps_within

SLOT = 10
shares = st.sampled_from([0.0, 0.25, 0.5, 1.0])
intervals = st.lists(st.one_of(st.none(), st.lists(shares, min_size=3, max_size=3)), max_size=6)


def measured(listed):
    return [
        Measured(k * 3 * SLOT, (k + 1) * 3 * SLOT, np.array(covered))
        for k, covered in enumerate(listed)
        if covered is not None
    ]


def walked(listed, spans):
    """Slot by slot: neighbours of one kind are one gap."""
    covered = [share for one in listed for share in (one or [0.0] * 3)]
    for start, end in spans:
        slots = [(k, covered[k] if k < len(covered) else 0.0) for k in range(start // SLOT, end // SLOT)]
        for kind, some in groupby(slots, key=lambda slot: (slot[1] > 0) + (slot[1] == 1)):
            rows = list(some)
            if kind < 2:
                yield rows[0][0] * SLOT, (rows[-1][0] + 1) * SLOT, sum(s for _, s in rows) / len(rows)


@given(intervals, st.sampled_from([[(0, 180)], [(30, 90)], [(0, 30), (60, 120)], [(0, 30), (60, 210)]]))
def test_gaps_are_those_of_a_walk(listed, spans):
    found = gaps_within(measured(listed), spans)
    told = [(gap.start_us, gap.end_us) for gap in found]
    expected = list(walked(listed, spans))
    assert told == [(start, end) for start, end, _ in expected]
    assert np.allclose([gap.coverage for gap in found], [share for *_, share in expected])


def test_an_edge_is_a_gap():
    began_late = [Measured(0, 30, np.array([0.0, 0.5, 1.0])), Measured(30, 60, np.ones(3))]
    assert gaps_within(began_late, [(0, 60)]) == [Gap(0, 10, 0.0), Gap(10, 20, 0.5)]
    assert gaps_within(began_late, [(30, 60)]) == []
