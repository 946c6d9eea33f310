"""The catch-up against a simulation with Python's sets, step by step."""

import json
from fractions import Fraction
from math import floor, inf
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.catchup import catch_up, evenly_settled_tracks, initial_copy
from streams.model.sizing.dirtyset import DirtySet
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import coarsen, history_of_tables
from tests.model.written import SECONDS, TRACK, Written, written

SETTLED = json.loads((Path(__file__).parents[1] / "golden" / "sizing_sets.json").read_text())["settled"]
RATE = Fraction(8 * TRACK, SECONDS)  # a track in a base interval

rates = st.sampled_from([Fraction(n, 7) * RATE for n in (1, 5, 7, 12, 20, 45, 200)])


def simulated(group, dirty, start, rate):
    """Sizes of the set step by step, when it was empty, and how much was sent."""
    order = {volume: number for number, volume in enumerate(sorted(group.tables))}
    dirty = {(order[volume], track) for volume, track in dirty}
    cursor, sent, sizes = (0, 0), 0, [len(dirty)]
    if not dirty:
        return sizes, 0, 0
    for step, k in enumerate(range(start, group.n), 1):
        may_send = rate * step * SECONDS / 8 / TRACK
        finished = sent + len(dirty) <= may_send
        until = (sent + len(dirty)) * 8 * TRACK / rate
        ahead = sorted(track for track in dirty if track >= cursor)
        behind = sorted(track for track in dirty if track < cursor)
        some = (ahead + behind)[: floor(may_send) - sent]
        if some:
            cursor = (some[-1][0], some[-1][1] + 1)
        sent += len(some)
        dirty = (dirty - set(some)) | {(order[v], track) for v, track in group.union(k, k + 1)}
        sizes.append(len(dirty))
        if finished:
            return sizes, until, sent
    return sizes, None, sent


def check(found, group, dirty, outage, rate):
    sizes, until, sent = simulated(group, dirty, outage[1], rate)
    assert (found.dirty_bytes // TRACK).tolist() == sizes
    assert found.caught_up_seconds == (None if until is None else pytest.approx(float(until), rel=1e-12))
    assert found.sent_bytes == sent * TRACK
    lasted = (len(sizes) - 1) * SECONDS if until is None else until
    assert found.exposure_seconds == pytest.approx(float((outage[1] - outage[0]) * SECONDS + lasted))
    assert found.gaps == group.measured[outage[0] : outage[1] + len(sizes) - 1].count(False)


@given(written(), rates, st.data())
def test_a_catch_up_is_the_simulation(group, rate, data):
    end = data.draw(st.integers(0, group.n))
    start = data.draw(st.integers(0, end))
    found = catch_up(group.histories(), (start, end), rate)
    check(found, group, group.union(start, end), (start, end), rate)


@given(written(), rates, st.data())
def test_an_initial_copy_sends_every_track_once_and_what_changed_behind_it(group, rate, data):
    start = data.draw(st.integers(0, group.n))
    group = Written(group.measured, group.tables, dict.fromkeys(group.tables, 12 * TRACK))
    every = {(volume, track) for volume in group.tables for track in range(12)}
    check(initial_copy(group.histories(), start, rate), group, every, (start, start), rate)


@given(written(), rates)
def test_the_naive_figure(group, rate):
    found = catch_up(group.histories(), (0, 1), rate)
    changed = sum(len(group.union(k, k + 1)) for k in range(1, group.n)) * 8 * TRACK
    left = rate - (Fraction(changed, (group.n - 1) * SECONDS) if group.n > 1 else 0)
    dirty = len(group.union(0, 1)) * 8 * TRACK
    wanted = 0 if not dirty else dirty / left if left > 0 else inf
    assert found.naive_seconds == pytest.approx(float(wanted), rel=1e-12)


def steady(tables):
    return Written([True] * len(tables), {"a/0": [frozenset(table) for table in tables]}, {"a/0": None})


def test_a_hot_set_that_is_ahead_costs_nothing():
    group = steady([range(100), *[{99}] * 60])
    found = catch_up([group.history("a/0")], (0, 1), 2 * RATE)
    assert found.caught_up_seconds == 50 * SECONDS
    assert found.naive_seconds == 100 * SECONDS
    assert found.stays_dirty_bytes == 0


def test_golden_settled():
    found = evenly_settled_tracks(
        *(SETTLED[name] for name in ("tracks", "changed_per_second", "sent_per_second"))
    )
    assert found == Fraction(SETTLED["settled_tracks"])
    assert evenly_settled_tracks(1000, 20, 25) == 0


def test_the_replay_of_even_rewriting_settles_there():
    """G10 a hundred times slower, so that the steps of one second are short against what happens in them."""
    random, seconds = Random(10), 40_000
    grid = Grid(0, 1, np.ones(seconds, np.bool_))
    tables = [(k, BitTable.of([random.randrange(1000)])) for k in range(0, seconds, 4)]
    history = history_of_tables(grid, "a/0", 1000 * TRACK, TRACK, tables)
    found = catch_up([history], (0, 100), Fraction(8 * TRACK, 5))
    assert found.caught_up_seconds is None
    assert found.stays_dirty_bytes / TRACK == pytest.approx(float(SETTLED["settled_tracks"]), rel=0.1)
    assert found.exposure_seconds == seconds
    assert found.naive_seconds == inf


def test_addresses_beyond_32_bits_are_swept_in_order():
    far = 1 << 33
    dirty = DirtySet()
    dirty.add(np.array([far, 5], np.uint64), np.array([far + 2, 6], np.uint64))
    assert [dirty.send(1) for _ in range(3)] == [1, 1, 1]
    dirty.add(np.array([0], np.uint64), np.array([1], np.uint64))
    assert (dirty.send(2), len(dirty)) == (2, 2)  # the two far ones first, then from the start
    dirty.add(np.array([far], np.uint64), np.array([far], np.uint64))
    assert (dirty.send(2), len(dirty), dirty.send(5), dirty.send(5)) == (2, 1, 1, 0)


HISTORY = steady([{1}, {2}]).history("a/0")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: catch_up([], (0, 1), 1), "histories: there is no volume"),
        (lambda: catch_up([HISTORY], (0, 3), 1), "outage 0 to 3: choose base intervals from 0 to 2"),
        (lambda: catch_up([HISTORY], (1, 0), 1), "outage 1 to 0"),
        (lambda: catch_up([HISTORY], (0, 1), 0), "payload_bits_per_second 0: it must be more than zero"),
        (lambda: catch_up([HISTORY, coarsen(HISTORY, 2)], (0, 1), 1), "bring them to one common multiple"),
        (lambda: initial_copy([HISTORY], 0, 1), "volume_bytes of a/0 is unknown"),
        (lambda: initial_copy([HISTORY], 3, 1), "start 3: choose a base interval from 0 to 2"),
        (lambda: evenly_settled_tracks(1, 0, 1), "changed_per_second 0"),
    ],
)
def test_bad_input_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
