"""Coverage is judged from what is stored, before the slots of the asked range are laid out."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.reports import gathered
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.gathered import gather
from streams.errors import MissingData
from streams.model.intervals import US
from streams.store import StoredRange
from streams.store.stored import StoredInterval

STEP = 300
ORIGIN_US = 1_790_000_100 // STEP * STEP * US
FAR_US = 253_402_214_400 * US
"""9999-12-31."""


def gather_of(shares, choice, slot_seconds=60):
    """What is gathered of a group with these shares by interval; None where nothing is stored."""
    slots = STEP // slot_seconds
    intervals = tuple(
        StoredInterval(ORIGIN_US + place * STEP * US, STEP, slot_seconds, None, np.full(slots, share))
        for place, share in enumerate(shares)
        if share is not None
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "read_stored", lambda *_, **__: {"g": StoredRange("g", intervals)})
        return gather(None, ["g"], choice, lambda *_: None)


def choice_of(from_us, to_us, least, hours=None):
    return Choice(from_us, to_us, calendar_of(hours, None, "UTC"), least)


@pytest.mark.parametrize(
    ("edges", "least", "hours", "slot", "said"),
    [
        ((0, None), 0.5, None, 60, r"only 0 % of the asked time was measured"),
        ((0, None), 0.5, "8-18", 60, r"only 0 % of the asked time was measured"),
        ((0, None), 0, None, 1, r"slots of 1 s, .* 2026-09-21T.* choose --from and --to closer together"),
        ((None, FAR_US), 0.5, None, 60, r"slots of 60 s, .* choose --from and --to closer together"),
        ((None, FAR_US), 0, "8-18", 60, r"slots of 60 s, .* choose --from and --to closer together"),
    ],
)
def test_a_distant_range_is_refused_before_it_is_laid_out(edges, least, hours, slot, said):
    tracemalloc.start()
    try:
        with pytest.raises(MissingData, match=said):
            gather_of([1.0] * 4, choice_of(*edges, least, hours), slot)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20_000_000


@given(
    st.lists(st.sampled_from([None, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40).filter(
        lambda shares: any(share is not None for share in shares)
    ),
    st.integers(-5, 5),
    st.integers(1, 45),
    st.sampled_from([None, "0-24", "14-15", "15-14"]),
)
def test_what_is_refused_is_what_has_less_coverage_once_laid_out(shares, first, count, hours):
    edges = (ORIGIN_US + first * STEP * US, ORIGIN_US + (first + count) * STEP * US)
    try:
        whole = gather_of(shares, choice_of(*edges, 0, hours))
    except MissingData:
        return
    assert gather_of(shares, choice_of(*edges, whole.coverage - 1e-9 if whole.coverage else 0, hours))
    if whole.coverage < 1:
        with pytest.raises(MissingData, match="of the asked time was measured"):
            gather_of(shares, choice_of(*edges, whole.coverage + 1e-9, hours))
