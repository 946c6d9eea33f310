"""What is counted of volumes is what brute force counts, in one process or in several, on any common grid."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.reports import gathered as module
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.common import remarks
from streams.cli.reports.counting import Counting, count
from streams.cli.reports.gathered import gather
from streams.cli.reports.sets import Shipped, sets_of
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.store import stored
from streams.store.collecting import Collector
from streams.store.shelf import Shelves
from streams.wire.table_columns import read_table_columns
from streams.wire.tables import encode_tables

TRACK = 65_536


def interval(start_seconds, seconds, written, version=1, covered=1.0, volume_bytes=100 * TRACK):
    """An interval in which each volume wrote these tracks."""
    spans = [(start_seconds * US, start_seconds * US + round(seconds * covered * US))]
    entries = tuple(
        Entry(volume, volume_bytes, TRACK, BitTable.of(tracks), len(tracks), 512 * len(tracks), spans)
        for volume, tracks in sorted(written.items())
    )
    return Interval("g", version, seconds, start_seconds * US, 0, False, entries, 10, None, 0, 0)


def gathered_of(intervals, wanted=None, most_pending_bytes=1 << 26, extents=None):
    """The intervals as they are gathered from the topics."""
    collector = Collector(wanted, Shelves(most_pending_bytes))
    collector.take(read_table_columns(record.value) for each in intervals for record in encode_tables(each))
    found = collector.ranges()
    choice = Choice(None, None, calendar_of(None, None, "UTC"), 0, volumes=wanted, extents=extents)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_stored", lambda *_, **__: found)
        return gather(None, ["g"], choice, lambda *_: None)


def month(volumes, count, seed=3):
    """Hot tracks and others, by interval and volume."""
    source = random.Random(seed)
    return [
        {f"a/{v:02}": {int(source.triangular(0, 100, 4)) for _ in range(6)} for v in range(volumes)}
        for _ in range(count)
    ]


def test_processes_count_what_one_counts():
    tables = month(40, 30)
    intervals = [interval(300 * place, 300, table) for place, table in enumerate(tables)]
    whole = gathered_of(intervals)
    spilled = gathered_of(intervals, most_pending_bytes=4096)
    shelves = [each.groups[0].stored.found.shelves for each in (whole, spilled)]
    assert [each.is_in_file for each in shelves] == [False, True]
    counting = Counting([1, 2, 30], [TRACK, 2 * TRACK], 3, [1, 2], 4 * TRACK)
    seen = []
    one = count(whole, counting, lambda *_: None, 1)
    two = count(spilled, counting, lambda *told: seen.append(told), 2)
    for found in (one, two):
        found.advice.sort(key=lambda each: each.volume)
        found.groups[0].volumes.sort(key=lambda each: each.volume)
    assert one.advice == two.advice
    assert one.groups[0].volumes == two.groups[0].volumes
    assert one.blocks.figures(1) == two.blocks.figures(1)
    for name in ("windows", "shipped"):
        lengths = (getattr(each, name).unions() for each in (one, two))
        first, second = lengths
        assert first.changed_bytes.tolist() == second.changed_bytes.tolist()
    assert one.zero_runs.curve().mean_bytes.tolist() == two.zero_runs.curve().mean_bytes.tolist()
    for name in ("changed_by_interval", "written_by_interval"):
        columns = [getattr(each.groups[0], name).tolist() for each in (one, two)]
        assert columns[0] == columns[1]
    assert {stage for stage, *_ in seen} <= {"volumes"}
    sums = [512 * sum(map(len, table.values())) for table in tables]
    assert one.groups[0].written_by_interval.tolist() == sums


@given(st.integers(0, 1 << 30), st.sampled_from([None, {"a/00": ((0, 9 * TRACK), (30 * TRACK, TRACK))}]))
@settings(max_examples=20)
def test_stretches_of_time_count_what_all_of_it_does(seed, extents):
    """Base intervals of two lengths, a gap, a short last track, and blocks that a replicator ships."""
    tables = month(2, 20, seed)
    for table in tables[::3]:
        table["a/00"].add(99)  # the last track of the volumes
    sizes = {"volume_bytes": 100 * TRACK - 9}
    intervals = [interval(200 * place, 200, table, 1, **sizes) for place, table in enumerate(tables[:9])]
    intervals += [
        interval(2400 + 300 * place, 300, table, 2, **sizes) for place, table in enumerate(tables[9:])
    ]
    wanted = None if extents is None else frozenset(extents)
    whole = gathered_of(intervals, wanted, extents=extents)
    counting = Counting([1, 2, 5], [TRACK, 2 * TRACK], 3, [1, 2], 4 * TRACK)
    with pytest.MonkeyPatch.context() as patch:
        one = count(whole, counting, lambda *_: None, 1)
        patch.setattr(stored, "_STRETCH_BYTES", 100)
        patch.setattr(stored, "_SAMPLE_BYTES", 200)
        patch.setattr(stored, "_LONG_BYTES", 0)
        passing = gathered_of(intervals, wanted, 1 << 11, extents=extents)
        volumes = list(passing.passing(passing.groups[0]))
        assert [stretches.by_time for _, stretches in volumes] == [True] * len(volumes)
        assert min(len(list(stretches.histories)) for _, stretches in volumes) > 3
        two = count(passing, counting, lambda *_: None, 1)
    assert one.advice == two.advice
    assert one.blocks.figures(1) == two.blocks.figures(1)
    assert one.runs_by_interval.tolist() == two.runs_by_interval.tolist()
    for name in ("windows", "shipped"):
        first, second = (getattr(each, name).unions().changed_bytes.tolist() for each in (one, two))
        assert first == second
    assert one.zero_runs.curve().mean_bytes.tobytes() == two.zero_runs.curve().mean_bytes.tobytes()
    (mine,), (theirs,) = one.groups, two.groups
    assert (mine.volumes, mine.track_bytes) == (theirs.volumes, theirs.track_bytes)
    for name in ("changed_by_interval", "written_by_interval", "track_writes_by_interval"):
        first, second = (getattr(each, name) for each in (mine, theirs))
        assert (first is None and second is None) or first.tolist() == second.tolist()


@pytest.mark.parametrize("repeats", [False, True])
def test_sum_is_or_exactly_where_no_track_repeats(repeats):
    tables = [{"a/v": {place, place + 50 - repeats}} for place in range(50)]
    sets = sets_of(gathered_of([interval(300 * k, 300, t) for k, t in enumerate(tables)]), lambda *_: None)
    (volume,) = sets.volumes
    changes = volume.changes
    assert changes.changed_tracks_sum == 100
    assert changes.changed_tracks_or == len(set().union(*(t["a/v"] for t in tables))) == 100 - repeats
    assert (changes.changed_bytes_sum == changes.changed_bytes_or) is not repeats


def test_base_intervals_that_change_are_brought_to_a_common_grid():
    before, after = month(3, 6, seed=1), month(3, 4, seed=2)
    intervals = [
        *(interval(200 * place, 200, table, version=1) for place, table in enumerate(before)),
        interval(600, 600, before[3], version=2),  # a rung closed under a newer version
        *(interval(1200 + 300 * place, 300, table, version=2) for place, table in enumerate(after)),
    ]
    found = gathered_of(intervals, most_pending_bytes=4096)
    (group,) = found.groups
    assert group.stored.lengths == [200, 300]
    assert (found.grid.interval_seconds, len(found.grid), found.coverage) == (math.lcm(200, 300), 4, 1.0)
    assert group.time.gaps() == []
    joined = [before[:3], before[3:], after[:2], after[2:]]
    unions = [{v: set().union(*(table[v] for table in part)) for v in part[0]} for part in joined]
    sets = sets_of(found, lambda *_: None, Shipped([1, 2], 2 * TRACK))
    for volume in sets.volumes:
        own = [each[volume.volume] for each in unions]
        assert volume.changes.changed_tracks_sum == sum(map(len, own))
        assert volume.changes.changed_tracks_or == len(set().union(*own))
    blocks = [sum(len({t // 2 for t in each[v]}) for v in each) * 2 * TRACK for each in unions]
    assert sets.changes.unions([1]).changed_bytes[0].tolist() == blocks
    said = [remark for remark in remarks(found, sets) if "base intervals of" in remark]
    assert said[0].startswith("Group g was measured in base intervals of 200 s, then 300 s: it is told on ")


def test_coverage_is_that_of_what_is_reported():
    full = interval(0, 300, {"a/v": {1}})
    half = interval(0, 300, {"a/w": {2}}, covered=0.5).entries
    first = Interval("g", 1, 300, 0, 0, False, full.entries + half, 10, None, 0, 0)
    second = interval(300, 300, {"a/w": {1}})
    shares = {
        name: gathered_of([first, second], None if name is None else frozenset({name})).coverage
        for name in (None, "a/v", "a/w")
    }
    assert shares == {None: (0.75 + 1) / 2, "a/v": 0.5, "a/w": 0.75}
    assert gathered_of([first, second], frozenset({"a/v"})).groups[0].time.gaps() == [(300 * US, 600 * US)]


def test_a_replay_holds_no_more_runs_than_it_may():
    tables = month(3, 20)
    sets = sets_of(gathered_of([interval(300 * k, 300, t) for k, t in enumerate(tables)]), lambda *_: None)
    changes = sets.changes
    assert changes.replay_end(4) == 20
    runs = changes.runs_by_interval
    few = type(changes)(changes.gathered, TRACK, changes.counted, runs, True, int(runs[4:9].sum()))
    assert few.replay_end(4) == 9
    held = few.histories(4, 9)
    assert sum(len(history.first) for history in held) == runs[4:9].sum()
    for history in held:
        tracks = [set() for _ in range(5)]
        for k, low, high in zip(history.interval, history.first, history.last, strict=True):
            tracks[k].update(range(int(low), int(high) + 1))
        assert tracks == [table[history.volume] for table in tables[4:9]]
