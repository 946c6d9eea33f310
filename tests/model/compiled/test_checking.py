"""Which stored bitmaps loops go through by themselves: only what Roaring reads as the same tracks."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from pyroaring import BitMap

from streams.model.bittable import PART_TRACKS
from streams.model.compiled.checking import highest
from streams.model.pending import MAX_TRACK
from streams.model.stored import EMPTY, ODD
from tests.model.portables import damaged, portable, stored

WORD = 1 << 32


def found(*parts):
    bitmaps, tops = stored(*parts), np.full(len(parts), 99, np.int64)
    highest((bitmaps.data, bitmaps.begin, bitmaps.size, bitmaps.first_track), tops)
    return tops.tolist()


def arrays(*containers):
    """`(key, values)` as a bitmap without runs, whatever they are."""
    head = struct.pack("<II", 12_346, len(containers))
    head += b"".join(struct.pack("<HH", key, len(values) - 1) for key, values in containers)
    place, offsets, body = len(head) + 4 * len(containers), b"", b""
    for _, values in containers:
        offsets += struct.pack("<I", place + len(body))
        body += struct.pack(f"<{len(values)}H", *values)
    return head + offsets + body


@given(portable())
def test_the_highest_track_of_what_roaring_writes(data):
    bits = BitMap.deserialize(data)
    expected = ODD if len(bits) > 8 * len(data) else bits.max() if bits else EMPTY
    assert found((0, data)) == [expected]


@settings(max_examples=500)
@given(damaged())
def test_what_is_taken_of_damaged_bytes_roaring_reads_as_well(data):
    (top,) = found((0, data))
    if top == ODD:
        return
    bits = BitMap.deserialize(data)  # it does not raise
    assert top == (bits.max() if bits else EMPTY)


def test_each_of_many_is_judged_alone():
    good, empty = arrays((1, [5, 9])), BitMap().serialize()
    parts = [(0, good), (PART_TRACKS, good), (0, good[:-1]), (0, empty), (WORD, good), (0, b"")]
    top = (1 << 16) + 9
    assert found(*parts) == [top, PART_TRACKS + top, ODD, EMPTY, WORD + top, ODD]


@pytest.mark.parametrize(
    "data",
    [
        arrays((1, [5, 5])),
        arrays((1, [9, 5])),
        arrays((1, [5]), (1, [6])),
        arrays((2, [5]), (1, [6])),
        arrays((1, [5])) + b"\0",
        arrays((1, [5]))[:12] + struct.pack("<I", 18) + b"\5\0",
    ],
    ids=["twice", "falls", "key twice", "keys fall", "more behind it", "offset"],
)
def test_what_is_out_of_order_is_odd(data):
    assert found((0, data)) == [ODD]


@pytest.mark.parametrize("first", [1, PART_TRACKS - 1, 1 << 40, 1 << 63])
def test_what_begins_off_the_grid_or_too_high_is_odd(first):
    assert found((first, arrays((0, [5])))) == [ODD]


def test_the_end_of_2_32_tracks_and_the_highest_track_may_be_reached_but_not_passed():
    last_of_part = arrays((PART_TRACKS // (1 << 16) - 1, [0xFFFF]))
    one_more = arrays((PART_TRACKS // (1 << 16), [0]))
    assert found((WORD - PART_TRACKS, last_of_part), (WORD - PART_TRACKS, one_more)) == [WORD - 1, ODD]
    assert found((MAX_TRACK + 1 - PART_TRACKS, last_of_part)) == [MAX_TRACK]


def test_runs_that_would_take_far_more_memory_than_bytes_are_odd():
    full = BitMap()
    full.add_range(0, 1 << 22)
    full.run_optimize()
    assert found((0, full.serialize())) == [ODD]
