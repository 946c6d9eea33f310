"""Which writes and folds are refused, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.batchmembers import members_of
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import Fold
from streams.model.screening import (
    REASONS,
    by_interval,
    check_members,
    collected,
    fold_fault,
    fold_interval,
    stateless,
)
from streams.model.writes import WriteBatch

US = 1_000_000
EVERY = BitTable()
EVERY.mark(np.array([0], np.uint64), np.array([(1 << 32) - 1], np.uint64))
GEOMETRY = Geometry(track_bytes=4096, max_clock_ahead_seconds=5)
LIMIT = 1 << 63


def batch(*rows):
    """Writes given as (time_us, volume code, offset, length) on volumes x, y, z."""
    time_us, codes, offset, length = zip(*rows, strict=True)
    return WriteBatch(
        np.array(time_us, np.int64),
        np.array(codes, np.int32),
        ("x", "y", "z"),
        np.array(offset, np.uint64),
        np.array(length, np.uint64),
    )


def reasons(screen, count):
    found = {}
    for reason, mask in screen.refused():
        found |= dict.fromkeys(np.flatnonzero(mask).tolist(), reason)
    return [found.get(row) for row in range(count)]


def fold(start_us, end_us, track_bytes=4096, tracks=(1,)):
    return Fold("x", start_us, end_us, track_bytes, BitTable.of(tracks))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((100 * US, 0, 0, 1), None),
        ((105 * US, 0, 0, 1), None),
        ((105 * US + 1, 0, 0, 1), "ahead-of-clock"),
        ((0, 0, 0, 1), None),
        ((-1, 0, 0, 1), "before-1970"),
        ((1, 0, LIMIT - 1, 1), None),
        ((1, 0, LIMIT, 0), None),
        ((1, 0, LIMIT, 1), "extent"),
        ((1, 0, LIMIT + 1, 0), "extent"),
        ((1, 0, 0, LIMIT + 1), "extent"),
        ((1, 0, 0, 1 << 40), None),
        ((1, 0, 0, (1 << 40) + 1), "extent"),
        ((1, 0, 5, (1 << 64) - 1), "extent"),
        ((1, 0, (1 << 64) - 1, (1 << 64) - 1), "extent"),
    ],
)
def test_what_no_definition_could_make_right(row, reason):
    assert reasons(stateless(batch(row), 100 * US, 100 * US, GEOMETRY), 1) == [reason]


def test_one_bad_write_does_not_take_its_neighbours_along():
    writes = batch((1, 0, 0, 1), (-5, 1, 0, 1), (999 * US, 0, 0, 1), (2, 2, LIMIT, 9), (3, 0, 0, 0))
    screen = stateless(writes, 100 * US, 100 * US, GEOMETRY)
    assert reasons(screen, 5) == [None, "before-1970", "ahead-of-clock", "extent", None]
    assert [reason for reason, _ in screen.refused()] == ["ahead-of-clock", "before-1970", "extent"]


TIB = 1 << 40


def test_of_too_much_the_longest_writes_are_refused_and_the_others_stay():
    """2^35 tracks of 512 B are 16 TiB: a write of 1 TiB marks 2^31 tracks, and thousands fill the memory."""
    fine = Geometry(track_bytes=512, max_clock_ahead_seconds=5)
    writes = batch(*((1, 0, k * 2 * TIB, TIB) for k in range(20)), (1, 0, 0, 4096), (1, 1, 0, LIMIT + 1))
    found = reasons(stateless(writes, 100 * US, 100 * US, fine), 22)
    assert found == [None] * 15 + ["too-wide"] * 5 + [None, "extent"]
    assert reasons(stateless(writes, 100 * US, 100 * US, GEOMETRY), 22) == [None] * 21 + ["extent"]


def test_exactly_as_much_as_is_allowed_passes():
    fine = Geometry(track_bytes=512)
    writes = batch(*((1, 0, 0, TIB) for _ in range(16)))
    assert reasons(stateless(writes, 100 * US, 100 * US, fine), 16) == [None] * 16
    writes = batch(*((1, 0, 0, TIB) for _ in range(16)), (1, 0, 0, 0), (1, 0, 0, 1))
    assert reasons(stateless(writes, 100 * US, 100 * US, fine), 18) == [None] * 15 + ["too-wide", None, None]


@pytest.mark.parametrize(("discards_mark", "reason"), [(False, None), (True, "too-wide")])
def test_discards_count_towards_it_only_where_they_mark(discards_mark, reason):
    geometry = Geometry(track_bytes=512, discards_mark=discards_mark)
    writes = replace(batch(*((1, 0, 0, TIB) for _ in range(17))), discard=np.ones(17, np.bool_))
    assert reasons(stateless(writes, 100 * US, 100 * US, geometry), 17) == [None] * 16 + [reason]


def test_a_batch_of_large_writes_passes():
    """8,192 writes of 1 GiB, as when a device is discarded, in the finest tracks that there are."""
    writes = WriteBatch(
        np.ones(8192, np.int64),
        np.zeros(8192, np.int32),
        ("x",),
        np.arange(8192, dtype=np.uint64) << np.uint64(30),
        np.full(8192, 1 << 30, np.uint64),
    )
    assert not stateless(writes, 100 * US, 100 * US, Geometry(track_bytes=512)).verdicts.any()


def test_writes_and_folds_far_before_their_message_are_refused():
    geometry, watermark_us = Geometry.for_interval(10), 50_000 * US
    earliest = watermark_us - 4096 * 10 * US
    writes = batch((earliest - 1, 0, 0, 1), (earliest, 0, 0, 1), (-1, 0, 0, 1), (watermark_us, 0, 0, 1))
    screen = stateless(writes, watermark_us, watermark_us, geometry)
    assert reasons(screen, 4) == ["scattered", None, "before-1970", None]
    folds = [fold(earliest - 10 * US, earliest), fold(earliest, earliest + US)]
    found = [fold_fault(made, watermark_us, watermark_us, geometry) for made in folds]
    assert found == ["scattered", None]


@given(st.lists(st.integers(-20, 200), min_size=1, max_size=40), st.integers(1, 30))
def test_rows_are_split_by_interval_in_order_of_time(times, length):
    writes = batch(*((time, 0, 0, 1) for time in times))
    screen = stateless(writes, 100 * US, 100 * US, GEOMETRY)
    found = [(k, rows.tolist()) for k, rows in by_interval(writes, screen, length)]
    wanted = {}
    for row, time in enumerate(times):
        if time >= 0:
            wanted.setdefault(time // length, []).append(row)
    assert found == sorted(wanted.items())


def faults(writes, array, definition):
    """The reason against each write."""
    found = [None] * len(writes)
    for reason, mask in check_members(writes, members_of(writes, array, definition)):
        for row in np.flatnonzero(mask).tolist():
            assert found[row] is None
            found[row] = reason
    return found


def test_unknown_volumes_and_extents_beyond_the_size_are_refused():
    definition = Definition("g", (Member("a", "x"), Member("a", "y", 1000)), GEOMETRY)
    rows = [
        (1, 0, LIMIT - 1, 1),
        (1, 1, 999, 1),
        (1, 1, 999, 2),
        (1, 1, 1000, 0),
        (1, 1, 1001, 0),
        (1, 2, 0, 1),
    ]
    writes = batch(*rows)
    assert faults(writes, "a", definition) == [
        *(None, None, "beyond-volume", None, "beyond-volume"),
        "unknown-volume",
    ]
    assert faults(writes.take([0, 1, 3]), "a", definition) == [None] * 3
    assert faults(writes.take(slice(0, 0)), "a", definition) == []


def test_a_volume_of_another_array_is_unknown():
    definition = Definition("g", (Member("a", "x"),), GEOMETRY)
    assert faults(batch((1, 0, 0, 1)), "b", definition) == ["unknown-volume"]
    assert faults(batch((1, 0, 0, 0)), "b", definition) == ["unknown-volume"]


@given(st.lists(st.integers(0, 50), max_size=20), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_collected_is_inside_a_window(times, windows):
    found = collected(np.array(times, np.int64), windows).tolist()
    assert found == [any(start <= time < end for start, end in windows) for time in times]


@pytest.mark.parametrize(
    ("start", "end", "interval"),
    [(0, 10, 0), (10, 20, 1), (12, 13, 1), (9, 11, None), (10, 10, None), (11, 10, None), (-1, 5, None)],
)
def test_a_fold_lies_in_one_interval(start, end, interval):
    assert fold_interval(fold(start, end), 10) == interval


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (fold(0, 300 * US), None),
        (fold(0, 300 * US + 1), "fold-span"),
        (fold(105 * US, 106 * US), None),
        (fold(105 * US + 1, 106 * US), "ahead-of-clock"),
        (fold(0, 1, track_bytes=512), None),
        (fold(0, 1, track_bytes=8192), "fold-track"),
        (fold(0, 1, track_bytes=3000), "fold-track"),
        (fold(0, 1, track_bytes=0), "fold-track"),
        (fold(0, 1, tracks=()), None),
        (Fold("x", 0, 1, 512, EVERY), None),
        (fold(0, 1, tracks=((1 << 51) - 1,)), None),
        (fold(0, 1, tracks=(1 << 51,)), "extent"),
    ],
)
def test_what_is_wrong_with_a_fold(made, reason):
    assert fold_fault(made, 100 * US, 100 * US, GEOMETRY) == reason


def test_the_short_last_track_of_all_addresses_may_be_folded():
    geometry, last = Geometry(track_bytes=56_664), (LIMIT - 1) // 56_664
    made = [fold(0, 1, track_bytes=56_664, tracks=(track,)) for track in (last, last + 1)]
    assert [fold_fault(one, 100 * US, 100 * US, geometry) for one in made] == [None, "extent"]


def test_every_reason_has_a_sentence():
    assert all(text and not text.endswith(".") for text in REASONS.values())
    assert len(REASONS) < 127  # they are numbered in a signed byte
