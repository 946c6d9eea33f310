"""SUM and OR that are added up while days pass: those of the intervals, added up plainly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from streams.errors import MissingData
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US, total_us
from streams.model.sizing.rollups import by_volume
from streams.store import LakeSource, Only, lake_unions, read_intervals, read_stored
from streams.store.lake import asking
from streams.wire.lake_tables import TRACKS
from tests.lake import story
from tests.store.lake import test_reading
from tests.store.lake.test_reading import DAY, add

STEP_US = 300 * US
lake = test_reading.lake


_ALL = Only()


def nobody(*_):
    return None


def united(source, group, times=(None, None), only=_ALL):
    return lake_unions(source, [group], times, nobody, only)[group]


def shown(source, group, times=(None, None), only=_ALL):
    return list(united(source, group, times, only).volumes)


@pytest.mark.parametrize(
    "times", [(None, None), (0, 5 * STEP_US), (7 * STEP_US, DAY * STEP_US + 1), (2 * DAY * STEP_US, None)]
)
def test_any_range_of_any_group(lake, times):
    for group in story.VOLUMES:
        assert shown(LakeSource(lake), group, times) == by_volume(
            read_intervals(LakeSource(lake), group, *times)
        )


def test_intervals_and_their_coverage_are_those_of_the_tables(lake):
    for wanted in (None, frozenset(["west/z"])):
        found = united(LakeSource(lake), "files", only=Only(wanted)).stored.intervals
        stored = read_stored(LakeSource(lake), ["files"], wanted=wanted)["files"].intervals
        assert [(each.start_us, each.seconds) for each in found] == [
            (each.start_us, each.seconds) for each in stored
        ]
        assert [float(each.covered_by_slot.mean()) for each in found] == pytest.approx(
            [float(each.covered_by_slot.mean()) for each in stored]
        )


def test_only_some_volumes_and_some_intervals(lake):
    def even(start_us, seconds):
        assert (seconds == 300).all()
        return start_us // STEP_US % 2 == 0

    found = shown(LakeSource(lake), "files", only=Only(frozenset(["west/z"]), asked=even))
    every = read_intervals(LakeSource(lake), "files", volumes=["west/z"])
    assert found == by_volume([each for each in every if each.start_us // STEP_US % 2 == 0])


@pytest.mark.parametrize("seconds", [300, 900])
def test_a_group_defined_afterwards_of_volumes_and_extents(lake, seconds):
    extents = ((0, 65_536 << 21), (65_536 * ((1 << 22) - 1), 65_536 * 2))
    members = (Member("west", "a"), Member("east", "b", extents=extents))
    later = Definition("later", members, Geometry.for_interval(seconds))
    source, times = LakeSource(lake, later), (900 * US, 900 * US * 6)
    asked = {"west/a": ((0, 1 << 62),), "east/b": extents}
    expected = by_volume(read_intervals(source, "later", *times))
    assert shown(source, "later", times, Only(extents=asked)) == expected


def test_a_volume_that_was_never_measured_is_refused(lake):
    later = Definition("later", (Member("west", "a"), Member("west", "none")), story.GEOMETRY)
    with pytest.raises(MissingData, match="nothing was measured of west/none"):
        shown(LakeSource(lake, later), "later")


def test_late_rows_behind_an_hour_are_in_the_or(lake):
    old = date(1970, 1, 3) + timedelta(days=40)
    before = shown(LakeSource(lake), "oltp")
    list(compact(lake, TRACKS, open_table(lake, TRACKS), old, nobody))
    # Hours keep the SUM of the intervals that they were made of, which longer tables alone do not tell.
    assert shown(LakeSource(lake), "oltp") == before
    add(lake, [replace(story.interval("oltp", 3, 2), late_writes=2)])
    found = {each.volume: each.changes for each in shown(LakeSource(lake), "oltp")}
    plain = by_volume(read_intervals(LakeSource(lake), "oltp"))
    assert {each.volume: each.changes.changed_tracks_or for each in plain} == {
        name: changes.changed_tracks_or for name, changes in found.items()
    }
    assert {each.writes for each in found.values()} == {None}


def test_damaged_bitmaps_count_as_not_measured(lake):
    def damaged(rows):
        blobs = rows.column("tracks").to_pylist()
        blobs[0] = blobs[0][:-4]
        at = rows.schema.get_field_index("tracks")
        return rows.set_column(at, TRACKS.schema.field("tracks"), pa.array(blobs, pa.binary()))

    number = next(n for n in range(5 * DAY, 6 * DAY) if story.entry("west/z", n).changed_tracks > 10)
    interval = story.interval("files", number, volumes=("west/z",))
    assert total_us(interval.entries[0].covered) > 0
    add(lake, [interval], damaged)
    source, times = LakeSource(lake), (number * STEP_US, (number + 1) * STEP_US)
    found = shown(source, "files", times)
    assert found == by_volume(read_intervals(LakeSource(lake), "files", *times))
    assert (found[0].vouched_us, found[0].changes.writes) == (0, None)
    assert found[0].changes.changed_tracks_sum < interval.entries[0].changed_tracks
    assert source.seen.unreadable_rows == 1


def test_many_groups_are_read_in_portions_with_the_same_result(lake, monkeypatch):
    groups = list(story.VOLUMES)
    stored = {name: [each.start_us for each in read_intervals(LakeSource(lake), name)] for name in groups}
    whole = lake_unions(LakeSource(lake), groups, (None, None), nobody)
    monkeypatch.setattr(asking, "_VOLUMES_AT_ONCE", 1)
    steps = []
    portions = lake_unions(LakeSource(lake), groups, (None, None), lambda *step: steps.append(step))
    assert {name: list(each.volumes) for name, each in portions.items()} == {
        name: list(each.volumes) for name, each in whole.items()
    }
    assert [done for _, done, total in steps if total == 6] == list(range(6))
    assert np.all([len(each.stored.intervals) == 60 for each in portions.values()])
    steps.clear()
    ranges = read_stored(LakeSource(lake), groups, progress=lambda *step: steps.append(step))
    assert [done for _, done, total in steps if total == 6] == list(range(7))
    assert {name: [each.start_us for each in found.intervals] for name, found in ranges.items()} == stored
