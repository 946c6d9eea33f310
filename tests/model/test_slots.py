"""Bytes by slot, against a list of integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.model.counts import MAX_COUNT
from streams.model.slots import SlotBytes

SLOTS = 4
sizes = st.sampled_from([0, 1, 4096, 1 << 62])
events = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, SLOTS - 1), sizes),
        st.tuples(st.just("rows"), st.lists(st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 1 << 40)))),
        st.tuples(st.just("forget")),
    ),
    max_size=6,
)


def play(slots, events):
    """Does the events; what they must add up to, None once that is unknown."""
    expected = [0] * SLOTS
    for event in events:
        match event:
            case ("add", slot, size):
                slots.add(slot, size)
                expected = expected and [n + size * (k == slot) for k, n in enumerate(expected)]
            case ("rows", rows):
                places, more = zip(*rows, strict=True) if rows else ((), ())
                slots.add_rows(np.array(places, np.int64), np.array(more, np.uint64))
                expected = expected and [
                    n + sum(size for place, size in rows if place == k) for k, n in enumerate(expected)
                ]
            case ("forget",):
                slots.forget()
                expected = None
    return expected


def in_row(expected):
    return None if expected is None else tuple(min(n, MAX_COUNT) for n in expected)


@given(events, events)
def test_bytes_add_up_until_they_are_unknown(first, second):
    mine, other = SlotBytes(SLOTS), SlotBytes(SLOTS)
    left, right = play(mine, first), play(other, second)
    assert mine.values() == in_row(left)
    again = SlotBytes.of(mine.values(), SLOTS)
    assert again.values() == mine.values()
    again.merge(other)
    both = None if left is None or right is None else [a + b for a, b in zip(left, right, strict=True)]
    assert again.values() == in_row(both)
