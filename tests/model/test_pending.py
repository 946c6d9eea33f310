"""Tracks on their way into tables, against sets: those that wait to be sorted, and those in chunks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.compiled import NUMBA
from streams.model.kernel import NUMPY
from streams.model.pending import MAX_TRACK, MAX_VOLUMES, VOLUME_BITS, PendingTracks

written = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, MAX_VOLUMES - 1]),
        st.sampled_from([0, 1, 2, 3, 65_535, 65_536, 1 << 32, MAX_TRACK - 1, MAX_TRACK]),
    ),
    max_size=30,
)


def keys(rows):
    return np.array([volume << VOLUME_BITS | track for volume, track in rows], np.uint64)


def tracks(marks):
    """All keys that were taken, in the order in which they came."""
    return [(word << 32) + bit for word, bits in marks.take() for bit in bits]


@pytest.mark.parametrize("kernel", [NUMPY, NUMBA], ids=lambda kernel: kernel.name)
@given(st.lists(written, min_size=1, max_size=4))
def test_all_keys_come_back_ascending_and_once(kernel, messages):
    marks, expected = kernel.marks(), defaultdict(set)
    for rows in messages:
        marks.add(keys(rows))
        for volume, track in rows:
            expected[volume].add(track)
    assert tracks(marks) == [
        volume << VOLUME_BITS | t for volume in sorted(expected) for t in sorted(expected[volume])
    ]
    assert tracks(marks) == []


@pytest.mark.parametrize("kernel", [NUMPY, NUMBA], ids=lambda kernel: kernel.name)
def test_what_was_taken_is_gone_and_more_may_come(kernel):
    marks = kernel.marks()
    for rows in ([(0, 7), (3, 7)], [(3, 7)], [(1, 1)]):
        marks.add(keys(rows))
        assert tracks(marks) == keys(rows).tolist()


def add_block(pending: PendingTracks, first: int, count: int) -> None:
    pending.add(np.arange(first, first + count, dtype=np.uint64))


def test_what_waits_is_small_against_what_is_held():
    def waits_for(held_tracks: int) -> int:
        pending = PendingTracks()
        while not pending.due(held_tracks):
            add_block(pending, len(pending), 1024)
        return len(pending)

    assert waits_for(0) == waits_for(8_192) == 2_048
    assert waits_for(80_000) == 20_480  # a quarter, in steps of 1,024
    assert waits_for(1 << 40) == 1 << 20


def test_messages_of_any_size_add_up():
    pending = PendingTracks()
    for size in (1, 2, 5_000, 1, 0, 9_000):
        add_block(pending, len(pending), size)
    assert tracks(pending) == list(range(14_004))
