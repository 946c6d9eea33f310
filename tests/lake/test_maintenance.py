"""Small files joined, old data in longer intervals, retention, and what a check finds."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pytest

from streams.lake.checking import check
from streams.lake.formats.opening import open_table
from streams.lake.formats.table import Changed
from streams.lake.maintenance import compact, expire
from streams.model.entries import Totals, summarise
from streams.wire.lake_rows import Origin, interval_rows, rows_table, summary_row
from streams.wire.lake_tables import SUMMARY, TABLES, TRACKS
from tests.lake.logs import feeds_of, run, story
from tests.lake.reading import expected, measured, read
from tests.lake.story import VOLUMES, interval, records

NUMBERS = range(285, 291)
LATER = date(1970, 1, 10)


def ignored(done, total):
    assert 0 < done <= total


def filled(lake, at_once=2):
    logs = story(NUMBERS)
    for partition, group in enumerate(VOLUMES):
        again = ((topic, row) for topic, row in records(group, NUMBERS) if topic != "groups")
        logs.put(again, partition)
    run(feeds_of(lake, logs), logs, at_once=at_once)


def compacted(lake, today=LATER):
    return [
        done
        for spec in TABLES.values()
        for done in compact(lake, spec, open_table(lake, spec), today, ignored)
    ]


def test_each_day_becomes_one_file_with_each_row_once(lake):
    filled(lake)
    assert max(measured(lake).values()) == 2  # a worker had written its rows again
    done = compacted(lake)
    assert {each.before.day for each in done if each.table == "interval_tracks"} == {
        date(1970, 1, 1),
        date(1970, 1, 2),
    }
    assert measured(lake) == expected(NUMBERS)
    for spec in (SUMMARY, TRACKS):
        assert {folder.files for folder in open_table(lake, spec).snapshot().folders()} == {1}
    assert compacted(lake) == []


def test_a_sink_goes_on_behind_maintenance(lake):
    filled(lake)
    compacted(lake)
    for spec in TABLES.values():
        open_table(lake, spec).vacuum(0)
    logs = story(range(285, 295))
    for partition, group in enumerate(VOLUMES):  # the log as `filled` left it, and some intervals more
        again = [(topic, row) for topic, row in records(group, NUMBERS) if topic != "groups"]
        more = [(topic, row) for topic, row in records(group, range(291, 295)) if topic != "groups"]
        for topic in ("tables", "intervals"):
            first = [row for found, row in records(group, NUMBERS) if found == topic]
            logs.messages[topic, partition] = []
            logs.put(((topic, row) for row in first), partition)
            logs.put((row for row in (*again, *more) if row[0] == topic), partition)
    run(feeds_of(lake, logs), logs)
    assert measured(lake) == expected(range(285, 295))


def test_who_commits_first_wins_over_maintenance(lake):
    filled(lake)
    table = open_table(lake, SUMMARY)
    snapshot = table.snapshot()
    folder = snapshot.folders()[0]
    rows = snapshot.read(folder)
    open_table(lake, SUMMARY).append(SUMMARY.schema.empty_table())
    with pytest.raises(Changed):
        snapshot.replace(folder, rows.slice(0, 0))
    assert set(measured(lake)) == set(expected(NUMBERS))


def test_old_bit_tables_become_hours_and_then_days(lake):
    filled(lake, at_once=100)
    old = lake.model_copy(update={"hours_after_days": 30, "days_after_days": 365})
    before = sums(lake)
    compacted(old, date(1970, 1, 1) + timedelta(days=31))
    lengths = read(lake, "interval_tracks").group_by("day").agg(pl.col("interval_seconds").unique())
    assert dict(lengths.rows()) == {date(1970, 1, 1): [3600], date(1970, 1, 2): [300]}
    assert sums(lake) == before
    compacted(old, date(1972, 1, 1))
    assert read(lake, "interval_tracks")["interval_seconds"].unique().to_list() == [86_400]
    assert sums(lake) == before


def sums(lake):
    """SUM and writes of each volume and day."""
    rows = read(lake, "interval_tracks").unique(
        ["array", "volume", "interval_start", "interval_seconds", "chunk", "revision", "changed_tracks"]
    )
    by = rows.group_by("array", "volume", "day").agg(pl.col("changed_tracks_sum", "writes").sum())
    return sorted(by.rows())


def test_days_that_are_not_kept_are_removed(lake):
    filled(lake, at_once=100)
    kept = lake.model_copy(update={"tracks_days": 8, "summary_days": None})
    gone = [
        each
        for spec in (SUMMARY, TRACKS)
        for each in expire(kept, spec, open_table(lake, spec), LATER, ignored)
    ]
    assert [(each.table, each.before.day, each.rows) for each in gone] == [
        ("interval_tracks", date(1970, 1, 1), 0)
    ]
    assert read(lake, "interval_tracks")["day"].unique().to_list() == [date(1970, 1, 2)]
    assert read(lake, "interval_summary")["day"].n_unique() == 2


def findings(lake):
    tables = (open_table(lake, spec) for spec in (TRACKS, SUMMARY))
    return [(found.kind, found.is_wrong) for found in check(*tables, ignored)]


def test_a_healthy_lake_has_no_findings(lake):
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs)
    assert findings(lake) == []


def test_hours_with_late_rows_beside_them_have_no_findings(lake):
    filled(lake, at_once=100)
    compacted(lake.model_copy(update={"hours_after_days": 30}), date(1970, 1, 1) + timedelta(days=31))
    late, origin = interval("oltp", NUMBERS[0], 1), Origin("t", 0, 0, 0)
    open_table(lake, TRACKS).append(interval_rows(late, origin))
    row = summary_row(summarise(late, Totals(), None), origin)
    open_table(lake, SUMMARY).append(rows_table(SUMMARY, [row]))
    assert [found for found in findings(lake) if found[1]] == []


def broken(rows, name, values):
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))


@pytest.mark.parametrize("lake", ["parquet"], indirect=True)
def test_what_cannot_be_true_is_found(lake):
    """One table of each kind of trouble, each in an interval of its own."""
    origin = Origin("by hand", None, None, 1)
    tracks, summary = open_table(lake, TRACKS), open_table(lake, SUMMARY)
    whole = [interval_rows(interval("files", number, volumes=("a/v",)), origin) for number in range(5)]
    tracks.append(whole[0])
    tracks.append(whole[0])
    tracks.append(broken(whole[1], "changed_tracks", [7] * whole[1].num_rows))
    tracks.append(broken(whole[2], "tracks", [b"no bitmap"] * whole[2].num_rows))
    tracks.append(broken(whole[3], "chunks", [9] * whole[3].num_rows))
    made = [summarise(interval("files", number, volumes=("a/v",)), Totals(), None) for number in (0, 3, 4)]
    summary.append(rows_table(SUMMARY, [summary_row(each, origin) for each in made]))
    kinds = dict(findings(lake))
    assert kinds == {"copies": False, "bitmap": True, "chunks": True, "no tables": True, "summary": True}
