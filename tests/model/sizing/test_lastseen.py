"""The compiled way to occurrences, against the way by columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.compiled.counting import LOOPS
from streams.model.runs import merged_runs
from streams.model.sizing import lastseen
from streams.model.sizing.foldcurve import ZeroRuns
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.lastseen import LastSeen
from streams.model.sizing.occurrences import feed
from streams.model.sizing.windows import WindowSums
from tests.model.written import TRACK, Written, written


class Kept:
    """What a figure is given."""

    def __init__(self):
        self.pairs = {}

    def take(self, found, loops=None):
        for k, p, tracks in zip(found.interval, found.previous, found.tracks, strict=True):
            key = (int(k), int(p), found.bytes_each)
            self.pairs[key] = self.pairs.get(key, 0) + int(tracks)


def takers(group):
    return ZeroRuns(group.grid()), WindowSums(group.grid(), range(1, group.n + 1)), Kept()


@given(written(), st.integers(1, 9))
def test_volume_after_volume_gives_the_same_figures(group, at_once):
    expected, found = takers(group), takers(group)
    last_seen = LastSeen(LOOPS, at_once)
    for history in group.histories():
        feed(history, *expected)
        first, last = last_seen.feed(history, *found)
        union = merged_runs(history.first, history.last)
        assert [column.tolist() for column in merged_runs(first, last)] == [c.tolist() for c in union]
    assert found[2].pairs == expected[2].pairs
    assert found[0].curve().mean_bytes.tobytes() == expected[0].curve().mean_bytes.tobytes()
    assert found[0].curve().mean_tracks.tobytes() == expected[0].curve().mean_tracks.tobytes()
    assert (found[1].unions().changed_bytes == expected[1].unions().changed_bytes).all()


@pytest.mark.parametrize("loops", [None, LOOPS])
def test_far_tracks_and_long_runs_are_not_gone_through_one_by_one(loops, monkeypatch):
    far = lastseen._MOST_TRACKS + 7
    long = BitTable.of(range(1 << 16))
    grid = Written([True] * 2, {}, {}).grid()
    last_seen = LastSeen(loops)
    monkeypatch.setattr(LastSeen, "_make_room", None)
    for table in (BitTable.of([1, far]), long):
        history = history_of_tables(grid, "a/0", None, TRACK, [(0, table), (1, table)])
        kept = Kept()
        first, last = last_seen.feed(history, kept)
        assert int((last - first).sum()) + len(first) == len(table)
        assert kept.pairs == {(0, -1, TRACK): len(table), (1, 0, TRACK): len(table)}


def test_stamps_begin_anew_before_they_overflow(monkeypatch):
    monkeypatch.setattr(lastseen, "_LARGEST_STAMP", 5)
    last_seen, grid = LastSeen(LOOPS), Written([True] * 2, {}, {}).grid()
    for _ in range(9):
        kept = Kept()
        table = BitTable.of([3])
        last_seen.feed(history_of_tables(grid, "a/0", None, TRACK, [(0, table), (1, table)]), kept)
        assert kept.pairs == {(0, -1, TRACK): 1, (1, 0, TRACK): 1}
        assert last_seen._seen.dtype == np.int32
