"""Which rows count where intervals of several lengths lie over each other: what a plain loop says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.model.intervals import US
from streams.store.lake.choosing import _intervals
from streams.store.lake.chosen import Chosen

LENGTHS = (300, 900, 3600)


def chosen(rows):
    """Rows of `(group, volume, start, seconds, first_track)`."""
    group, volume, start, seconds, first = np.array(rows, np.int64).reshape(-1, 5).T
    zeros = np.zeros(len(group), np.int64)
    named = {"names": "abc", "groups": "gh"}
    own = {"own_start_us": start * US, "own_seconds": seconds, "source": group}
    same = dict.fromkeys(("part", "revision", "track_bytes", "ingested_us"), zeros)
    key = {"group": group, "volume": volume, "start_us": start * US, "seconds": seconds, "first_track": first}
    return Chosen(row=np.arange(len(group)), **key, **own, **same, **named)


def plain(rows):
    """By row the interval that it becomes part of, None where it does not count."""
    became = [(start, seconds) for _, _, start, seconds, _ in rows]
    counts = [True] * len(rows)
    for long in LENGTHS[1:]:
        for group, start in {(row[0], row[2]) for row in rows if row[3] == long}:
            inside = [
                at
                for at, row in enumerate(rows)
                if counts[at] and row[0] == group and start <= row[2] < start + long and row[3] <= long
            ]
            shorter = [at for at in inside if rows[at][3] < long]
            stays = False
            for at in inside:
                if rows[at][3] == long:
                    own = {became[other] for other in shorter if rows[other][1] == rows[at][1]}
                    counts[at] = sum(seconds for _, seconds in own) < long
                    stays |= counts[at]
            for at in shorter if stays else ():
                became[at] = (start, long)
    return [place if count else None for place, count in zip(became, counts, strict=True)]


@st.composite
def rows_of_lengths(draw):
    keys = st.tuples(st.integers(0, 1), st.integers(0, 2), st.sampled_from(LENGTHS), st.integers(0, 23))
    found = set()
    for group, volume, seconds, number in draw(st.lists(keys, max_size=60)):
        # A whole run now and then: so shorter ones fill a longer one.
        run = range(number * 300 // 900 * 3, number * 300 // 900 * 3 + 3) if draw(st.booleans()) else [number]
        for at in run if seconds == 300 else [number]:
            start = at * 300 // seconds * seconds
            found |= {
                (group, volume, start, seconds, first) for first in draw(st.sampled_from([(0,), (0, 9)]))
            }
    return draw(st.permutations(sorted(found)))


@given(rows_of_lengths())
def test_longer_intervals_give_way_or_take_shorter_ones_in_as_a_plain_loop_says(rows):
    found = _intervals(chosen(rows))
    kept = dict(
        zip(
            found.row.tolist(),
            zip((found.start_us // US).tolist(), found.seconds.tolist(), strict=True),
            strict=True,
        )
    )
    assert [kept.get(at) for at in range(len(rows))] == plain(rows)
