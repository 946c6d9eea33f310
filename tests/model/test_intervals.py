"""The algebra of spans against sets of moments."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.model.intervals import clip, intersect, intervals_of, total_us, touching, union

span = st.tuples(st.integers(0, 60), st.integers(0, 60))
raw = st.lists(span, max_size=8)


def moments(spans):
    return {moment for start, end in spans for moment in range(start, end)}


def is_normal(spans):
    ordered = all(start < end for start, end in spans)
    return ordered and all(end < start for (_, end), (start, _) in pairwise(spans))


@given(raw)
def test_union_is_the_normal_form_of_the_same_moments(spans):
    found = union(spans)
    assert moments(found) == moments(spans)
    assert is_normal(found)
    assert union(found) == found


@given(raw, raw)
def test_intersect_has_the_moments_of_both(left, right):
    found = intersect(union(left), union(right))
    assert moments(found) == moments(left) & moments(right)
    assert is_normal(found)


@given(raw, span)
def test_clip_keeps_the_part_inside_the_window(spans, window):
    found = clip(union(spans), window)
    assert moments(found) == moments(spans) & moments([window])
    assert is_normal(found)


@given(raw)
def test_the_total_counts_every_moment_once(spans):
    assert total_us(union(spans)) == len(moments(spans))


@given(st.integers(-50, 60), st.integers(-50, 60), st.integers(1, 13))
def test_a_span_touches_the_intervals_of_its_moments(start, end, length):
    wanted = sorted({moment // length for moment in range(start, end)})
    assert list(touching(start, end, length)) == wanted
    pieces = dict(intervals_of((start, end), length))
    assert sorted(pieces) == wanted
    assert moments(pieces.values()) == moments([(start, end)])
    assert all(k * length <= s and e <= (k + 1) * length for k, (s, e) in pieces.items())


def test_no_moment_belongs_to_two_intervals_or_none():
    assert list(touching(300, 301, 300)) == [1]
    assert list(touching(299, 300, 300)) == [0]
    assert list(touching(299, 301, 300)) == [0, 1]
    assert list(touching(0, 300, 300)) == [0]
