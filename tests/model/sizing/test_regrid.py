"""Histories on a coarser grid, and of parts of a volume: the same sets as a plain count gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.extents import inside_extents
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_tables
from streams.model.sizing.regrid import on_grid

TRACK = 4096


def grid(count, seconds=300):
    return Grid(0, seconds, np.ones(count, np.bool_))


def made(tables, count):
    return history_of_tables(
        grid(count), "a/v", None, TRACK, [(index, BitTable.of(t)) for index, t in enumerate(tables)]
    )


def sets(history):
    found = {}
    for interval, first, last in zip(history.interval, history.first, history.last, strict=True):
        found.setdefault(int(interval), set()).update(range(int(first), int(last) + 1))
    return found


TABLES = st.lists(st.sets(st.integers(0, 40), max_size=12), min_size=12, max_size=12)


@given(TABLES, st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_longer_intervals_are_the_unions_of_shorter_ones(tables, factor):
    coarse = on_grid(made(tables, 12), grid(12 // factor, 300 * factor))
    parts = [set().union(*tables[at : at + factor]) for at in range(0, 12, factor)]
    assert sets(coarse) == {place: tracks for place, tracks in enumerate(parts) if tracks}
    assert coarse.union_bytes() == len(set().union(*tables)) * TRACK
    assert coarse.changed_tracks().tolist() == [len(tracks) for tracks in parts]


@pytest.mark.parametrize(("count", "seconds"), [(8, 450), (24, 150), (3, 600)])
def test_a_grid_that_does_not_fit_is_refused(count, seconds):
    with pytest.raises(ValueError, match=f"interval_seconds {seconds}: choose a multiple of 300"):
        on_grid(made([set()] * 12, 12), grid(count, seconds))


@given(
    TABLES,
    st.lists(st.tuples(st.integers(0, 30 * TRACK), st.integers(1, 9 * TRACK)), min_size=1, max_size=4),
)
def test_inside_extents_are_the_tracks_that_they_touch(tables, extents):
    touched = {track for at, size in extents for track in range(at // TRACK, (at + size - 1) // TRACK + 1)}
    inside = inside_extents(made(tables, 12), extents)
    wanted = {place: tracks & touched for place, tracks in enumerate(tables)}
    assert sets(inside) == {place: tracks for place, tracks in wanted.items() if tracks}
    assert inside.changed_tracks().tolist() == [len(tracks) for tracks in wanted.values()]
    assert inside.union_bytes() == len(set().union(*wanted.values())) * TRACK


def test_an_empty_extent_is_refused():
    with pytest.raises(ValueError, match="extent at 5 of 0 bytes of a/v"):
        inside_extents(made([{1}], 1), [(5, 0)])
