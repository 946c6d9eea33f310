"""How often tracks were written, told from the writes and bytes of a row alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.portableruns import Bitmaps
from streams.model.sizing.grid import Grid
from streams.store import StoredVolume

TRACK = 4096


def track_writes(lengths):
    """Of one interval in which writes of these lengths came."""
    nothing = Bitmaps.of(b"", np.zeros(1, np.uint64), np.zeros(1, np.int64))
    counts = len(lengths), sum(lengths)
    rows = (np.array([count], np.int64) for count in reversed(counts))
    volume = StoredVolume("a/0", None, TRACK, *counts, 0, 300, np.zeros(1, np.int64), nothing, *rows)
    (found,) = volume.track_writes_by_interval(Grid(0, 300, np.ones(1, np.bool_)))
    return found


@given(st.lists(st.integers(1, 5 * TRACK), max_size=20))
def test_no_less_than_writes_touch_that_begin_on_an_edge(lengths):
    assert track_writes(lengths) >= sum(-(-length // TRACK) for length in lengths)


def test_small_writes_beside_a_large_one_are_counted():
    assert track_writes(100 * [512] + [160 * TRACK]) == 101 + 160 + 12


@pytest.mark.parametrize("length", [1, 512, TRACK, 3 * TRACK + 1])
def test_as_many_as_writes_touch_on_the_average_wherever_they_begin(length):
    touched = [(begin + length - 1) // TRACK + 1 for begin in range(TRACK)]
    assert track_writes(TRACK * [length]) == pytest.approx(sum(touched), rel=1 / TRACK)
