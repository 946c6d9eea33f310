"""Histories and their grid against plain sets."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.model.portableruns import Bitmaps
from streams.model.sizing import history as module
from streams.model.sizing.grid import Grid, grid_of
from streams.model.sizing.history import coarsen, histories, history_of_bitmaps, history_of_tables
from tests.model.written import SECONDS, TRACK, written

LENGTH_US = SECONDS * US


def sets_of(history):
    """The tracks of every interval, written out."""
    found = [set() for _ in range(len(history.grid))]
    for k, first, last in zip(history.interval, history.first, history.last, strict=True):
        found[k] |= set(range(int(first), int(last) + 1))
    return found


def is_in_order(history):
    rows = list(zip(history.interval.tolist(), history.first.tolist(), history.last.tolist(), strict=True))
    return all((left[0], left[2] + 1) < right[:2] for left, right in pairwise(rows))


def interval(index, entries, seconds=SECONDS):
    return Interval("g", 1, seconds, index * LENGTH_US, 0, False, tuple(entries), 10, None, 0, 0)


def entry(volume, tracks, volume_bytes=None, track_bytes=TRACK, covered=((0, LENGTH_US),)):
    return Entry(volume, volume_bytes, track_bytes, BitTable.of(tracks), 1, 512, list(covered))


@given(written())
def test_a_history_holds_what_the_tables_hold(group):
    for volume, tables in group.tables.items():
        history = group.history(volume)
        parts = [(k, *part) for k, table in enumerate(tables) for part in BitTable.of(table).parts()]
        firsts, sizes = [first for _, first, _ in parts], [len(data) for *_, data in parts]
        bitmaps = Bitmaps.of(
            b"".join(data for *_, data in parts), np.array(firsts, np.uint64), np.array(sizes, np.int64)
        )
        interval = np.array([k for k, *_ in parts], np.int64)
        stored = history_of_bitmaps(group.grid(), volume, group.sizes[volume], TRACK, interval, bitmaps)
        for found in (history, stored):
            assert sets_of(found) == [set(table) for table in tables]
            assert is_in_order(found)
        sizes = [group.bytes_of((volume, track) for track in table) for table in tables]
        assert history.changed_tracks().tolist() == [len(table) for table in tables]
        assert history.changed_bytes().tolist() == sizes
        union = {(volume, track) for table in tables for track in table}
        assert history.union_bytes() == group.bytes_of(union)


@given(written(), st.integers(1, 5))
def test_a_coarse_track_is_written_where_a_part_of_it_is(group, factor):
    for volume, tables in group.tables.items():
        coarse = coarsen(group.history(volume), factor)
        assert sets_of(coarse) == [{track // factor for track in table} for table in tables]
        assert is_in_order(coarse)
        assert coarse.track_bytes == factor * TRACK


def test_large_tables_come_as_runs(monkeypatch):
    monkeypatch.setattr(module, "_FEW_TRACKS", 2)
    tracks = {0, 1, 2, 9, (1 << 22) - 1, 1 << 22, (1 << 32) + 5}
    grid = Grid(0, SECONDS, np.ones(1, np.bool_))
    history = history_of_tables(grid, "a/0", None, TRACK, [(0, BitTable.of(tracks))])
    rows = list(zip(history.first.tolist(), history.last.tolist(), strict=True))
    assert rows == [(0, 2), (9, 9), ((1 << 22) - 1, 1 << 22), ((1 << 32) + 5, (1 << 32) + 5)]


def test_volumes_of_intervals_come_by_name_and_gaps_are_known():
    rows = [
        interval(0, [entry("a/1", {1}), entry("a/0", {5}, volume_bytes=TRACK)]),
        interval(2, [entry("a/0", {7}, volume_bytes=10 * TRACK)]),
    ]
    grid = grid_of(rows, (-LENGTH_US, 4 * LENGTH_US))
    assert grid.measured.tolist() == [False, True, False, True, False]
    first, second = histories(rows, grid)
    assert (first.volume, first.volume_bytes, sets_of(first)) == (
        "a/0",
        10 * TRACK,
        [set(), {5}, set(), {7}, set()],
    )
    assert (second.volume, sets_of(second)) == ("a/1", [set(), {1}, set(), set(), set()])
    assert [history.volume for history in histories(rows, grid, {"a/1"})] == ["a/1"]


def test_an_interval_below_the_least_coverage_is_a_gap():
    half = entry("a/0", {1}, covered=[(0, LENGTH_US // 2)])
    rows = [interval(0, [half]), interval(1, [entry("a/0", {1}, covered=[(LENGTH_US, 2 * LENGTH_US)])])]
    assert grid_of(rows).measured.tolist() == [True, True]
    assert grid_of(rows, least_coverage=0.6).measured.tolist() == [False, True]


@given(written(), st.integers(1, 9))
def test_windows_that_touch_a_gap_are_left_out_and_counted(group, length):
    grid = group.grid()
    if length > group.n:
        with pytest.raises(ValueError, match="window length"):
            grid.whole_windows(length)
        return
    assert grid.whole_windows(length).tolist() == group.windows(length)
    assert grid.left_out(length) == group.n - length + 1 - len(group.windows(length))


ROW = interval(0, [entry("a/0", {1})])


@pytest.mark.parametrize(
    ("rows", "window", "text"),
    [
        ([], None, "nothing was measured"),
        ([ROW, replace(ROW, rung_seconds=60, start_us=LENGTH_US)], None, "changes from 300 s to 60 s"),
        ([ROW], (0, LENGTH_US + 1), "on a mark of the base interval of 300 s"),
        ([ROW], (1, LENGTH_US + 1), "on a mark of the base interval of 300 s"),
        ([ROW], (LENGTH_US, 2 * LENGTH_US), "outside the window"),
    ],
)
def test_a_range_that_has_no_grid_is_refused(rows, window, text):
    with pytest.raises(ValueError, match=text):
        grid_of(rows, window)


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="interval_seconds 0"):
        Grid(0, 0, np.ones(1, np.bool_))
    with pytest.raises(ValueError, match="no base interval"):
        Grid(0, 1, np.ones(0, np.bool_))
    grid = Grid(0, 1, np.ones(1, np.bool_))
    with pytest.raises(ValueError, match="factor 0"):
        coarsen(history_of_tables(grid, "a/0", None, TRACK, []), 0)


def test_a_track_size_that_changes_is_refused():
    rows = [ROW, interval(1, [entry("a/0", {1}, track_bytes=2 * TRACK)])]
    with pytest.raises(ValueError, match="track_bytes of a/0 changes from 4096 to 8192"):
        list(histories(rows, grid_of(rows)))
