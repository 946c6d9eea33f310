"""Runs read from bytes against the bitmaps that wrote them."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.bittable import BitTable
from streams.model.portableruns import Bitmaps, runs_of_portable, tracks_by_bitmap

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


def arrays(*containers, place=0):
    """`(key, values)` as a bitmap without runs, whatever they are; offsets are off by `place`."""
    head = struct.pack("<II", 12_346, len(containers))
    head += b"".join(struct.pack("<HH", key, len(values) - 1) for key, values in containers)
    at, offsets, body = len(head) + 4 * len(containers) + place, b"", b""
    for _, values in containers:
        offsets += struct.pack("<I", at + len(body))
        body += struct.pack(f"<{len(values)}H", *values)
    return head + offsets + body


def runs(*pairs):
    """One container of `(first value, how many follow)`, whatever they are."""
    head = struct.pack("<I", 12_347) + b"\x01" + struct.pack("<HH", 0, 99) + struct.pack("<H", len(pairs))
    return head + b"".join(struct.pack("<HH", *pair) for pair in pairs)


def one_bitset(count, tracks):
    """`count` containers of `tracks` values each, said to be in one bitset."""
    head = struct.pack("<II", 12_346, count)
    head += b"".join(struct.pack("<HH", key, tracks - 1) for key in range(count))
    return head + struct.pack("<I", len(head) + 4 * count) * count + b"\xff" * 8192


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (arrays((0, [5, 3])), "do not ascend"),
        (arrays((0, [5, 5])), "do not ascend"),
        (arrays((1, [5]), (1, [6])), "do not ascend"),
        (arrays((2, [5]), (1, [6])), "do not ascend"),
        (arrays((0, [3, 5]), place=-2), "another place"),
        (arrays((0, [3, 5]))[:16] + b"\0" * 4, "do not ascend"),
        (runs((65_535, 65_535)), "do not ascend"),
        (runs((0, 10), (5, 15)), "do not ascend"),
        (runs((0, 10), (11, 2)), "do not ascend"),
        (runs(), "without tracks"),
        (one_bitset(1, 65_535), "more or fewer tracks"),
        (one_bitset(2_000, 65_536), "another place|ends before"),
    ],
    ids=[
        *("falls", "twice", "key twice", "keys fall", "offset", "all zero", "beyond the container"),
        *("runs overlap", "runs touch", "no run", "fewer tracks", "one bitset for all"),
    ],
)
def test_what_roaring_refuses_is_refused(data, text):
    bitmaps = Bitmaps.of(data, np.zeros(1, np.uint64), np.array([len(data)], np.int64))
    with pytest.raises(ValueError, match=text):
        runs_of_portable([(0, data)])
    with pytest.raises(ValueError, match=text):
        tracks_by_bitmap(bitmaps)
