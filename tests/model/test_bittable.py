"""The bit table against Python's sets; equal sets have equal bytes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model import bittable
from streams.model.bittable import PART_TRACKS, BitTable

WORD = 1 << 32
LONG = 4096
NEAR = [0, PART_TRACKS, 3 * PART_TRACKS, WORD, WORD + PART_TRACKS, 5 * WORD, 1 << 54]
numbers = st.builds(lambda near, far: max(0, near + far), st.sampled_from(NEAR), st.integers(-300, 300))
lengths = st.one_of(st.integers(1, 40), st.integers(LONG - 3, LONG + 3), st.just(2 * LONG))
spans = st.lists(st.tuples(numbers, lengths), max_size=8)
sets = st.sets(numbers, max_size=60)


def columns(pairs):
    first = np.array([start for start, _ in pairs], np.uint64)
    return first, np.array([start + count - 1 for start, count in pairs], np.uint64)


def marked(pairs):
    table = BitTable()
    table.mark(*columns(pairs))
    return table


def tracks_of(pairs):
    return {track for start, count in pairs for track in range(start, start + count)}


@given(spans)
def test_marking_sets_exactly_the_tracks_of_the_spans(pairs):
    table, wanted = marked(pairs), tracks_of(pairs)
    assert table.tracks().tolist() == sorted(wanted)
    assert len(table) == len(wanted)
    assert table.highest() == max(wanted, default=None)
    assert all(track in table for track in list(wanted)[:20])
    assert all(start + count not in table or start + count in wanted for start, count in pairs)


@given(spans, st.randoms())
def test_order_batches_and_repetition_do_not_matter(pairs, random):
    whole, apart = marked(pairs), BitTable()
    shuffled = pairs * 2
    random.shuffle(shuffled)
    for pair in shuffled:
        apart.mark(*columns([pair]))
    assert apart == whole
    assert list(apart.parts()) == list(whole.parts())


def test_a_long_extent_over_the_edges_of_parts_and_words():
    pairs = [(PART_TRACKS - 5, 2 * LONG), (WORD - 5000, 10_000)]
    assert marked(pairs).tracks().tolist() == sorted(tracks_of(pairs))


def test_nothing_marks_nothing():
    table = marked([])
    assert (len(table), table.highest(), list(table.parts()), table.tracks().tolist()) == (0, None, [], [])
    assert 0 not in table
    assert table == BitTable() == BitTable.of([])


@given(sets, sets)
def test_or_is_the_union_and_leaves_the_other_alone(left, right):
    table, other = BitTable.of(left), BitTable.of(right)
    table.update(other)
    assert table.tracks().tolist() == sorted(left | right)
    other.update(BitTable.of([7]))
    table.update(BitTable.of([9]))
    assert set(table.tracks().tolist()) == left | right | {9}
    assert set(other.tracks().tolist()) == right | {7}


@given(sets, st.integers(1, 600))
def test_a_coarse_track_is_set_where_one_of_its_parts_is(tracks, factor):
    assert set(BitTable.of(tracks).coarsen(factor).tracks().tolist()) == {t // factor for t in tracks}


@given(sets, st.lists(st.tuples(numbers, st.integers(0, 200)), max_size=4))
def test_restrict_keeps_what_lies_in_the_ranges(tracks, ranges):
    halfopen = [(start, start + count) for start, count in ranges]
    kept = BitTable.of(tracks).restrict(halfopen)
    assert set(kept.tracks().tolist()) == {t for t in tracks if any(s <= t < e for s, e in halfopen)}


@given(sets)
def test_a_copy_lives_on_its_own(tracks):
    table = BitTable.of(tracks)
    copy = table.copy()
    copy.update(BitTable.of([1 << 40]))
    assert set(table.tracks().tolist()) == tracks
    assert set(copy.tracks().tolist()) == tracks | {1 << 40}


@given(spans)
def test_parts_lie_on_the_grid_and_come_back(pairs):
    table = marked(pairs)
    parts = list(table.parts())
    firsts = [first for first, _ in parts]
    assert firsts == sorted({track // PART_TRACKS * PART_TRACKS for track in tracks_of(pairs)})
    assert all(BitMap.deserialize(data).max() < PART_TRACKS for _, data in parts)
    assert BitTable.from_parts(parts) == table
    assert list(BitTable.from_parts(reversed(parts)).parts()) == parts


@given(sets)
def test_the_bytes_depend_on_the_set_alone(tracks):
    ordered = sorted(tracks)
    at_once, one_by_one, by_ranges, halves = BitTable.of(ordered), BitTable(), BitTable(), BitTable()
    for track in reversed(ordered):
        one_by_one.update(BitTable.of([track]))
    for track in ordered:
        by_ranges._add_runs(*columns([(track, 1)]))
    halves.update(BitTable.of(ordered[::2]))
    list(halves.parts())  # reading the bytes of a table that still grows must not change what comes
    halves.update(BitTable.of(ordered[1::2]))
    wanted = list(at_once.parts())
    assert list(one_by_one.parts()) == list(by_ranges.parts()) == list(halves.parts()) == wanted


@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_bytes_of_dense_tables_depend_on_the_set_alone(step):
    """Containers of all three kinds, reached by ranges, by single tracks and by a union of both."""
    tracks = np.arange(0, 200_000, step, dtype=np.uint64)
    singles, halves = BitTable(), BitTable()
    singles.mark(tracks, tracks)
    for first in range(0, 200_000, step * 1000):
        part = np.arange(first, min(first + step * 1000, 200_000), step, dtype=np.uint64)
        halves.mark(part[::-1], part[::-1])
    tables = [singles, halves]
    if step == 1:
        tables.append(marked([(0, 200_000)]))
    first, *others = [list(table.parts()) for table in tables]
    assert all(other == first for other in others)


def test_a_full_part_has_the_same_bytes_however_it_was_filled():
    tracks = np.arange(PART_TRACKS - 1, 2 * PART_TRACKS + 1, dtype=np.uint64)
    singles = BitTable()
    singles.mark(tracks, tracks)
    parts = list(marked([(PART_TRACKS - 1, PART_TRACKS + 2)]).parts())
    assert parts == list(singles.parts())
    alone = marked([(0, PART_TRACKS)])
    assert list(alone.parts()) == [(0, parts[1][1])]


def test_a_few_tracks_far_apart_take_as_many_steps_as_they_have_parts(monkeypatch):
    """Two tracks at both ends of 2^32 once took 1,024 steps, and a message holds thousands of such pairs."""
    steps = []
    monkeypatch.setattr(bittable, "_canonical", lambda part: steps.append(1) or part)
    assert len(list(BitTable.of([0, WORD - 1, WORD + 5, 9 * WORD]).parts())) == 4
    assert len(steps) == 4


def peak_bytes(do):
    """The most that numpy and Python allocate meanwhile; what Roaring holds is not in it."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_writes_of_any_length_are_marked_without_writing_out_their_tracks():
    first = np.arange(0, 8192 * 10_000, 10_000, dtype=np.uint64)
    table = BitTable()
    assert peak_bytes(lambda: table.mark(first, first + np.uint64(4094))) < 4 << 20
    assert len(table) == 8192 * 4095
    assert [track in table for track in (0, 4094, 4095, 9999, 10_000)] == [True, True, False, False, True]


def test_long_runs_are_coarsened_without_writing_out_their_tracks():
    fine = marked([(0, 1 << 26), (1 << 30, 3)])
    coarse = []
    assert peak_bytes(lambda: coarse.append(fine.coarsen(256))) < 1 << 20
    assert coarse == [marked([(0, 1 << 18), (1 << 22, 1)])]


def test_a_dense_part_is_no_larger_than_the_design_says():
    random = np.random.default_rng(1)
    tracks = np.flatnonzero(random.random(PART_TRACKS) < 0.5).astype(np.uint64)
    table = BitTable()
    table.mark(tracks, tracks)
    ((_, data),) = table.parts()
    assert len(data) <= 524_808
    assert len(table) == len(tracks)


def test_a_million_writes_to_one_track_are_one_write_to_it():
    once, often = marked([(12_345_678, 1)]), BitTable()
    same = np.full(10_000, 12_345_678, np.uint64)
    for _ in range(100):
        often.mark(same, same)
    assert len(often) == 1
    assert list(often.parts()) == list(once.parts())


def test_a_sparse_group_on_a_volume_of_64_tib_stays_tiny():
    """One cylinder of 15 tracks of 56,664 B near the end of the volume."""
    last = (64 << 40) // 56_664 - 20
    table = marked([(last, 15)])
    assert sum(bits.get_statistics()["n_bytes_array_containers"] for bits in table._words.values()) <= 30
    assert sum(len(data) for _, data in table.parts()) < 64


@given(sets, st.integers(1, 5000))
def test_changed_bytes_counts_a_short_last_track_truly(tracks, rest):
    track, last = 5000, 100
    inside = {t % (last + 1) for t in tracks}
    size = last * track + rest
    wanted = sum(min(track, size - t * track) for t in inside)
    assert BitTable.of(inside).changed_bytes(track, size) == wanted
    assert BitTable.of(inside).changed_bytes(track, None) == track * len(inside)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([(0, b"junk")], "deserializ"),
        ([(WORD - PART_TRACKS, BitMap([PART_TRACKS]).serialize())], "reaches beyond"),
    ],
)
def test_parts_that_are_none_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        BitTable.from_parts(parts)


def test_a_table_compares_with_tables_only():
    assert BitTable.of([1]) != {1}
    assert repr(BitTable.of([1, 2])) == "BitTable(2 tracks)"
    with pytest.raises(TypeError):
        hash(BitTable())
