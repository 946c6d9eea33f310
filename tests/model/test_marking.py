"""Marking one message into one interval, against loops over bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.batchmembers import members_of
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Geometry, Member
from streams.model.marking import mark_fold, mark_writes
from streams.model.messages import Fold
from streams.model.opentable import OpenInterval
from streams.model.writes import WriteBatch

pytestmark = pytest.mark.usefixtures("each_kernel")

US = 1_000_000
START = 50 * US
TRACK = 1024
PIECES = ((2 * TRACK, 2 * TRACK), (0, TRACK))

writes = st.lists(
    st.tuples(
        st.integers(START, START + 10 * US - 1),
        st.integers(0, 1),
        st.integers(0, 6 * TRACK),
        st.sampled_from([0, 1, TRACK - 1, TRACK, TRACK + 1, 3 * TRACK]),
        st.booleans(),
    ),
    max_size=12,
)


def definition(extents=None, *, discards_mark=False):
    geometry = Geometry(
        track_bytes=TRACK, interval_seconds=10, slot_seconds=2, rungs_seconds=(), discards_mark=discards_mark
    )
    return Definition("g", (Member("a", "x", extents=extents), Member("a", "y")), geometry)


def batch(rows, *, discards=True):
    time_us, code, offset, length, discard = zip(*rows, strict=True) if rows else ((),) * 5
    return WriteBatch(
        np.array(time_us, np.int64),
        np.array(code, np.int32),
        ("x", "y"),
        np.array(offset, np.uint64),
        np.array(length, np.uint32),
        np.array(discard, np.bool_) if discards else None,
    )


def empty():
    return OpenInterval.empty(definition().geometry)


def mark(table, writes, chosen):
    return mark_writes(table, writes, members_of(writes, "a", chosen), chosen.geometry, START)


def by_hand(rows, extents, *, discards_mark):
    """Tracks, writes and bytes of each volume, bytes by slot, discards, and rows outside the extents."""
    tracks, counts, sizes, slots, others = {}, Counter(), Counter(), [0] * 5, Counter()
    inside = {b for start, size in extents or () for b in range(start, start + size)}
    for time_us, code, offset, length, discard in rows:
        volume = "a/" + "xy"[code]
        taken = set(range(offset, offset + length))
        if extents and code == 0:
            taken &= inside
            if not taken and (length or offset not in inside):
                others["outside"] += 1
                continue
        others["discards"] += discard
        if not discard:
            others["written"] += 1
            counts[volume] += 1
            sizes[volume] += len(taken)
            slots[(time_us - START) // (2 * US)] += len(taken)
        if discards_mark or not discard:
            tracks.setdefault(volume, set()).update(b // TRACK for b in taken)
    return tracks, counts, sizes, slots, others


@given(writes, st.sampled_from([None, PIECES]), st.booleans())
def test_writes_are_marked_and_counted_byte_by_byte(rows, extents, discards_mark):
    table, chosen = empty(), definition(extents, discards_mark=discards_mark)
    found = mark(table, batch(rows), chosen)
    tracks, counts, sizes, slots, others = by_hand(rows, extents, discards_mark=discards_mark)
    assert found == (others["written"], others["outside"])
    assert table.discards == others["discards"]
    assert list(table.slots.values()) == slots
    for volume in ("a/x", "a/y"):
        mine = table.volumes.table(volume)
        assert set(mine.tracks.tracks().tolist()) == tracks.get(volume, set())
        assert (mine.writes, mine.written_bytes) == (counts[volume], sizes[volume])


@given(writes, st.integers(1, 5))
def test_batches_add_up(rows, size):
    whole, parts = empty(), empty()
    mark(whole, batch(rows), definition())
    for first in range(0, len(rows), size):
        piece = rows[first : first + size]
        mark(parts, batch(piece), definition())
    assert parts.volumes.by_volume() == whole.volumes.by_volume()
    assert parts.slots.values() == whole.slots.values()
    assert parts.discards == whole.discards


def test_no_write_marks_nothing():
    table = empty()
    assert mark(table, batch([]), definition()) == (0, 0)
    assert table.volumes.by_volume() == {}


def test_sums_that_a_double_cannot_hold_are_exact():
    coarse = replace(definition(), geometry=replace(definition().geometry, track_bytes=1 << 20))
    table, wide = empty(), batch([(START, 0, 0, 0, False), (START + 3 * US, 0, 0, 0, False)], discards=False)
    lengths = np.array([(1 << 53) - 1, 2], np.uint64)
    mark(table, replace(wide, length_bytes=lengths), coarse)
    assert table.volumes.table("a/x").written_bytes == (1 << 53) + 1
    assert table.slots.values() == ((1 << 53) - 1, 2, 0, 0, 0)


def test_a_write_of_length_zero_counts_one_write_and_no_track():
    table = empty()
    mark(table, batch([(START, 0, 512, 0, False)]), definition())
    mine = table.volumes.table("a/x")
    assert (len(mine.tracks), mine.writes, mine.written_bytes) == (0, 1, 0)


def fold(tracks, *, start=START, end=START + US, track_bytes=TRACK, writes=3, written_bytes=900):
    return Fold("x", start, end, track_bytes, BitTable.of(tracks), writes, written_bytes)


def folded(*folds, extents=None):
    table, chosen = empty(), definition(extents)
    for one in folds:
        mark_fold(table, one, chosen.by_id["a/x"], chosen, START)
    mine = table.volumes.table("a/x")
    slots = None if table.slots.values() is None else list(table.slots.values())
    return mine.tracks.tracks().tolist(), mine.writes, mine.written_bytes, slots


def test_folds_are_ored_and_their_counts_added():
    later = fold([1, 7], start=START + 4 * US, end=START + 6 * US)
    assert folded(fold([0, 1]), later) == ([0, 1, 7], 6, 1800, [900, 0, 900, 0, 0])


@pytest.mark.parametrize(("track_bytes", "factor"), [(1024, 1), (512, 2), (128, 8)])
def test_a_finer_fold_is_coarsened(track_bytes, factor):
    assert folded(fold([0, 7, 8, 100], track_bytes=track_bytes))[0] == sorted(
        {t // factor for t in (0, 7, 8, 100)}
    )


def test_what_a_source_did_not_count_is_unknown_for_good():
    assert folded(fold([0], writes=None, written_bytes=None), fold([1])) == ([0, 1], None, None, None)
    assert folded(fold([1]), fold([0], writes=None)) == ([0, 1], None, 1800, [1800, 0, 0, 0, 0])


def test_bytes_that_fall_into_several_slots_belong_to_none():
    assert folded(fold([1], end=START + 2 * US))[3] == [900, 0, 0, 0, 0]
    assert folded(fold([1], end=START + 2 * US + 1)) == ([1], 3, 900, None)
    assert folded(fold([], end=START + 9 * US, writes=0, written_bytes=0))[3] == [0] * 5


def test_a_fold_is_clipped_to_the_extents_and_then_its_counts_are_unknown():
    assert folded(fold([0, 2, 3]), extents=PIECES) == ([0, 2, 3], 3, 900, [900, 0, 0, 0, 0])
    assert folded(fold([0, 1, 2, 4]), extents=PIECES) == ([0, 2], None, None, None)


def test_a_fold_is_not_changed_by_what_comes_behind_it():
    first, second = fold([1]), fold([2])
    folded(first, second)
    assert first.tracks == BitTable.of([1])
