"""Runs read from bytes against the bitmaps that wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.bittable import BitTable
from streams.model.portableruns import runs_of_portable

CONTAINER = 1 << 16

spans = st.lists(
    st.tuples(st.integers(0, 9 * CONTAINER), st.one_of(st.integers(1, 20), st.integers(4000, 3 * CONTAINER))),
    max_size=6,
)
scattered = st.tuples(st.integers(0, 3), st.integers(2, 9), st.integers(1, 9000)).map(
    lambda how: set(range(how[0] * CONTAINER, how[0] * CONTAINER + how[1] * how[2], how[1]))
)
tables = st.tuples(spans, st.lists(scattered, max_size=2), st.booleans())


def bitmap_of(table):
    pairs, sets, is_optimised = table
    bits = BitMap()
    for first, count in pairs:
        bits.add_range(first, first + count)
    for tracks in sets:
        bits |= BitMap(tracks)
    if is_optimised:
        bits.run_optimize()
    return bits


def tracks_of(runs, count):
    found = [[] for _ in range(count)]
    for part, first, last in zip(*(column.tolist() for column in runs), strict=True):
        found[part].extend(range(first, last + 1))
    return found


@given(st.lists(tables, max_size=4))
def test_all_kinds_of_containers(listed):
    bitmaps = [bitmap_of(table) for table in listed]
    parts = [(number << 33, bits.serialize()) for number, bits in enumerate(bitmaps)]
    wanted = [[(number << 33) + track for track in bits] for number, bits in enumerate(bitmaps)]
    assert tracks_of(runs_of_portable(parts), len(parts)) == wanted


@given(st.sets(st.integers(0, 1 << 24)))
def test_stored_parts_of_tables(tracks):
    parts = list(BitTable.of(tracks).parts())
    found = tracks_of(runs_of_portable(parts), len(parts))
    assert [track for part in found for track in part] == sorted(tracks)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"no bitmap at all", "does not begin as a portable Roaring bitmap"),
        (BitMap([1, 2, 9]).serialize()[:-1], "ends before its bitmap does"),
        (BitMap(range(0, 20_000, 2)).serialize()[:-1], "ends before its bitmap does"),
        (b"", "ends before its bitmap does"),
    ],
)
def test_what_is_no_bitmap_is_refused(data, text):
    with pytest.raises(ValueError, match=text):
        runs_of_portable([(0, data)])
    with pytest.raises(ValueError, match="a part"):
        runs_of_portable([(0, data), (0, BitMap([5]).serialize()), (0, BitMap([7]).serialize())])
