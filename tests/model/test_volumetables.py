"""Tables of many volumes that fill together, against sets of tracks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model import pending
from streams.model.pending import MAX_TRACK
from streams.model.volumetables import VolumeTables

spans = st.tuples(
    st.integers(0, 3),
    st.sampled_from([0, 1, 7, 1 << 32, MAX_TRACK - 3, MAX_TRACK + 5]),
    st.sampled_from([0, 0, 0, 1, 8, 9, 40]),
)

pytestmark = pytest.mark.usefixtures("each_kernel")
messages = st.lists(st.lists(spans, max_size=12), max_size=5)


def mark(tables: VolumeTables, rows: list[tuple[int, int, int]]) -> None:
    numbers = [tables.number(f"v{volume}") for volume, _, _ in rows]
    first = np.array([track for _, track, _ in rows], np.uint64)
    last = first + np.array([extra for _, _, extra in rows], np.uint64)
    tables.mark(np.array(numbers, np.uint64), first, last)


def by_hand(rows):
    tracks = defaultdict(set)
    for volume, track, extra in rows:
        tracks[f"v{volume}"].update(range(track, track + extra + 1))
    return dict(tracks)


def marked(tables: VolumeTables) -> dict[str, set[int]]:
    return {volume: set(table.tracks.tracks().tolist()) for volume, table in tables.by_volume().items()}


@given(messages, st.sampled_from([1, 3, 4096]))
def test_every_track_is_marked_however_long_it_waits(batches, fewest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "_FEWEST", fewest)
        tables = VolumeTables()
        for rows in batches:
            mark(tables, rows)
    assert marked(tables) == by_hand(row for rows in batches for row in rows)


@given(messages)
def test_every_track_is_marked_beside_a_hot_spot(batches):
    """Chunks of which many tracks are written may be handled in another way."""
    hot = [(0, track, 0) for track in range(5_000)]
    tables = VolumeTables()
    for rows in (hot, *batches):
        mark(tables, rows)
    assert marked(tables) == by_hand(row for rows in (hot, *batches) for row in rows)


@given(messages, messages)
def test_merging_ors_tracks_and_adds_counts(mine, others):
    left, right = VolumeTables(), VolumeTables()
    for tables, batches in ((left, mine), (right, others)):
        for rows in batches:
            mark(tables, rows)
            for volume, _, extra in rows:
                tables.count(f"v{volume}", 1, extra)
    before = marked(right)
    left.merge(right)
    rows = [row for batches in (mine, others) for batch in batches for row in batch]
    assert marked(left) == by_hand(rows)
    assert marked(right) == before
    assert sum(table.writes for table in left.by_volume().values()) == len(rows)
    assert sum(table.written_bytes for table in left.by_volume().values()) == sum(row[2] for row in rows)


def test_a_table_that_was_asked_for_goes_on_filling():
    tables = VolumeTables()
    mark(tables, [(0, 1, 0)])
    table = tables.table("v0")
    mark(tables, [(0, 2, 0)])
    assert tables.table("v0") is table
    assert table.tracks.tracks().tolist() == [1, 2]
