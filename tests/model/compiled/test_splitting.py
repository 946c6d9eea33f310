"""Whether the compiled loops may cut bitmaps: only where Roaring decides as they do."""

from __future__ import annotations

from streams.model.bittable import BitTable
from streams.model.compiled import NUMBA
from streams.model.compiled.splitting import agrees


def test_they_agree_with_the_roaring_that_is_locked():
    assert agrees()
    assert NUMBA.split is not None


def test_another_decision_of_roaring_is_seen(monkeypatch):
    """Three tracks in a row take as many bytes as a run: some releases make one."""
    run = bytes.fromhex("3b3000000100000200010000000200")
    parts = BitTable.parts
    monkeypatch.setattr(
        BitTable, "parts", lambda table: iter([(0, run)]) if len(table) == 3 else parts(table)
    )
    assert not agrees()
