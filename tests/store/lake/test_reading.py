"""What is opened and what is not, which rows count, and what is refused: on small lakes of every format."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.errors import DefinitionError, LakeError, MissingData
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.model.entries import Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.settings import Lake
from streams.store import LakeSource, groups, lake_unions, read_intervals, read_stored, require_captured
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table, summary_row
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS
from tests.lake import story

FORMATS = get_args(Lake.model_fields["format"].annotation)
DAY = 288
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture(params=FORMATS)
def lake(request, tmp_path) -> Lake:
    """Three days of both groups; the first intervals of each day have a second revision."""
    lake = Lake(format=request.param, path=str(tmp_path / "lake"))
    for day in range(3):
        for group in story.VOLUMES:
            found = [story.interval(group, number) for number in range(day * DAY, day * DAY + 20)]
            add(lake, [*found, story.interval(group, day * DAY, 1)])
    rows = [definition_row(story.definition(group), Origin("t", 0, 0, 0)) for group in story.VOLUMES]
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, rows))
    return lake


def add(lake, intervals, change=lambda rows: rows):
    origin = Origin("t", 0, 0, 0)
    rows = pa.concat_tables([interval_rows(each, origin) for each in intervals])
    open_table(lake, TRACKS).append(change(rows))
    summaries = [summary_row(summarise(each, Totals(), None), origin) for each in intervals]
    open_table(lake, SUMMARY).append(rows_table(SUMMARY, summaries))


def entries_of(intervals):
    return [
        (i.start_us, e.volume, e.tracks.tracks().tolist(), e.writes) for i in intervals for e in i.entries
    ]


def test_the_newest_revision_is_read_once(lake):
    expected = [
        story.interval("oltp", number, 1 if number % DAY == 0 else 0)
        for day in range(3)
        for number in range(day * DAY, day * DAY + 20)
    ]
    assert read_intervals(LakeSource(lake), "oltp") == expected


def test_only_the_days_and_row_groups_that_may_hold_an_answer_are_opened(lake):
    one = LakeSource(lake)
    read_stored(one, ["oltp"], DAY * 300 * US, 2 * DAY * 300 * US)
    assert (one.seen.files, one.seen.row_groups) == (2, 2)  # each group's commit of one day
    every = LakeSource(lake)
    read_stored(every, ["oltp"])
    assert every.seen.files == 6
    narrow = LakeSource(lake)
    read_stored(narrow, ["files"], wanted=["west/z"])
    assert 3 * 20 <= narrow.seen.rows < every.seen.rows / 2  # bitmaps of one volume alone


def test_a_group_defined_afterwards_is_made_of_what_others_measured(lake):
    members = (Member("west", "a"), Member("east", "b", extents=((0, 65_536 << 21),)))
    later = Definition("later", members, story.GEOMETRY)
    found = read_intervals(LakeSource(lake, later), "later", 300 * US, 20 * 300 * US)
    assert len(found) == 19
    for number, interval in enumerate(found, 1):
        for entry in interval.entries:
            whole = story.entry(entry.volume, number).tracks.tracks().tolist()
            inside = [t for t in whole if entry.volume == "west/a" or t < 1 << 21]
            assert entry.tracks.tracks().tolist() == inside
            assert (entry.writes is None) == (inside != whole)


def test_a_longer_interval_is_the_or_and_what_was_counted_apart_adds_up(lake):
    later = Definition("later", (Member("west", "a"),), Geometry.for_interval(900))
    first = read_intervals(LakeSource(lake, later), "later", 900 * US, 1800 * US)[0]
    parts = [story.entry("west/a", number) for number in (3, 4, 5)]
    union = sorted({track for part in parts for track in part.tracks.tracks().tolist()})
    assert first.entries[0].tracks.tracks().tolist() == union
    assert first.entries[0].writes == sum(part.writes for part in parts)


def test_bitmaps_that_are_damaged_count_as_not_measured(lake):
    number = 5 * DAY

    def damaged(rows):
        blobs = rows.column("tracks").to_pylist()
        at = next(i for i, blob in enumerate(blobs) if len(blob) > 40)
        blobs[at] = blobs[at][:-4]
        return rows.set_column(
            rows.schema.get_field_index("tracks"), TRACKS.schema.field("tracks"), pa.array(blobs, pa.binary())
        )

    busy = next(n for n in range(number, number + 50) if story.entry("west/z", n).changed_tracks > 10)
    add(lake, [story.interval("files", busy, volumes=("west/z",))], damaged)
    source = LakeSource(lake)
    found = read_intervals(source, "files", busy * 300 * US, (busy + 1) * 300 * US)[0].entries[0]
    assert (found.writes, list(found.covered)) == (None, [])
    assert source.seen.unreadable_rows == 1
    assert "west/z" in (source.seen.remark or "")


def test_what_was_compacted_to_hours_answers_alike_at_hours(lake):
    before = read_stored(LakeSource(lake), ["oltp"])["oltp"]
    total = sum(volume.writes or 0 for volume in before.volumes())
    old = date(1970, 1, 3) + timedelta(days=40)
    list(compact(lake, TRACKS, open_table(lake, TRACKS), old, lambda *_: None))
    after = read_stored(LakeSource(lake), ["oltp"])["oltp"]
    assert after.interval_seconds == 3600
    assert sum(volume.writes or 0 for volume in after.volumes()) == total


def test_late_rows_behind_a_rung_become_part_of_it(lake):
    old = date(1970, 1, 3) + timedelta(days=40)
    list(compact(lake, TRACKS, open_table(lake, TRACKS), old, lambda *_: None))
    add(lake, [replace(story.interval("oltp", 3, 2), late_writes=2)])
    first = read_intervals(LakeSource(lake), "oltp", 0, 3600 * US)
    tracks = {
        track
        for number in range(12)
        for track in story.entry("east/a", number, {0: 1, 3: 2}.get(number, 0)).tracks.tracks().tolist()
    }
    assert [set(e.tracks.tracks().tolist()) for i in first for e in i.entries if e.volume == "east/a"] == [
        tracks
    ]
    assert first[0].entries[0].writes is None  # nobody knows whether the hour has them


def test_a_definition_that_asks_for_more_than_was_captured_is_refused(lake):
    known = groups(LakeSource(lake))
    with pytest.raises(DefinitionError, match="north/q is in no group"):
        require_captured(Definition("later", (Member("north", "q"),), story.GEOMETRY), known)
    finer = Definition("later", (Member("west", "a"),), Geometry.for_interval(300, 4096))
    with pytest.raises(DefinitionError, match="captured in tracks of 65536 B, coarser"):
        require_captured(finer, known)


def test_what_is_not_there_is_told_with_the_remedy(lake, tmp_path):
    with pytest.raises(MissingData, match="there are: files, oltp"):
        read_stored(LakeSource(lake), ["nobody"])
    with pytest.raises(LakeError, match=r"lake\.path"):
        read_stored(LakeSource(Lake(format=lake.format, path=str(tmp_path / "none"))), ["oltp"])


def test_a_table_of_something_else_is_refused(tmp_path):
    folder = tmp_path / "other" / "group_definitions"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1]}), folder / "part.parquet")
    with pytest.raises(LakeError, match="something else wrote"):
        groups(LakeSource(Lake(format="parquet", path=str(tmp_path / "other"))))


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_the_polars_example_counts_the_or(lake):
    tracks = {
        (volume, track)
        for volume in story.VOLUMES["oltp"]
        for number in range(20)
        for track in story.entry(volume, number, int(number == 0)).tracks.tracks().tolist()
    }
    shown = example("or_with_polars.py", lake.path, "oltp", "1970-01-01", "1970-01-02")
    assert int(shown) == len(tracks) * story.GEOMETRY.track_bytes


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_the_polars_example_refuses_tracks_of_several_sizes(lake):
    intervals = read_intervals(LakeSource(lake), "oltp", 0, 300 * US)
    finer = [replace(each, track_bytes=4096) for each in intervals[0].entries]
    add(lake, [replace(intervals[0], start_us=21 * 300 * US, entries=tuple(finer))])
    with pytest.raises(subprocess.CalledProcessError) as refused:
        example("or_with_polars.py", lake.path, "oltp", "1970-01-01", "1970-01-02")
    assert "track_bytes of east/a changes in this range" in refused.value.stderr


@pytest.mark.parametrize("lake", ["parquet"], indirect=True)
def test_the_duckdb_example_adds_up_days(lake):
    add(lake, [story.interval("files", number) for number in range(20)])  # a worker wrote them again
    shown = example("days_with_duckdb.py", lake.path, "300").splitlines()
    assert len(shown) == 3 * 2
    intervals = [story.interval("files", number, int(number == 0)) for number in range(20)]
    size = sum(entry.changed_bytes for each in intervals for entry in each.entries)
    assert shown[0].startswith(f"1970-01-01,files,{size},")


def example(name, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_folders_of_which_one_has_become_hours_already_are_read_as_one(tmp_path):
    """Compaction goes on from array to array: its reader finds one in hours, the other not yet."""
    lake = of_oltp(tmp_path)
    for number in range(24):
        add(lake, [story.interval("oltp", number, 3)], in_buckets({"east": 0, "west": 1}))
    before = totals(lake)
    next(compact(lake, TRACKS, open_table(lake, TRACKS), date(1970, 3, 1), lambda *_: None))
    found = read_intervals(LakeSource(lake), "oltp")
    assert [(each.start_us, each.rung_seconds) for each in found] == [(0, 3600), (3600 * US, 3600)]
    assert totals(lake) == before


def test_an_array_that_changed_its_bucket_within_a_day_is_read_whole(tmp_path):
    """More arrays make more buckets: what stands in two folders cannot become one row of an hour."""
    lake = of_oltp(tmp_path)
    for number, bucket in ((0, 0), (1, 1), (2, 1)):
        add(lake, [story.interval("oltp", number, 3)], in_buckets({"east": bucket, "west": 0}))
    before = totals(lake)
    for today in (date(1970, 4, 1), date(1973, 1, 1)):
        list(compact(lake, TRACKS, open_table(lake, TRACKS), today, lambda *_: None))
    assert totals(lake) == before


def test_quarantined_rows_of_one_volume_leave_the_hours_of_others(tmp_path):
    """They stay as short as they were, and an hour full of them does not stand for the hour."""

    def spoilt(rows):
        at = rows.schema.get_field_index("quarantine_reason")
        wrong = pa.array(
            ["unreadable" if name == "a" else None for name in rows.column("volume").to_pylist()]
        )
        return rows.set_column(at, rows.schema.field(at), wrong)

    lake = of_oltp(tmp_path)
    add(lake, [story.interval("oltp", number, 3) for number in range(12)], spoilt)
    before = totals(lake)
    list(compact(lake, TRACKS, open_table(lake, TRACKS), date(1970, 4, 1), lambda *_: None))
    assert totals(lake) == before


# Revision 3 of the story changes some tracks in every interval, so that SUM is more than OR.


def of_oltp(folder) -> Lake:
    """A lake of which nothing is known but that there is the group."""
    lake = Lake(path=str(folder))
    row = definition_row(story.definition("oltp"), Origin("t", 0, 0, 0))
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, [row]))
    return lake


def totals(lake):
    """SUM, OR and counters of each volume of a group, and of the same ones in one defined afterwards."""
    later = Definition("later", story.definition("oltp").definition.members, story.GEOMETRY)
    return [
        list(lake_unions(LakeSource(lake, defined), [name], (None, None), lambda *_: None)[name].volumes)
        for name, defined in (("oltp", None), ("later", later))
    ]


def in_buckets(buckets):
    """Puts the rows of each array into this bucket."""

    def change(rows):
        at = rows.schema.get_field_index("array_bucket")
        found = pa.array([buckets[array] for array in rows.column("array").to_pylist()], pa.int32())
        return rows.set_column(at, rows.schema.field(at), found)

    return change
