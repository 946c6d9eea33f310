"""Longer intervals for old data: whatever is asked at their boundary has the answer that it had before."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from pyroaring import BitMap

from streams.lake.rollup import rolled_up
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.wire.lake_rows import Origin, interval_rows
from streams.wire.lake_tables import TRACKS
from tests.lake.oldsite import HOUR, QUARANTINED, STEP, answers, expected, sites

DAY = 24 * HOUR


def by_folder(rows, rung_seconds):
    """Each bucket by itself, as compaction does it: arrays that have rows in two of them stay."""
    buckets = pc.unique(rows.column("array_bucket")).to_pylist()
    folders = {each: rows.filter(pc.equal(rows.column("array_bucket"), each)) for each in buckets}
    arrays = {each: set(folder.column("array").to_pylist()) for each, folder in folders.items()}
    made = []
    for bucket, folder in folders.items():
        apart = set().union(*(found for other, found in arrays.items() if other != bucket))
        made.append(rolled_up(folder, rung_seconds, apart))
    return pa.concat_tables(made)


@given(sites())
@settings(max_examples=40)
def test_no_answer_changes_at_the_boundary_of_the_rung(site):
    rows = site.rows()
    assert answers(rows.to_pylist(), HOUR) == expected(site, HOUR)
    assert answers(by_folder(rows, HOUR).to_pylist(), HOUR) == expected(site, HOUR)


@given(sites(hours=30))
@settings(max_examples=40)
def test_days_come_out_alike_whether_by_way_of_hours_or_not(site):
    rows = site.rows()
    assert answers(by_folder(rows, DAY).to_pylist(), DAY) == expected(site, DAY)
    assert answers(by_folder(by_folder(rows, HOUR), DAY).to_pylist(), DAY) == expected(site, DAY)


@given(sites())
@settings(max_examples=40)
def test_nothing_stays_short_but_what_a_volume_has_beside_its_quarantined_rows(site):
    rows = rolled_up(replace(site, buckets={"a": (0, 0), "b": (0, 0)}).rows(), HOUR).to_pylist()
    short = [row for row in rows if row["interval_seconds"] < HOUR]
    quarantined = {place for row in short if row["quarantine_reason"] for place in places(row)}
    assert {place for row in short for place in places(row)} == quarantined
    assert all(row["quarantine_reason"] is None for row in rows if row["interval_seconds"] == HOUR)
    superseded = site.superseded()
    assert quarantined >= {
        (key.group, key.volume, key.start_us // (HOUR * US)) for key in site.spoilt - superseded
    }


def places(row):
    """The group, volume and hour of a row, for each of its groups."""
    hour = int(row["interval_start"].timestamp()) // HOUR
    return [(group, f"{row['array']}/{row['volume']}", hour) for group in row["data_groups"]]


def one(number, volume="a/v", track_bytes=65_536, revision=0, seconds=STEP):
    """The row of an interval in which the track of its number was written."""
    entry = Entry(volume, None, track_bytes, BitTable.of([number]), 1, 1, [])
    interval = Interval("g", 1, seconds, number * seconds * US, revision, False, (entry,), 1, None, 0, 0)
    return interval_rows(interval, Origin("linkgauge.tables", 0, 0, 1))


def spoilt(rows):
    return pa.Table.from_pylist([{**row, **QUARANTINED} for row in rows.to_pylist()], TRACKS.schema)


def shown(rows):
    """Of each row its length, tracks, SUM and writes."""
    names = ("interval_seconds", "tracks", "changed_tracks_sum", "writes")
    found = (tuple(row[name] for name in names) for row in rows.to_pylist())
    return [(seconds, list(BitMap.deserialize(tracks)), *counts) for seconds, tracks, *counts in found]


def test_volumes_that_join_or_cannot_be_read_for_a_while_are_in_every_figure():
    found = [one(number) for number in range(12)] + [one(number, "a/joined") for number in range(6, 12)]
    found += [spoilt(one(0, "a/spoilt")), *(one(number, "a/spoilt") for number in range(1, 12))]
    rows = rolled_up(rolled_up(pa.concat_tables(found), HOUR), DAY).to_pylist()
    assert {row["volume"]: row["changed_tracks"] for row in rows if row["volume"] != "spoilt"} == {
        "v": 12,
        "joined": 6,
    }
    assert [row["changed_tracks"] for row in rows if row["volume"] == "spoilt"] == [None] + [1] * 11
    days = [row for row in rows if row["interval_seconds"] == DAY]
    assert len({row["revision"] for row in days}) == 1  # it is the interval's, whatever a volume has of it


def test_both_track_sizes_of_a_rung_have_places_of_their_own():
    found = [one(number, track_bytes=65_536 if number < 6 else 4096) for number in range(12)]
    rows = rolled_up(rolled_up(pa.concat_tables(found), HOUR), DAY).to_pylist()
    assert {row["track_bytes"]: row["changed_tracks"] for row in rows} == {65_536: 6, 4096: 6}
    assert sorted((row["chunk"], row["chunks"]) for row in rows) == [(0, 2), (1, 2)]


def test_a_row_that_came_after_its_rung_stays_beside_it_and_is_one_with_it_in_the_next():
    hours = rolled_up(pa.concat_tables([one(number) for number in range(24)]), HOUR)
    late = pa.concat_tables([hours, one(3, revision=1)])
    again = rolled_up(late, HOUR)
    assert sorted(again.column("interval_seconds").to_pylist()) == [STEP, HOUR, HOUR]
    assert shown(rolled_up(again, DAY)) == [(DAY, list(range(24)), 12 + 12, None)]


def test_rows_that_came_again_for_all_of_their_rung_stand_for_it():
    """As when a log is read from its beginning after `adopt`: nothing counts twice."""
    hours = rolled_up(pa.concat_tables([one(number) for number in range(24)]), HOUR)
    again = pa.concat_tables([hours, *(one(number) for number in range(12))])
    assert shown(rolled_up(again, DAY)) == [(DAY, list(range(24)), 24, 24)]


def test_lengths_that_do_not_divide_the_rung_keep_all_of_the_group_in_it():
    odd = one(1, seconds=7)
    assert rolled_up(odd, HOUR).equals(odd)
    both = pa.concat_tables([odd, one(3), one(14)])
    assert [seconds for seconds, *_ in shown(rolled_up(both, HOUR))] == [7, STEP, HOUR]


def test_a_row_of_two_groups_is_divided_where_only_one_of_them_can_have_it_longer():
    """The other one had its hour made before."""
    made = rolled_up(one(0), HOUR)
    late = pa.concat_tables([made, *(with_groups(one(number), ["g", "h"]) for number in (1, 2))])
    rows = rolled_up(late, HOUR).to_pylist()
    assert sorted((row["data_groups"], row["interval_seconds"], row["changed_tracks"]) for row in rows) == [
        (["g"], STEP, 1),
        (["g"], STEP, 1),
        (["g"], HOUR, 1),
        (["h"], HOUR, 2),
    ]


def with_groups(rows, groups):
    return pa.Table.from_pylist([{**row, "data_groups": groups} for row in rows.to_pylist()], TRACKS.schema)
