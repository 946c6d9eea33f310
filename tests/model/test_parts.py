"""Parts of many tables at once: byte for byte those of each table alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model import parts
from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.parts import parts_of
from tests.model.portables import portable

pytestmark = pytest.mark.usefixtures("each_kernel")

CHUNK = 1 << 16


def stretches():
    """Base, start behind it, length and step of stretches in a few chunks, or far away."""
    bases = st.sampled_from([0, CHUNK, PART_TRACKS - CHUNK, 5 * PART_TRACKS, (1 << 32) - CHUNK, 1 << 40])
    return st.lists(
        st.tuples(bases, st.integers(0, CHUNK), st.integers(1, 3 * CHUNK), st.integers(1, 40)), max_size=4
    )


def table_of(chosen):
    table = BitTable()
    for base, start, length, step in chosen:
        tracks = np.arange(base + start, base + start + length, step, dtype=np.uint64)
        table.mark(tracks, tracks)
    return table


def alone(tables):
    """Table, first track, tracks and bytes of each part, as the tables themselves say."""
    return [
        (number, first, len(BitTable.from_parts([(first, bitmap)])), bitmap)
        for number, table in enumerate(tables)
        for first, bitmap in table.parts()
    ]


def together(tables):
    found = parts_of(tables)
    columns = (found.table.tolist(), found.first_track.tolist(), found.tracks.tolist(), found.bitmaps)
    return list(zip(*columns, strict=True))


@given(st.lists(stretches(), max_size=5))
def test_they_are_those_of_each_table_alone(all_chosen):
    tables = [table_of(chosen) for chosen in all_chosen]
    assert together(tables) == alone(tables)


# Roaring keeps an array where runs would take as many bytes, and a bitset where they would take no fewer.
@pytest.mark.parametrize("pairs", [1, 2, 3, 2_046, 2_047, 2_048, 2_049])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_each_container_has_the_form_that_roaring_gives_it(pairs, length):
    first = np.arange(pairs, dtype=np.uint64) * np.uint64(length + 1)
    table = BitTable()
    for more in range(length):
        table.mark(first + np.uint64(more), first + np.uint64(more))
    assert together([table]) == alone([table])


@pytest.mark.parametrize("filled", [CHUNK, CHUNK + 1, 3 * CHUNK, 4 * CHUNK, PART_TRACKS, PART_TRACKS + 1])
def test_full_containers_and_parts(filled):
    table = BitTable()
    table.mark(np.array([0], np.uint64), np.array([filled - 1], np.uint64))
    assert together([table]) == alone([table])


@given(st.lists(st.tuples(st.sampled_from([0, 1 << 40]), portable()), max_size=4))
def test_whatever_form_the_containers_have_had(stored):
    tables = [BitTable.from_parts([part]) for part in stored]
    assert together(tables) == alone(tables)


def test_a_large_table_is_cut_by_itself(monkeypatch):
    tables = [BitTable.of(range(number, 5_000, 7)) for number in range(5)]
    tables[2] = table_of([(0, 0, 6_000, 1), (1 << 40, 5, 900, 3)])
    wanted = together(tables)
    monkeypatch.setattr(parts, "_LARGE_TRACKS", 2_000)
    assert together(tables) == wanted == alone(tables)


def test_no_more_tables_than_fit_are_made_together(monkeypatch):
    tables = [BitTable.of(range(number, 5_000, 7)) for number in range(6)] + [BitTable()]
    wanted = together(tables)
    monkeypatch.setattr(parts, "_BYTES_AT_ONCE", 3_000)
    assert together(tables) == wanted == alone(tables)


def test_there_may_be_none():
    assert together([]) == together([BitTable()]) == []
