"""Crash exactness: whatever dies or freezes when, what is published is what the oracle says."""

from __future__ import annotations

import pytest

from tests.model.crash.crashing import run_seed
from tests.model.crash.logs import make_log
from tests.model.crash.oracle import expect

pytestmark = pytest.mark.long

SEEDS = 240
BLOCK = 20


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_every_row_and_mark_is_what_the_oracle_says(first):
    for seed in range(first, first + BLOCK):
        try:
            run_seed(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: python -m tests.model.crash.campaign 1 {seed}")
            raise


def test_the_logs_reach_every_corner_of_the_rule():
    rows, marks, reasons = set(), [], set()
    for seed in range(150):
        limits, log = make_log(seed)
        expected = expect(log, limits)
        rows |= {(key[0], min(2, key[-1])) for key in expected.rows if key[0] in ("table", "rung", "summary")}
        rows |= {(key[0],) for key in expected.rows if key[0] in ("gap", "version", "letter")}
        reasons |= {key[2] for key in expected.rows if key[0] == "letter"}
        marks += expected.marks.values()
    assert {
        ("table", 0),
        ("table", 1),
        ("table", 2),
        ("summary", 2),
        ("rung", 2),
        ("gap",),
        ("version",),
    } <= rows
    assert reasons == {
        "ahead-of-clock",
        "bad-arrow",
        "before-1970",
        "beyond-volume",
        "extent",
        "fold-span",
        "fold-track",
        "forgotten-sequence",
        "geometry-changed",
        "group-deleted",
        "span",
        "stale-epoch",
        "too-late",
        "unknown-group",
        "unknown-volume",
        "watermark-ahead",
    }
    assert any(len(mark.redo) > 3 for mark in marks)
    assert any(mark.born is not None and mark.revisions for mark in marks)
    for counter in ("late_writes", "duplicate_messages", "lost_writes", "discards", "uncollected_writes"):
        assert any(mark.totals[counter] for mark in marks)
    assert any(len(mark.redriven) > 64 for mark in marks)
    assert len({name for mark in marks for name, _ in mark.redriven}) == 6
    kinds = {field: set() for field in ("left", "floor", "holes")}
    for mark in marks:
        for _, _, holes, floor, _, _, left_at in mark.agents.values():
            kinds["left"].add(left_at is None)
            kinds["floor"].add(floor >= 0)
            kinds["holes"].add(bool(holes))
    assert all(kind == {False, True} for kind in kinds.values())
