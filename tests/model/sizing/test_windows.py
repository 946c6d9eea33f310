"""Windows that slide against every window counted with Python's sets."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.foldcurve import fold_curve
from streams.model.sizing.grid import Grid
from streams.model.sizing.occurrences import occurrences
from streams.model.sizing.windows import WindowSums, lengths_up_to, window_unions
from tests.model.written import Written, written


@given(written(), st.data())
def test_every_window_of_every_length(group, data):
    lengths = data.draw(st.lists(st.integers(1, group.n), min_size=1))
    unions = window_unions(group.histories(), lengths)
    assert unions.lengths == tuple(sorted(set(lengths)))
    for w in lengths:
        for start in range(group.n - w + 1):
            assert unions.between(start, start + w) == group.bytes_of(group.union(start, start + w))
        whole = [group.bytes_of(group.union(start, start + w)) for start in group.windows(w)]
        assert unions.sliding(w).tolist() == whole
        assert unions.most(w) == max(whole, default=None)
    assert unions.between(3, 3) == 0


@given(written(), st.data())
def test_a_percentile_is_the_smallest_that_enough_windows_do_not_exceed(group, data):
    w = data.draw(st.integers(1, group.n))
    percent = data.draw(st.integers(1, 100))
    unions = window_unions(group.histories(), [w])
    ordered = sorted(unions.sliding(w).tolist())
    wanted = ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None
    assert unions.percentile(w, percent) == wanted
    assert unions.percentile(w, 100) == unions.most(w)


@given(written(gaps=False), st.data())
def test_sliding_windows_never_hide_what_aligned_ones_show(group, data):
    w = data.draw(st.integers(1, group.n))
    unions = window_unions(group.histories(), [w])
    aligned = [unions.between(start, start + w) for start in range(0, group.n - w + 1, w)]
    assert unions.most(w) >= max(aligned)


@given(written())
def test_their_means_are_the_fold_curve(group):
    unions = window_unions(group.histories(), range(1, group.n + 1))
    means = [unions.sliding(w).mean() if len(unions.sliding(w)) else np.nan for w in unions.lengths]
    np.testing.assert_allclose(fold_curve(group.histories()).mean_bytes, means, rtol=1e-12)


@given(written())
def test_volumes_counted_apart_and_in_chunks_merge(group):
    lengths = range(1, group.n + 1)
    both = WindowSums(group.grid(), lengths)
    for history in group.histories():
        apart = WindowSums(group.grid(), lengths)
        for found in occurrences(history, at_once=4):
            apart.take(found)
        both.merge(apart)
    whole = window_unions(group.histories(), lengths)
    assert (both.unions().changed_bytes == whole.changed_bytes).all()


def test_lengths_that_a_span_can_touch():
    grid = Grid(0, 300, np.ones(10, np.bool_))
    assert lengths_up_to(grid, 300) == range(1, 3)
    assert lengths_up_to(grid, 301) == range(1, 4)
    assert lengths_up_to(grid, 1e9) == range(1, 11)


HISTORIES = Written([True] * 3, {"a/0": [frozenset({1})] * 3}, {"a/0": None}).histories()


@pytest.mark.parametrize("percent", [0, -1, 100.5])
def test_a_percentile_outside_is_refused(percent):
    with pytest.raises(ValueError, match=f"percentile {percent}: choose more than 0 and up to 100"):
        window_unions(HISTORIES, [1]).percentile(1, percent)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="window length 4: the range has 3 base intervals of 300 s"):
        window_unions(HISTORIES, [4])
    with pytest.raises(ValueError, match="lengths: there is none"):
        window_unions(HISTORIES, [])
    with pytest.raises(ValueError, match="histories: there is no volume"):
        window_unions([], [1])
    with pytest.raises(ValueError, match=r"window length 2: the windows of up to 3 .* add it to lengths"):
        window_unions(HISTORIES, [1, 3]).most(2)
