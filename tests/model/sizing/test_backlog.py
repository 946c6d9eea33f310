"""Backlog and journal against the golden vector and a plain loop."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.backlog import backlog_bytes, journal_bytes
from streams.model.sizing.series import Series
from tests.model.sizing import plain

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "flow.json").read_text())

sizes = st.lists(st.integers(0, 20) | st.integers(0, 1 << 40), min_size=1, max_size=60)


def test_golden():
    series = Series.of(GOLDEN["series"]["bytes_by_slot"], GOLDEN["series"]["slot_seconds"])
    case = GOLDEN["backlog"]
    rate = Fraction(case["bits_per_second"])
    assert backlog_bytes(series, rate).tolist() == pytest.approx(case["backlog_bytes"], rel=1e-9)
    assert journal_bytes(series, rate) == pytest.approx(float(case["journal_bytes"]), rel=1e-9)


@given(sizes, st.integers(1, 300), st.fractions("1/100", 1 << 40, max_denominator=100))
def test_the_backlog_is_that_of_a_plain_loop(written, slot, rate):
    expected = plain.backlog(written, slot, rate)
    series = Series.of(written, slot)
    scale = float(sum(written) + rate * slot * len(written))
    found = backlog_bytes(series, 8 * rate)
    assert found.tolist() == pytest.approx([float(value) for value in expected], rel=0, abs=1e-15 * scale)
    assert journal_bytes(series, 8 * rate) == pytest.approx(float(max(expected)), rel=0, abs=1e-15 * scale)


@pytest.mark.parametrize("rate", [0, -5, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match=r"bits_per_second|finite number"):
        backlog_bytes(Series.of([1], 10), rate)
