"""The hot set against intersections of sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.overlap import overlap
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, Written, written


@given(written(), st.data())
def test_successive_windows_share_what_sets_share(group, data):
    if group.n < 2:
        return
    w = data.draw(st.integers(1, group.n // 2))
    found = overlap(window_unions(group.histories(), [w, 2 * w]), w)
    starts = group.windows(2 * w)
    shared = [
        group.bytes_of(group.union(start, start + w) & group.union(start + w, start + 2 * w))
        for start in starts
    ]
    later = sum(group.bytes_of(group.union(start + w, start + 2 * w)) for start in starts)
    assert found.starts.tolist() == starts
    assert found.shared_bytes.tolist() == shared
    assert found.share == (sum(shared) / later if later else None)
    assert found.left_out == group.n - 2 * w + 1 - len(starts)
    assert found.window_seconds == w * SECONDS


@pytest.mark.parametrize(
    ("tables", "share"), [([{1}, {1}, {1}], 1), ([{1}, {2}, {3}], 0), ([{}, {}, {}], None)]
)
def test_shares_by_hand(tables, share):
    group = Written([True] * 3, {"a/0": [frozenset(table) for table in tables]}, {"a/0": None})
    assert overlap(window_unions(group.histories(), [1, 2]), 1).share == share


def test_the_double_length_is_needed():
    group = Written([True] * 2, {"a/0": [frozenset()] * 2}, {"a/0": None})
    with pytest.raises(ValueError, match=r"window length 2: .* add it to lengths"):
        overlap(window_unions(group.histories(), [1]), 1)
