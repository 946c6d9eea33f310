"""Track geometry against plain arithmetic, for every size of track that the field uses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.tracks import (
    CKD_3380_TRACK_BYTES,
    CKD_3390_TRACK_BYTES,
    clip_extents,
    track_count,
    track_spans,
)

TRACK_BYTES = [512, 4096, 32_768, 65_536, 131_072, CKD_3390_TRACK_BYTES, CKD_3380_TRACK_BYTES]
ADDRESS_END = 1 << 63

extents = st.integers(0, ADDRESS_END).flatmap(
    lambda offset: st.tuples(
        st.just(offset),
        st.one_of(
            st.just(0),
            st.integers(0, min(1 << 21, ADDRESS_END - offset)),
            st.integers(0, ADDRESS_END - offset),
        ),
    )
)
near_boundaries = st.builds(
    lambda size, first, tracks, before, after: (
        size,
        max(first * size - before, 0),
        tracks * size + after,
    ),
    st.sampled_from(TRACK_BYTES),
    st.integers(0, 1 << 40),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 2),
)


def columns(pairs):
    table = np.array(pairs, np.uint64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def spans_of(pairs, track_bytes):
    first, last = track_spans(*columns(pairs), track_bytes)
    return list(zip(first.tolist(), last.tolist(), strict=True))


def plain_spans(pairs, track_bytes):
    return [(start // track_bytes, (start + size - 1) // track_bytes) for start, size in pairs if size]


@given(st.lists(extents, max_size=20), st.sampled_from(TRACK_BYTES))
def test_an_extent_touches_the_tracks_of_its_first_and_of_its_last_byte(pairs, track_bytes):
    assert spans_of(pairs, track_bytes) == plain_spans(pairs, track_bytes)


@given(near_boundaries)
def test_next_to_a_boundary_the_tracks_are_those_of_the_bytes(case):
    track_bytes, offset, length = case
    assert spans_of([(offset, length)], track_bytes) == plain_spans([(offset, length)], track_bytes)


@pytest.mark.parametrize("track_bytes", TRACK_BYTES)
def test_an_extent_that_ends_on_a_boundary_does_not_touch_the_next_track(track_bytes):
    assert spans_of([(0, track_bytes)], track_bytes) == [(0, 0)]
    assert spans_of([(0, track_bytes + 1)], track_bytes) == [(0, 1)]
    assert spans_of([(track_bytes - 1, 1)], track_bytes) == [(0, 0)]
    assert spans_of([(track_bytes, 1)], track_bytes) == [(1, 1)]
    assert spans_of([(3 * track_bytes, 4 * track_bytes)], track_bytes) == [(3, 6)]


@pytest.mark.parametrize("track_bytes", TRACK_BYTES)
def test_an_empty_extent_touches_no_track(track_bytes):
    assert spans_of([(0, 0), (track_bytes, 0), (5, 0)], track_bytes) == []


@pytest.mark.parametrize("track_bytes", TRACK_BYTES)
def test_the_last_byte_of_the_address_space_has_a_track(track_bytes):
    last = (ADDRESS_END - 1) // track_bytes
    assert spans_of([(ADDRESS_END - 1, 1)], track_bytes) == [(last, last)]
    assert spans_of([(0, ADDRESS_END)], track_bytes) == [(0, last)]


@pytest.mark.parametrize("length_type", [np.uint32, np.uint64])
def test_lengths_may_be_of_either_width(length_type):
    first, last = track_spans(np.array([1 << 50], np.uint64), np.array([65_537], length_type), 65_536)
    assert (first.tolist(), last.tolist()) == ([1 << 34], [(1 << 34) + 1])


@given(st.integers(0, 1 << 60), st.sampled_from(TRACK_BYTES))
def test_a_volume_has_a_track_for_every_begun_track_length(volume_bytes, track_bytes):
    whole, rest = divmod(volume_bytes, track_bytes)
    assert track_count(volume_bytes, track_bytes) == whole + (rest > 0)


def ranges_from(gaps):
    """Disjoint ranges `(offset, length)`, ascending; a gap of zero makes neighbours."""
    ranges, place = [], 0
    for gap, length in gaps:
        ranges.append((place + gap, length))
        place += gap + length
    return ranges


# Small numbers, so that the model can hold every byte.
small_extents = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 25)), max_size=8)
small_ranges = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12)), min_size=1, max_size=4).map(
    ranges_from
)


def bytes_of(offset, length):
    return set(range(offset, offset + length))


@given(small_extents, small_ranges)
def test_clipping_counts_of_every_extent_exactly_the_bytes_inside_the_ranges(pairs, ranges):
    inside = set().union(*(bytes_of(*taken) for taken in ranges))
    clipped = clip_extents(*columns(pairs), ranges)
    assert clipped.inside_bytes.tolist() == [len(bytes_of(*pair) & inside) for pair in pairs]
    assert clipped.inside.tolist() == [bool(bytes_of(start, size or 1) & inside) for start, size in pairs]


@given(small_extents, small_ranges)
def test_the_clipped_extents_cover_together_what_the_extents_cover_inside_the_ranges(pairs, ranges):
    inside = set().union(*(bytes_of(*taken) for taken in ranges))
    clipped = clip_extents(*columns(pairs), ranges)
    pieces = zip(clipped.offset_bytes.tolist(), clipped.length_bytes.tolist(), strict=True)
    covered = set().union(*(bytes_of(*pair) for pair in pairs))
    assert set().union(*(bytes_of(*piece) for piece in pieces)) == covered & inside


def test_a_write_over_two_ranges_has_a_piece_in_each_and_counts_once():
    clipped = clip_extents(*columns([(0, 1), (50, 200), (120, 0)]), [(200, 100), (0, 100)])
    pieces = sorted(zip(clipped.offset_bytes.tolist(), clipped.length_bytes.tolist(), strict=True))
    assert pieces == [(0, 1), (50, 50), (200, 50)]
    assert clipped.inside.tolist() == [True, True, False]
    assert clipped.inside_bytes.tolist() == [1, 100, 0]


def test_many_long_writes_over_many_ranges_have_no_more_pieces_than_there_are_of_both():
    """Each of the writes reaches over all ranges: 1,000,000 pieces, were they not merged first."""
    ranges = [(n * 1024, 512) for n in range(1000)]
    clipped = clip_extents(*columns([(n, 2_000_000) for n in range(1000)]), ranges)
    assert len(clipped.offset_bytes) == 1000
    assert clipped.inside_bytes.tolist() == [512_000 - min(n, 512) for n in range(1000)]


def test_a_range_may_reach_to_the_end_of_the_address_space():
    clipped = clip_extents(*columns([(ADDRESS_END - 5, 5), (500, 20)]), [(512, ADDRESS_END - 512)])
    assert clipped.offset_bytes.tolist() == [ADDRESS_END - 5, 512]
    assert clipped.length_bytes.tolist() == [5, 8]
    assert clipped.inside_bytes.tolist() == [5, 8]
