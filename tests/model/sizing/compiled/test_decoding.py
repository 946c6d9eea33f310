"""Bitmaps read by compiled loops, against columns: the same runs, or the same refusal."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.portableruns import Bitmaps, tracks_by_bitmap
from streams.model.sizing.compiled import LOOPS
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_bitmaps
from tests.model.portables import damaged
from tests.model.test_portableruns import bitmap_of, tables

GRID = Grid(0, 300, np.ones(4, np.bool_))


def runs_of(parts, loops):
    sizes = np.array([len(data) for *_, data in parts], np.int64)
    firsts = np.array([first for _, first, _ in parts], np.uint64)
    interval = np.array([k for k, *_ in parts], np.int64)
    bitmaps = Bitmaps.of(b"".join(data for *_, data in parts), firsts, sizes)
    try:
        found = history_of_bitmaps(GRID, "a/0", None, 4096, interval, bitmaps, loops=loops)
    except ValueError as error:
        return str(error)
    return [(column.dtype, column.tolist()) for column in (found.interval, found.first, found.last)]


@given(st.lists(tables, max_size=4), st.booleans())
def test_all_kinds_of_containers(listed, in_one_interval):
    parts = [
        (0 if in_one_interval else k, k << 32, bitmap_of(table).serialize()) for k, table in enumerate(listed)
    ]
    assert runs_of(parts, LOOPS) == runs_of(parts, None)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), tables), max_size=4))
def test_bitmaps_of_one_interval_that_overlap_are_united(listed):
    listed.sort(key=lambda each: each[:2])
    bitmaps = [bitmap_of(table) for *_, table in listed]
    parts = [(k, at << 16, bits.serialize()) for (k, at, _), bits in zip(listed, bitmaps, strict=True)]
    found = runs_of(parts, None)
    assert runs_of(parts, LOOPS) == found
    united, got = [BitMap() for _ in range(3)], [BitMap() for _ in range(3)]
    for (k, at, _), bits in zip(listed, bitmaps, strict=True):
        united[k] |= bits.shift(at << 16)
    count = 0
    for k, first, last in zip(*(values for _, values in found), strict=True):
        got[k].add_range(first, last + 1)
        count += last + 1 - first
    assert got == united
    assert count == sum(map(len, united))  # none is in two runs


def test_a_bitset_of_every_other_track_needs_most_room():
    data = bitmap_of(([], [set(range(0, 1 << 16, 2))], False)).serialize()
    assert runs_of([(0, 0, data)], LOOPS) == runs_of([(0, 0, data)], None)


def test_a_count_of_containers_that_no_memory_holds():
    data = bytes.fromhex("3a30000000000000")[:7] + b"\xfe"
    said = runs_of([(0, 0, data)], None)
    assert said.startswith("stored tables of a/0: a part ends before its bitmap does")
    assert runs_of([(0, 0, data)], LOOPS) == said


@given(tables, st.data())
def test_garbled_bytes(table, data):
    whole = bytearray(bitmap_of(table).serialize())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, min(len(whole) - 1, 60)))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for parts in ([(0, 0, bytes(whole))], [(0, 0, cut), (1, 0, bytes(whole))]):
        assert runs_of(parts, LOOPS) == runs_of(parts, None)


@settings(max_examples=500)
@given(damaged())
def test_only_what_roaring_takes_of_damaged_bytes_is_read_and_as_the_same_tracks(data):
    """Roaring takes more: it reads containers in order, whatever their offsets say."""
    found = runs_of([(0, 0, data)], None)
    assert (decoded(data) is None) == isinstance(found, str)
    if isinstance(found, str):
        return
    bits = BitMap.deserialize(data)  # it does not raise
    _, (_, first), (_, last) = found
    got = BitMap()
    for low, high in zip(first, last, strict=True):
        got.add_range(low, high + 1)
    assert got == bits
    assert decoded(data) == (first, last)
    assert tracks_by_bitmap(Bitmaps.of(data, *np.array([[0], [len(data)]]))).tolist() == [len(bits)]


def decoded(data):
    """First and last tracks as the compiled loop alone reads them; None where it refuses."""
    size = np.array([len(data)], np.int64)
    stored = np.frombuffer(data, np.uint8), np.zeros(1, np.int64), size, np.zeros(1, np.uint64)
    room = 4 * len(data) + 1
    runs = np.empty(room, np.int64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    count = LOOPS.decode(stored, np.zeros(1, np.int64), runs)
    return None if count < 0 else (runs[1][:count].tolist(), runs[2][:count].tolist())
