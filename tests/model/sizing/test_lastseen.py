"""The compiled way to occurrences, against the way by columns."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.runs import merged_runs
from streams.model.sizing import lastseen
from streams.model.sizing.compiled import LOOPS
from streams.model.sizing.foldcurve import ZeroRuns
from streams.model.sizing.granularity import BlockSums
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
        all_of_it = last_seen.feed(history, *found)
        union = merged_runs(history.first, history.last)
        runs = merged_runs(all_of_it.first, all_of_it.last)
        assert [column.tolist() for column in runs] == [c.tolist() for c in union]
        assert all_of_it.union_bytes() == history.union_bytes()
    assert found[2].pairs == expected[2].pairs
    assert found[0].curve().mean_bytes.tobytes() == expected[0].curve().mean_bytes.tobytes()
    assert found[0].curve().mean_tracks.tobytes() == expected[0].curve().mean_tracks.tobytes()
    assert (found[1].unions().changed_bytes == expected[1].unions().changed_bytes).all()


@given(written(), st.data())
def test_stretches_of_time_give_the_same_figures(group, data):
    """Of several volumes, cut anywhere between two intervals; blocks are added up with them."""
    expected, found = takers(group), takers(group)
    blocks = [BlockSums([TRACK, 2 * TRACK, 8 * TRACK]) for _ in "ab"]
    last_seen = LastSeen(LOOPS, data.draw(st.integers(1, 9)))
    for history in group.histories():
        feed(history, *expected)
        blocks[0].take(history)
        cuts = [0, *sorted(data.draw(st.lists(st.integers(0, group.n), max_size=4))), group.n]
        for low, high in pairwise(cuts):
            rows = (history.interval >= low) & (history.interval < high)
            columns = {name: getattr(history, name)[rows] for name in ("interval", "first", "last")}
            last_seen.take(replace(history, **columns), *found)
            blocks[1].take_stretch(replace(history, **columns))
        union = last_seen.end(*found)
        blocks[1].take_union(union)
        assert [c.tolist() for c in (union.first, union.last)] == [
            c.tolist() for c in merged_runs(history.first, history.last)
        ]
        assert union.bytes_of(union.first, union.last) == history.union_bytes()
    assert found[2].pairs == expected[2].pairs
    assert found[0].curve().mean_bytes.tobytes() == expected[0].curve().mean_bytes.tobytes()
    assert (found[1].unions().changed_bytes == expected[1].unions().changed_bytes).all()
    assert blocks[0].figures(1) == blocks[1].figures(1)


def test_stretches_need_compiled_loops():
    grid = Written([True] * 2, {}, {}).grid()
    with pytest.raises(ValueError, match="give the whole history"):
        LastSeen(None).take(history_of_tables(grid, "a/0", None, TRACK, [(0, BitTable.of([3]))]), Kept())


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
        assert int(last_seen.feed(history, kept).run_tracks().sum()) == len(table)
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
