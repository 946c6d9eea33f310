"""Stored bitmaps go into chunks, against sets: of every kind, with however little room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.bittable import PART_TRACKS
from streams.model.compiled import chunks
from streams.model.compiled.checking import highest
from streams.model.compiled.chunks import Chunks
from streams.model.stored import ODD
from tests.model.portables import damaged, portable, stored

VOLUME = 7 << 40
firsts = st.sampled_from([0, PART_TRACKS, (1 << 32) - PART_TRACKS, 1 << 32])


def some_keys(count):
    return VOLUME | np.random.default_rng(count).integers(0, 1 << 17, count, np.uint64)


def taken(marks):
    return np.concatenate(
        [np.zeros(0, np.uint64), *((word << 32) + np.array(bits, np.uint64) for word, bits in marks.take())]
    ).tolist()


def tracks_of(parts, *others):
    found = [VOLUME + first + np.array(BitMap.deserialize(data), np.uint64) for first, data in parts]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *found, *others])).tolist()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.tuples(firsts, portable()), min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from([1, 8]),
    st.sampled_from([0, 50, 3_000]).map(some_keys),
)
def test_the_tracks_of_all_come_back(messages, fewest, others):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_FEWEST", fewest)
        marks = Chunks()
        for parts in messages:
            assert marks.unite(VOLUME, stored(*parts))
            marks.add(others.copy())
    assert taken(marks) == tracks_of((part for parts in messages for part in parts), others)


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_bytes_that_are_taken_give_what_roaring_reads(data):
    bitmaps, top = stored((0, data)), np.zeros(1, np.int64)
    highest((bitmaps.data, bitmaps.begin, bitmaps.size, bitmaps.first_track), top)
    if top == ODD:
        return
    marks = Chunks()
    marks.unite(VOLUME, bitmaps)
    assert taken(marks) == tracks_of([(0, data)])


def test_room_that_runs_out_anywhere_is_found_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(chunks, "_more", lambda count: count + 1)
    data = BitMap(
        [*range(0, 1 << 20, 900), *range(3 << 16, (3 << 16) + 9_000, 2), *range(1 << 21, 1 << 21 | 70)]
    )
    data.run_optimize()
    parts = [(0, data.serialize()), (PART_TRACKS, data.serialize())]
    marks = Chunks()
    marks.unite(VOLUME, stored(*parts))
    marks.unite(VOLUME, stored(*parts))
    assert taken(marks) == tracks_of(parts)


def test_what_comes_again_and_again_takes_no_room():
    marks, few = Chunks(), stored((0, BitMap(range(0, 40, 2)).serialize()))
    for _ in range(1_000):
        marks.unite(0, few)
    assert marks._state["blocks"][0] - 1 <= 3
