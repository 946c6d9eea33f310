"""Tracks that wait, against sets."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.model.kernel import NUMPY
from streams.model.pending import MAX_TRACK, MAX_VOLUMES, PendingTracks

written = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, MAX_VOLUMES - 1]),
        st.sampled_from([0, 1, 2, 3, 1 << 32, MAX_TRACK - 1, MAX_TRACK]),
    ),
    max_size=30,
)


def add(pending: PendingTracks, rows: list[tuple[int, int]]) -> None:
    volumes, tracks = zip(*rows, strict=True) if rows else ((), ())
    pending.add(np.array(volumes, np.uint64), np.array(tracks, np.uint64))


@given(st.lists(written, min_size=1, max_size=4))
def test_each_volume_gets_its_tracks_ascending_and_once(messages):
    pending, expected = PendingTracks(NUMPY), defaultdict(set)
    for rows in messages:
        add(pending, rows)
        for volume, track in rows:
            expected[volume].add(track)
    assert len(pending) == sum(map(len, messages))
    taken = [(volume, tracks.tolist()) for volume, tracks in pending.take()]
    assert taken == sorted((volume, sorted(tracks)) for volume, tracks in expected.items())
    assert len(pending) == 0
    assert list(pending.take()) == []


def add_block(pending: PendingTracks, first: int, count: int) -> None:
    pending.add(np.zeros(count, np.uint64), np.arange(first, first + count, dtype=np.uint64))


def test_what_waits_is_small_against_what_is_held():
    def waits_for(held_tracks: int) -> int:
        pending = PendingTracks(NUMPY)
        pending.allow(held_tracks)
        while not pending.full:
            add_block(pending, len(pending), 1024)
        return len(pending)

    assert waits_for(0) == waits_for(8_192) == 2_048
    assert waits_for(80_000) == 20_480  # a quarter, in steps of 1,024
    assert waits_for(1 << 40) == 1 << 20


def test_messages_of_any_size_add_up():
    pending = PendingTracks(NUMPY)
    for size in (1, 2, 5_000, 1, 0, 9_000):
        add_block(pending, len(pending), size)
    assert [tracks.tolist() for _, tracks in pending.take()] == [list(range(14_004))]
