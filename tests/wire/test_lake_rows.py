"""Rows of the lake: what nobody knows is null, counts of chunks add up, many intervals are as one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Gap, Interval, Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.lake_rows import (
    Origin,
    StoredTables,
    bucket_count,
    definition_row,
    gap_row,
    interval_rows,
    read_part,
    removed_row,
    rows_table,
    summary_row,
    table_rows,
)
from streams.wire.lake_tables import DEFINITIONS, SUMMARY
from streams.wire.tables import encode_tables
from tests.wire.conftest import intervals

ORIGIN = Origin("linkgauge.tables", 3, 14, 1_000_000)
CHUNK = 1 << 22


def interval(*entries, start=0):
    return Interval("g", 2, 300, start * 300 * US, 1, False, entries, 10, None, 0, 0)


def test_a_volume_of_several_chunks_counts_once():
    tracks = BitTable.of([0, 1, CHUNK, 5 * CHUNK + 7])
    row = Entry("a/b/c", CHUNK * 6 * 512, 512, tracks, 9, 5000, [(0, 250 * US)])
    found = interval_rows(interval(row), ORIGIN).to_pylist()
    assert [(each["array"], each["volume"]) for each in found] == [("a", "b/c")] * 3
    assert [each["first_track"] for each in found] == [0, CHUNK, 5 * CHUNK]
    assert [list(BitMap.deserialize(each["tracks"])) for each in found] == [[0, 1], [0], [7]]
    assert [(each["chunk"], each["chunks"]) for each in found] == [(0, 3), (1, 3), (2, 3)]
    assert [each["changed_tracks"] for each in found] == [2, 1, 1]
    assert [each["writes"] for each in found] == [9, 0, 0]
    assert [each["covered_seconds"] for each in found] == [250.0, 0.0, 0.0]
    assert {each["data_groups"][0] for each in found} == {"g"}


def test_what_a_source_cannot_know_is_null():
    row = Entry("a/v", None, 512, BitTable.of([1, CHUNK]), None, None, [])
    found = interval_rows(interval(row), ORIGIN)
    for name in ("writes", "written_bytes", "volume_bytes"):
        assert found.column(name).to_pylist() == [None, None]


@given(st.lists(intervals(), min_size=1, max_size=3))
def test_many_intervals_at_once_have_the_rows_of_each_by_itself(found):
    stored = [
        StoredTables([read_part(record.value or b"") for record in encode_tables(each)], ORIGIN)
        for each in found
    ]
    together = table_rows(stored, 4)
    alone = [row for each in stored for row in table_rows([each], 4).to_pylist()]
    assert together.to_pylist() == alone
    for each, entries in zip(stored, (each.entries for each in found), strict=True):
        rows = table_rows([each], 4).to_pylist()
        assert sum(row["changed_tracks"] for row in rows) == sum(entry.changed_tracks for entry in entries)
        assert sum(row["changed_bytes"] for row in rows) == sum(entry.changed_bytes for entry in entries)


def test_a_gap_has_no_counts_and_no_coverage():
    table = rows_table(SUMMARY, [gap_row(Gap("g", 1, 0, 86_400 * US), ORIGIN)])
    (row,) = table.to_pylist()
    assert (row["is_gap"], row["coverage"], row["interval_seconds"]) == (True, 0.0, 86_400)
    assert row["changed_tracks_or"] is None
    assert row["writes"] is None


def test_a_summary_keeps_its_totals_and_unknown_slots():
    made = summarise(interval(Entry("a/v", None, 512, BitTable.of([1]), 3, 70, [])), Totals(writes=8), 5)
    (row,) = rows_table(SUMMARY, [summary_row(made, ORIGIN)]).to_pylist()
    assert (row["data_group"], row["revision"], row["writes"], row["totals"]["writes"]) == ("g", 1, 3, 8)
    assert row["written_bytes_by_slot"] is None
    assert row["source_offset"] == 14


def test_definitions_have_members_and_extents_and_their_removal_is_a_row():
    members = (Member("a", "v", 1024), Member("b", "w", extents=((512, 1024),)))
    definition = Definition("g", members, Geometry.for_interval(60, 512))
    rows = [definition_row(Version(1, 5, 0, definition), ORIGIN), removed_row("g", 1, ORIGIN)]
    whole, removed = rows_table(DEFINITIONS, rows).to_pylist()
    assert whole["effective_from"].timestamp() == 300
    assert [member["extents"] for member in whole["members"]] == [
        None,
        [{"offset_bytes": 512, "length_bytes": 1024}],
    ]
    assert (removed["deleted"], removed["definition"]) == (True, None)


def test_a_bucket_for_every_fifty_arrays():
    assert [bucket_count(arrays) for arrays in (0, 1, 50, 51, 100, 101, 300)] == [1, 1, 1, 2, 2, 4, 8]
