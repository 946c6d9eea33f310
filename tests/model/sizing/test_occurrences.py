"""Every piece's neighbours in time, whatever the way it is written out."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.occurrences import occurrences
from tests.model.written import TRACK, Written, written


def pairs_of(group, volume):
    """How many tracks were written in one interval and this one, with none between."""
    found = Counter()
    for track in {track for table in group.tables[volume] for track in table}:
        marks = [k for k, table in enumerate(group.tables[volume]) if track in table]
        found.update(zip([-1, *marks], marks, strict=False))
    return found


def rows_of(chunks):
    found, bytes_on_top = Counter(), 0
    for chunk in chunks:
        tracks = chunk.tracks.tolist()
        if chunk.is_correction:
            bytes_on_top += chunk.bytes_each * sum(tracks)
            continue
        pairs = zip(chunk.previous.tolist(), chunk.interval.tolist(), strict=True)
        for pair, count in zip(pairs, tracks, strict=True):
            found[pair] += count
    return found, bytes_on_top


@given(written(), st.integers(1, 30))
def test_all_occurrences_in_chunks_of_any_size(group, at_once):
    for volume, tables in group.tables.items():
        found, on_top = rows_of(occurrences(group.history(volume), at_once))
        assert found == pairs_of(group, volume)
        sizes = sum(group.bytes_of((volume, track) for track in table) for table in tables)
        assert sum(found.values()) * TRACK + on_top == sizes


def test_chunks_are_as_small_as_asked():
    group = Written([True] * 3, {"a/0": [frozenset(range(0, 40, 2))] * 3}, {"a/0": None})
    sizes = [len(chunk.interval) for chunk in occurrences(group.history("a/0"), at_once=7)]
    assert (sum(sizes), max(sizes)) == (60, 6)


def test_long_runs_cost_as_little_as_short_ones():
    group = Written([True] * 2, {"a/0": [frozenset()] * 2}, {"a/0": None})
    table = BitTable.of(range(1 << 16))
    grid = group.grid()
    history = history_of_tables(grid, "a/0", None, TRACK, [(0, table), (1, table)])
    (chunk,) = occurrences(history, at_once=1000)
    assert (chunk.interval.tolist(), chunk.tracks.tolist()) == ([0, 1], [1 << 16] * 2)


def test_tracks_far_apart():
    far = (1 << 62) + 7
    group = Written([True] * 3, {"a/0": [frozenset({1, far}), frozenset(), frozenset({far})]}, {"a/0": None})
    found, _ = rows_of(occurrences(group.history("a/0")))
    assert found == {(-1, 0): 2, (0, 2): 1}
