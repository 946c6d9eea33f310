"""What an outage leaves, against every outage at every second counted with sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.outagesets import outage_intervals, outage_is_cut, worst_outage
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, Written, written


@given(written(), st.integers(1, 2700), st.data())
def test_no_outage_of_the_length_leaves_more_wherever_it_begins(group, seconds, data):
    if seconds > group.n * SECONDS:
        return
    intervals = outage_intervals(group.grid(), seconds)
    found = worst_outage(window_unions(group.histories(), [intervals]), intervals)
    begins = data.draw(st.integers(0, group.n * SECONDS - seconds))
    touched = group.union(begins // SECONDS, -(-(begins + seconds) // SECONDS))
    assert group.bytes_of(touched) <= found.changed_bytes
    assert group.bytes_of(group.union(found.start, found.end)) == found.changed_bytes
    assert found.end - found.start == intervals
    assert found.touches_gap == (False in group.measured[found.start : found.end])


def steady(tables):
    return Written([True] * len(tables), {"a/0": [frozenset(table) for table in tables]}, {"a/0": None})


def test_an_outage_touches_one_interval_more_than_it_fills():
    grid = steady([{1}] * 6).grid()
    lengths = [outage_intervals(grid, seconds) for seconds in (1, 299, 300, 301, 600, 1500, 1800, 1801)]
    assert lengths == [2, 2, 2, 3, 3, 6, 6, 6]
    assert [outage_is_cut(grid, seconds) for seconds in (1800, 1801)] == [False, True]
    with pytest.raises(ValueError, match="outage_seconds 0"):
        outage_intervals(grid, 0)


def test_a_part_of_the_range_has_outages_of_its_own():
    group = steady([{1}, {2, 3}, {4}, {5}, {5}])
    unions = window_unions(group.histories(), [2])
    assert worst_outage(unions, 2).start == 0
    assert worst_outage(unions, 2, (2, 5)).start == 2
    assert worst_outage(unions, 2, (3, 5)).changed_bytes == 4096
    assert worst_outage(unions, 2, (4, 5)) is None
