"""Tables that are not read yet: tables as any other to whoever asks."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.stored import EMPTY, StoredTable
from tests.model.portables import stored

tracks = st.sets(st.integers(0, 3 * PART_TRACKS), max_size=20)


def unread(table):
    return StoredTable(stored(*table.parts()), EMPTY if table.highest() is None else table.highest())


@given(tracks)
def test_it_is_the_table_that_it_was_stored_from(chosen):
    table = BitTable.of(chosen)
    assert unread(table) == table
    assert table == unread(table)
    assert unread(table).highest() == table.highest()
    assert len(unread(table)) == len(table)
    assert list(unread(table).parts()) == list(table.parts())
    assert unread(table).copy() == table


def test_its_bytes_are_left_alone_until_its_tracks_are_asked_for():
    table = unread(BitTable.of([3, 9]))
    assert table.highest() == 9
    assert table.stored is not None
    assert 3 in table
    assert table.stored is None


@given(tracks, tracks)
def test_it_can_grow_as_any_table(chosen, more):
    table = unread(BitTable.of(chosen))
    table.update(BitTable.of(more))
    assert table == BitTable.of(chosen | more)
    assert table.highest() == max(chosen | more, default=None)


def test_it_has_nothing_that_a_table_lacks():
    with pytest.raises(AttributeError, match="tracks_"):
        unread(BitTable.of([1])).tracks_  # noqa: B018  # that it raises is all
    assert copy.deepcopy(unread(BitTable.of([1]))) == BitTable.of([1])
