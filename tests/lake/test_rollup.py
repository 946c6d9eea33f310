"""Longer intervals for old data: whatever is asked at their boundary has the answer that it had before."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.lake.rollup import rolled_up
from streams.lake.unique import unique_rows
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US, union
from streams.wire.lake_rows import Origin, interval_rows
from streams.wire.lake_tables import TRACKS

STEP = 300
HOUR = 3600
CHUNK = 1 << 22


@st.composite
def entries(draw, volume, number):
    start, end = number * STEP * US, (number + 1) * STEP * US
    edges = sorted(draw(st.lists(st.integers(start, end), min_size=2, max_size=4, unique=True)))
    known = draw(st.booleans())
    return Entry(
        volume=volume,
        volume_bytes=draw(st.sampled_from([None, 1 << 40, 65_536 * (CHUNK + 3) - 100])),
        track_bytes=65_536,
        tracks=BitTable.of(
            draw(st.lists(st.sampled_from([0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 2]), max_size=4))
        ),
        writes=draw(st.integers(0, 9)) if known else None,
        written_bytes=draw(st.integers(0, 1 << 20)) if known else None,
        covered=union(zip(edges[::2], edges[1::2], strict=False)),
    )


@st.composite
def intervals(draw):
    """Some intervals of two groups that share a volume, some of them revised, over a few hours.

    The other volume of a group joins it and leaves it now and then.
    """
    found = []
    for number in draw(st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True)):
        shared = draw(entries("a/v", number))
        for group in draw(st.sampled_from([("g",), ("g", "h"), ("h",)])):
            has_other = draw(st.booleans())
            for revision in range(draw(st.integers(1, 2))):
                own = draw(st.sampled_from([shared, draw(entries("a/v", number))]))
                other = draw(entries(f"a/{group}", number))
                found.append(
                    Interval(
                        group,
                        1,
                        STEP,
                        number * STEP * US,
                        revision,
                        False,
                        (own, other)[: 1 + has_other],
                        10,
                        None,
                        0,
                        0,
                    )
                )
    return found


def answers(rows):
    """Of each group, volume and hour: OR, SUM in tracks and bytes, counters, covered microseconds.

    Read as users are told to: of every interval the rows of the newest revision, each once.
    """
    newest = defaultdict(int)
    single = [(group, row) for row in rows.to_pylist() for group in row["data_groups"]]
    for group, row in single:
        key = (group, row["interval_seconds"], row["interval_start"])
        newest[key] = max(newest[key], row["revision"])
    found = {}
    for group, row in single:
        if row["revision"] < newest[group, row["interval_seconds"], row["interval_start"]]:
            continue
        hour = int(row["interval_start"].timestamp()) // HOUR
        own = found.setdefault((group, row["volume"], hour), [set(), 0, 0, 0, 0, 0])
        own[0] |= {row["first_track"] + track for track in BitMap.deserialize(row["tracks"])}
        own[1] += row["changed_tracks_sum"]
        own[2] += row["changed_bytes_sum"]
        for place, name in ((3, "writes"), (4, "written_bytes")):
            own[place] = None if own[place] is None or row[name] is None else own[place] + row[name]
        own[5] += round(row["covered_seconds"] * US)
    return found


@given(intervals())
@settings(max_examples=40)
def test_no_answer_changes_at_the_boundary_of_the_rung(found):
    origin = Origin("linkgauge.tables", 0, 0, 1)
    rows = unique_rows(pa.concat_tables([interval_rows(each, origin) for each in found]), TRACKS)
    rolled = rolled_up(rows, HOUR)
    assert set(rolled.column("interval_seconds").to_pylist()) == {HOUR}
    assert answers(rolled) == answers(rows)
    assert all(row["changed_tracks"] == len(BitMap.deserialize(row["tracks"])) for row in rolled.to_pylist())


@given(intervals())
@settings(max_examples=40)
def test_days_come_out_alike_whether_by_way_of_hours_or_not(found):
    origin = Origin("linkgauge.tables", 0, 0, 1)
    rows = unique_rows(pa.concat_tables([interval_rows(each, origin) for each in found]), TRACKS)

    def days(table):
        """Of each group by itself: revisions, which are counted otherwise, decide whose rows are one row."""
        left_out = ("revision", "data_groups", "volume_bytes", "changed_bytes")
        return [
            (group, {name: value for name, value in row.items() if name not in left_out})
            for row in rolled_up(table, 24 * HOUR).to_pylist()
            for group in row["data_groups"]
        ]

    assert sorted(map(str, days(rolled_up(rows, HOUR)))) == sorted(map(str, days(rows)))


def test_volumes_that_join_or_cannot_be_read_for_a_while_are_in_hours_and_days():
    origin = Origin("linkgauge.tables", 0, 0, 1)

    def rows(number, *names):
        entries = tuple(Entry(name, None, 65_536, BitTable.of([number]), 1, 1, []) for name in names)
        return interval_rows(
            Interval("g", 1, STEP, number * STEP * US, 0, False, entries, 10, None, 0, 0), origin
        )

    def spoilt(table):
        at = table.schema.get_field_index("quarantine_reason")
        return table.set_column(at, table.schema.field(at), pa.array(["unreadable"]))

    found = [rows(number, "a/v", *(["a/joined"] if number > 5 else [])) for number in range(12)]
    found += [spoilt(rows(0, "a/spoilt")), *(rows(number, "a/spoilt") for number in range(1, 12))]
    days = rolled_up(rolled_up(pa.concat_tables(found), HOUR), 24 * HOUR)
    read = [row for row in days.to_pylist() if row["quarantine_reason"] is None]
    assert {row["volume"]: row["changed_tracks"] for row in read} == {"v": 12, "joined": 6, "spoilt": 11}
    assert len({row["revision"] for row in read}) == 1  # it is the interval's, whatever a volume has of it


def test_both_track_sizes_of_a_rung_are_in_the_next_one():
    origin = Origin("linkgauge.tables", 0, 0, 1)
    found = []
    for number in range(12):
        entry = Entry("a/v", None, 65_536 if number < 6 else 4096, BitTable.of([number]), 1, 1, [])
        interval = Interval("g", 1, STEP, number * STEP * US, 0, False, (entry,), 10, None, 0, 0)
        found.append(interval_rows(interval, origin))
    days = rolled_up(rolled_up(pa.concat_tables(found), HOUR), 24 * HOUR)
    assert {row["track_bytes"]: row["changed_tracks"] for row in days.to_pylist()} == {65_536: 6, 4096: 6}


def test_a_row_that_came_after_its_rung_stays_beside_it():
    origin = Origin("linkgauge.tables", 0, 0, 1)

    def rows(number):
        entry = Entry("a/v", None, 65_536, BitTable.of([number]), 1, 1, [])
        return interval_rows(
            Interval("g", 1, STEP, number * STEP * US, 0, False, (entry,), 10, None, 0, 0), origin
        )

    again = rolled_up(pa.concat_tables([rolled_up(rows(0), HOUR), rows(1)]), HOUR)
    assert sorted(again.column("interval_seconds").to_pylist()) == [STEP, HOUR]


def test_quarantined_rows_and_odd_lengths_stay_as_they_are():
    origin = Origin("linkgauge.tables", 0, 0, 1)
    entry = Entry("a/v", None, 65_536, BitTable.of([1]), 1, 1, [])
    odd = interval_rows(Interval("g", 1, 7, 7 * US, 0, False, (entry,), 7, None, 0, 0), origin)
    assert rolled_up(odd, HOUR).equals(odd)
    bad = interval_rows(Interval("g", 1, STEP, 0, 0, False, (entry,), 10, None, 0, 0), origin)
    at = bad.schema.get_field_index("quarantine_reason")
    bad = bad.set_column(at, bad.schema.field(at), pa.array(["unreadable"]))
    assert rolled_up(bad, HOUR).equals(bad)
