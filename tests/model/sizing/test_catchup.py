"""The catch-up against a simulation with Python's sets, step by step."""

import json
from fractions import Fraction
from functools import cache
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


def ordered(group):
    return {volume: number for number, volume in enumerate(sorted(group.tables))}


def swept(dirty, cursor, count):
    """The next so many in the order of addresses, and where the sweep stands then."""
    ahead = sorted(track for track in dirty if track >= cursor)
    behind = sorted(track for track in dirty if track < cursor)
    some = (ahead + behind)[: max(count, 0)]
    return some, (some[-1][0], some[-1][1] + 1) if some else cursor


def simulated(group, dirty, start, rate, rewrites):
    """Sizes of the set step by step, and how many were sent when it was empty; earliest without rewrites."""
    order = ordered(group)
    dirty = {(order[volume], track) for volume, track in dirty}
    cursor, budget, sizes = (0, 0), 0, [len(dirty)]
    if not dirty:
        return sizes, 0
    for step, k in enumerate(range(start, group.n), 1):
        before, budget = budget, floor(rate * step * SECONDS / 8 / TRACK)
        written = {(order[v], track) for v, track in group.union(k, k + 1)}
        again = 0 if rewrites is None else len(written) + rewrites[k]
        is_over = before + len(dirty) + again <= rate * step * SECONDS / 8 / TRACK
        until = before + len(dirty) + again
        if rewrites is None:
            some, cursor = swept(dirty | written, cursor, budget - before)
            dirty = (dirty | written) - set(some)
        else:
            some, cursor = swept(dirty, cursor, budget - before - rewrites[k])
            dirty = (dirty - set(some)) | written
        sizes.append(len(dirty))
        if is_over:
            return sizes, until
    return sizes, None


def check(found, group, dirty, outage, rate, rewrites):
    for replay, extra in ((found.earliest, None), (found.latest, rewrites)):
        sizes, sent = simulated(group, dirty, outage[1], rate, extra)
        until = None if sent is None else sent * 8 * TRACK / rate
        assert (replay.dirty_bytes // TRACK).tolist() == sizes
        assert replay.caught_up_seconds == (None if until is None else pytest.approx(float(until), rel=1e-12))
        assert sent is None or replay.sent_bytes == sent * TRACK
        lasted = (len(sizes) - 1) * SECONDS if until is None else until
        assert replay.exposure_seconds == pytest.approx(float((outage[1] - outage[0]) * SECONDS + lasted))
    steps = max(len(found.earliest.dirty_bytes), len(found.latest.dirty_bytes)) - 1
    assert found.gaps == group.measured[outage[0] : outage[1] + steps].count(False)


@given(written(), rates, st.data())
def test_both_replays_are_the_simulation(group, rate, data):
    end = data.draw(st.integers(0, group.n))
    start = data.draw(st.integers(0, end))
    rewrites = [data.draw(st.integers(0, 9)) if group.union(k, k + 1) else 0 for k in range(group.n)]
    counts = [len(group.union(k, k + 1)) + more for k, more in enumerate(rewrites)]
    dirty = group.union(start, end)
    found = catch_up(group.histories(), (start, end), rate, counts)
    check(found, group, dirty, (start, end), rate, rewrites)
    assert found.counts_writes
    uncounted = catch_up(group.histories(), (start, end), rate)
    check(uncounted, group, dirty, (start, end), rate, [0] * group.n)
    assert not uncounted.counts_writes


@given(written(), rates, st.data())
def test_an_initial_copy_sends_every_track_once_and_what_changed_behind_it(group, rate, data):
    start = data.draw(st.integers(0, group.n))
    group = Written(group.measured, group.tables, dict.fromkeys(group.tables, 12 * TRACK))
    every = {(volume, track) for volume in group.tables for track in range(12)}
    found = initial_copy(group.histories(), start, rate)
    check(found, group, every, (start, start), rate, [0] * group.n)


def happened(group, dirty, start, rate, writes, random):
    """How many tracks were sent until nothing was dirty, the writes of each interval in a random order."""
    cursor, sent = (0, 0), 0
    for step, k in enumerate(range(start, group.n), 1):
        budget = floor(rate * step * SECONDS / 8 / TRACK)
        events = [*writes[k], *[None] * (budget - sent)]
        random.shuffle(events)
        for event in events:
            if not dirty:
                return sent
            if event is None:
                some, cursor = swept(dirty, cursor, 1)
                dirty, sent = dirty - set(some), sent + 1
            else:
                dirty = dirty | {event}
    return None if dirty else sent


@given(written(longest=7), rates, st.randoms(use_true_random=False), st.data())
def test_what_happens_lies_between_them_whatever_the_order_of_writes(group, rate, random, data):
    order = ordered(group)
    end = data.draw(st.integers(0, group.n))
    start = data.draw(st.integers(0, end))
    writes = []
    for k in range(group.n):
        tracks = [(order[volume], track) for volume, track in sorted(group.union(k, k + 1))]
        writes.append(tracks + [random.choice(tracks) for _ in range(random.randrange(6) if tracks else 0)])
    found = catch_up(group.histories(), (start, end), rate, [len(each) for each in writes])
    dirty = {(order[volume], track) for volume, track in group.union(start, end)}
    sent = happened(group, dirty, end, rate, writes, random)
    until = inf if sent is None else float(sent * 8 * TRACK / rate)
    seconds = (group.n - end) * SECONDS
    earliest, latest = (
        inf if replay.caught_up_seconds is None else replay.caught_up_seconds
        for replay in (found.earliest, found.latest)
    )
    assert earliest <= until + 1e-6
    assert until <= latest + 1e-6 or latest > seconds


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


def test_a_hot_set_that_is_ahead_costs_nothing_or_a_track_each_time():
    group = steady([range(100), *[{99}] * 60])
    found = catch_up([group.history("a/0")], (0, 1), 2 * RATE)
    assert found.dirty_bytes == 100 * TRACK
    assert found.earliest.caught_up_seconds == 50 * SECONDS
    assert found.latest.caught_up_seconds == 51 * SECONDS  # until the last write of the track is sent as well
    assert found.naive_seconds == 100 * SECONDS
    assert found.latest.stays_dirty_bytes == 0
    assert found.settles_at_bytes is None


def test_golden_settled():
    found = evenly_settled_tracks(
        *(SETTLED[name] for name in ("tracks", "changed_per_second", "sent_per_second"))
    )
    assert found == Fraction(SETTLED["settled_tracks"])
    assert evenly_settled_tracks(1000, 20, 25) == 0


SECONDS_OF_G10, DOWN = 3000, 300


@cache
def g10():
    """Which of 1000 tracks is written at each 25th of a second, at random; how many are dirty each second.

    The link is down for the first 300 s, and sends 20 tracks a second from then on, each as soon as it may.
    """
    random = Random(10)
    writes = [[random.randrange(1000) for _ in range(25)] for _ in range(SECONDS_OF_G10)]
    dirty = [False] * 1000
    for track in (track for row in writes[:DOWN] for track in row):
        dirty[track] = True
    cursor, waiting, sizes = 0, sum(dirty), []
    for row in writes[DOWN:]:
        for place, track in enumerate(row):
            waiting += not dirty[track]
            dirty[track] = True
            for _ in range((place + 1) * 20 // 25 - place * 20 // 25):
                while not dirty[cursor]:
                    cursor = (cursor + 1) % 1000
                dirty[cursor] = False
                waiting -= 1
                assert waiting
        sizes.append(waiting)
    return writes, sizes


@pytest.mark.parametrize("interval", [1, 30, 300])
def test_golden_g10_settles_and_neither_ends_nor_runs_away(interval):
    """25 tracks a second of 1000 are rewritten, the link ships 20: whatever the base interval."""
    writes, sizes = g10()
    parts = [writes[k : k + interval] for k in range(0, SECONDS_OF_G10, interval)]
    tables = [(k, BitTable.of({track for row in part for track in row})) for k, part in enumerate(parts)]
    grid = Grid(0, interval, np.ones(len(parts), np.bool_))
    history = history_of_tables(grid, "a/0", 1000 * TRACK, TRACK, tables)
    counts = [25 * interval] * len(parts)
    found = catch_up([history], (0, DOWN // interval), Fraction(20 * 8 * TRACK), counts)
    assert found.latest.caught_up_seconds is None
    assert found.latest.exposure_seconds == SECONDS_OF_G10
    assert found.latest.dirty_bytes.max() <= 1000 * TRACK
    settled = float(SETTLED["settled_tracks"])
    assert found.settles_at_bytes / TRACK == pytest.approx(settled, abs=0.5)
    assert np.mean(sizes[len(sizes) // 2 :]) == pytest.approx(settled, rel=0.1)  # what really happens
    marks = np.array(sizes[interval - 1 :: interval])
    latest = found.latest.dirty_bytes[1:] / TRACK
    assert (latest >= 0.9 * marks).all()
    if interval == 1:  # as short as that the tables tell it themselves
        assert found.earliest.caught_up_seconds is None
        assert found.earliest.stays_dirty_bytes / TRACK == pytest.approx(settled, rel=0.1)
        assert found.latest.stays_dirty_bytes / TRACK == pytest.approx(settled, rel=0.15)


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
