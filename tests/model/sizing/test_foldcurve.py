"""The fold curve against every window counted with Python's sets."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from streams.model.sizing.foldcurve import ZeroRuns, fold_curve
from streams.model.sizing.occurrences import occurrences
from tests.model.written import TRACK, Written, written

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sizing_sets.json").read_text())


def mean(values):
    return sum(values) / len(values) if values else np.nan


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=0)


def test_golden():
    case = GOLDEN["fold_curve"]
    tables = [
        frozenset(track for track, marks in enumerate(case["tracks"]) if marks[k] == "1")
        for k in range(case["intervals"])
    ]
    history = Written([True] * case["intervals"], {"a/0": tables}, {"a/0": 3 * TRACK}).history("a/0")
    curve = fold_curve([history])
    same(curve.mean_tracks, [float(Fraction(value)) for value in case["mean_tracks"]])
    same(curve.fold_factor()[-1], float(Fraction(case["fold"])))
    assert history.changed_tracks().sum() == case["sum"]
    assert history.union_bytes() == case["or"] * TRACK


@given(written())
def test_the_curve_is_the_mean_over_all_windows_without_a_gap(group):
    curve = fold_curve(group.histories())
    lengths = range(1, group.n + 1)
    unions = [[group.union(start, start + w) for start in group.windows(w)] for w in lengths]
    same(curve.mean_tracks, [mean([len(union) for union in row]) for row in unions])
    same(curve.mean_bytes, [mean([group.bytes_of(union) for union in row]) for row in unions])
    assert curve.windows.tolist() == [len(row) for row in unions]
    assert (curve.windows + curve.left_out).tolist() == [group.n - w + 1 for w in lengths]


@given(written(gaps=False))
def test_without_gaps_the_curve_never_decreases(group):
    curve = fold_curve(group.histories())
    assert (np.diff(curve.mean_tracks) >= 0).all()
    assert (np.diff(curve.mean_bytes) >= 0).all()


@given(written(gaps=False))
def test_folding_saves_something_exactly_where_a_track_repeats(group):
    curve = fold_curve(group.histories())
    total = sum(len(table) for tables in group.tables.values() for table in tables)
    union = len(group.union(0, group.n))
    assert union <= total
    assert (union == total) == all(
        not left & right
        for tables in group.tables.values()
        for k, left in enumerate(tables)
        for right in tables[k + 1 :]
    )
    same(curve.fold_factor()[-1], float("nan") if not total else group_fold(group))


def group_fold(group):
    shipped = sum(group.bytes_of(group.union(k, k + 1)) for k in range(group.n))
    return shipped / group.bytes_of(group.union(0, group.n))


@given(written())
def test_chunks_and_merging_change_nothing(group):
    whole = fold_curve(group.histories())
    parts = [ZeroRuns(group.grid()) for _ in group.tables]
    for part, history in zip(parts, group.histories(), strict=True):
        for found in occurrences(history, at_once=3):
            part.take(found)
    for part in parts[1:]:
        parts[0].merge(part)
    same(parts[0].curve().mean_tracks, whole.mean_tracks)
    same(parts[0].curve().mean_bytes, whole.mean_bytes)


def test_sums_beyond_64_bits_stay_exact():
    n, size = 3, 1 << 60
    group = Written([True] * n, {"a/0": [frozenset({0})] * n}, {"a/0": size})
    runs = ZeroRuns(group.grid())
    for found in occurrences(group.history("a/0")):
        object.__setattr__(found, "bytes_each", size)
        for _ in range(7):
            runs.take(found)
    assert runs.curve().mean_bytes.tolist() == [7 * size] * n


def test_no_volume_is_refused():
    with pytest.raises(ValueError, match="histories: there is no volume"):
        fold_curve([])
