"""Bitmaps made of columns, against bitmaps that were filled track by track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model import portable
from streams.model.portable import bitmap_of_tracks, heads

CONTAINER = 1 << 16
near = st.integers(0, 40)
tracks = st.sets(
    st.builds(lambda c, n: c * CONTAINER + n, st.sampled_from([0, 1, 2, 9, CONTAINER - 1]), near)
)


@given(tracks, st.sampled_from([0, 5, 4096]))
def test_a_bitmap_has_exactly_the_tracks_of_its_column(chosen, few):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portable, "_FEW_TRACKS", few)
        found = bitmap_of_tracks(np.array(sorted(chosen), np.uint32))
    assert found == BitMap(chosen)
    assert found | BitMap([7]) == BitMap(chosen | {7})
    assert found.serialize() == BitMap(chosen).serialize()


@pytest.mark.parametrize("step", [1, 3, 15, 16, 17, 100])
def test_many_tracks_in_arrays_and_in_bitsets_alike(step):
    column = np.arange(0, 20 * CONTAINER, step, dtype=np.uint32)
    assert bitmap_of_tracks(column) == BitMap(range(0, 20 * CONTAINER, step))


@given(st.lists(st.integers(0, 5)).map(sorted))
def test_heads_are_where_a_value_differs_from_the_one_before(values):
    found = heads(np.array(values, np.uint64)).tolist()
    assert found == [n for n, value in enumerate(values) if n == 0 or values[n - 1] != value]
