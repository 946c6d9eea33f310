"""The rows of the fold table against sets."""

import pytest
from hypothesis import given

from streams.model.sizing.foldcurve import fold_curve
from streams.model.sizing.foldtable import fold_table
from streams.model.sizing.windows import window_unions
from tests.model.written import SECONDS, TRACK, Written, written


def table_of(group, lengths, percents=(50,)):
    return fold_table(fold_curve(group.histories()), window_unions(group.histories(), lengths), percents)


@given(written())
def test_rows_are_those_of_sets(group):
    for row in table_of(group, range(1, group.n + 1)):
        w = row.intervals
        sizes = sorted(group.bytes_of(group.union(start, start + w)) for start in group.windows(w))
        assert (row.cycle_seconds, row.windows, row.left_out) == (
            w * SECONDS,
            len(sizes),
            group.n - w + 1 - len(sizes),
        )
        if not sizes:
            assert (row.mean_bytes, row.most_bytes, row.bits_per_second, row.cache_bytes) == (None,) * 4
            assert row.percentile_bytes == {50: None}
            continue
        assert row.mean_bytes == pytest.approx(sum(sizes) / len(sizes), rel=1e-12)
        assert row.most_bytes == sizes[-1]
        assert row.percentile_bytes == {50: sizes[(len(sizes) + 1) // 2 - 1]}
        assert row.bits_per_second == pytest.approx(8 * sizes[-1] / (w * SECONDS), rel=1e-12)
        assert row.cache_bytes == 2 * sizes[-1]


def test_a_hot_set_folds_as_often_as_it_is_written():
    group = Written([True] * 4, {"a/0": [frozenset({1, 2})] * 4}, {"a/0": None})
    rows = table_of(group, [1, 2, 4])
    assert [row.fold_factor for row in rows] == [1, 2, 4]
    assert [row.mean_tracks for row in rows] == [2, 2, 2]
    assert [row.bits_per_second for row in rows] == [16 * TRACK / seconds for seconds in (300, 600, 1200)]


def test_nothing_changed_has_no_fold_factor():
    (row,) = table_of(Written([True], {"a/0": [frozenset()]}, {"a/0": None}), [1])
    assert (row.fold_factor, row.mean_bytes, row.bits_per_second) == (None, 0, 0)
