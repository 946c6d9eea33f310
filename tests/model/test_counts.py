"""Counts that may be unknown, against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.counts import MAX_COUNT, add_known, sum_by_group, sum_known

counts = st.one_of(st.none(), st.integers(0, 100), st.sampled_from([MAX_COUNT - 1, MAX_COUNT]))


@given(st.lists(counts))
def test_a_sum_is_known_only_where_every_part_is_and_fits_a_row(parts):
    assert sum_known(parts) == (None if None in parts else min(sum(parts), MAX_COUNT))
    added = 0
    for part in parts:
        added = add_known(added, part)
    assert added == sum_known(parts)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 7, 1 << 40, (1 << 53) + 1])), max_size=20)
)
def test_sums_by_group_are_exact(rows):
    groups, sizes = zip(*rows, strict=True) if rows else ((), ())
    found = sum_by_group(np.array(groups, np.int64), np.array(sizes, np.uint64), 4)
    assert found.tolist() == [sum(size for group, size in rows if group == k) for k in range(4)]


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
def test_sums_take_any_width(dtype):
    assert sum_by_group(np.array([1, 1]), np.array([(1 << 32) - 1] * 2, dtype), 2).tolist() == [
        0,
        (1 << 33) - 2,
    ]
