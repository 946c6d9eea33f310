"""Runs of tracks against Python's sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.runs import bitmaps_of_runs, merged_runs, overlaps, runs_of

CONTAINER = 1 << 16
WORD = 1 << 32
places = st.builds(
    lambda near, far: max(0, near + far),
    st.sampled_from([0, CONTAINER, 5 * CONTAINER, WORD, 3 * WORD]),
    st.integers(-40, 40),
)
lengths = st.integers(1, 12) | st.sampled_from([CONTAINER - 1, CONTAINER])
spans = st.lists(st.tuples(places, lengths), max_size=6)


def columns(pairs):
    first = np.array([start for start, _ in pairs], np.uint64)
    return first, np.array([start + count - 1 for start, count in pairs], np.uint64)


def tracks_of(first, last):
    return {track for a, b in zip(first.tolist(), last.tolist(), strict=True) for track in range(a, b + 1)}


@given(spans)
def test_merged_runs_are_the_same_tracks_ascending_and_apart(pairs):
    first, last = merged_runs(*columns(pairs))
    assert tracks_of(first, last) == tracks_of(*columns(pairs))
    assert all(start > end + 1 for start, end in zip(first[1:].tolist(), last.tolist(), strict=False))


@given(spans, spans)
def test_overlaps_are_what_two_lists_of_runs_share(left, right):
    left, right = merged_runs(*columns(left)), merged_runs(*columns(right))
    first, last = overlaps(*left, *right)
    assert (first <= last).all()
    assert tracks_of(first, last) == tracks_of(*left) & tracks_of(*right)
    assert len(first) <= len(left[0]) + len(right[0])


@given(spans)
def test_bitmaps_of_runs_have_exactly_the_tracks_of_the_runs(pairs):
    runs = merged_runs(*columns(pairs))
    found = list(bitmaps_of_runs(*runs))
    words = [word for word, _ in found]
    assert words == sorted(set(words))
    assert {word * WORD + track for word, bits in found for track in bits} == tracks_of(*runs)
    for _, bits in found:  # what deserialises may still be no valid bitmap: these operations would show it
        assert len(bits) == len(bits.to_array()) == len(BitMap(bits.to_array()))
        assert bits == BitMap(bits.to_array())


@pytest.mark.parametrize("containers", [1, 2, 3, 4, 5, 8, 9, 700])
def test_any_number_of_containers_makes_a_bitmap(containers):
    """The format changes from four containers on, and with every eight of them."""
    first = np.arange(containers, dtype=np.uint64) * np.uint64(CONTAINER) + np.uint64(7)
    ((word, bits),) = bitmaps_of_runs(first, first + np.uint64(2))
    assert word == 0
    assert bits.to_array().tolist() == [track + n for track in first.tolist() for n in range(3)]


def test_a_container_may_be_full_of_runs():
    first = np.arange(0, CONTAINER, 2, dtype=np.uint64)
    ((_, bits),) = bitmaps_of_runs(first, first)
    assert bits == BitMap(range(0, CONTAINER, 2))


def test_a_run_may_reach_over_whole_words():
    found = list(bitmaps_of_runs(np.array([WORD - 1], np.uint64), np.array([2 * WORD], np.uint64)))
    assert [(word, len(bits), bits.min()) for word, bits in found] == [
        (0, 1, WORD - 1),
        (1, WORD, 0),
        (2, 1, 0),
    ]


@given(spans)
def test_runs_come_back_from_a_bitmap(pairs):
    inside = [(start % (WORD - 2 * CONTAINER - 3), count) for start, count in pairs]
    runs = merged_runs(*columns(inside))
    for _, bits in bitmaps_of_runs(*runs):
        first, last = runs_of(bits)
        assert (first.tolist(), last.tolist()) == (runs[0].tolist(), runs[1].tolist())


def test_runs_at_both_edges_of_a_bitmap_come_back():
    first, last = runs_of(BitMap([0, 1, WORD - 1]))
    assert (first.tolist(), last.tolist()) == ([0, WORD - 1], [1, WORD - 1])
