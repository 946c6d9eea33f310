"""`linkgauge entries`: which rows, in which order, with which figures."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streams.cli import entries
from streams.errors import MissingData
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Gap, Interval, Totals, summarise
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.store import or_of
from streams.wire.definitions import encode_version
from streams.wire.keys import group_key
from streams.wire.record import Record
from streams.wire.summaries import encode_gap, encode_summary
from streams.wire.tables import encode_tables

pytestmark = pytest.mark.broker
STEP_US = 300 * US
HEADER = "volume,start,end,changed_tracks,changed_bytes,writes,written_bytes,coverage,revision"


def interval(at: int, written: dict[str, list[int]], share: float = 1.0, writes: int | None = 1) -> Interval:
    start_us = at * STEP_US
    rows = tuple(
        Entry(
            volume,
            None,
            65_536,
            BitTable.of(tracks),
            writes and writes * len(tracks),
            None if writes is None else 512 * len(tracks),
            [(start_us, start_us + int(share * STEP_US))],
        )
        for volume, tracks in written.items()
    )
    return Interval("g", 1, 300, start_us, 0, False, rows, 10, None, 0, 0)


@pytest.fixture
def site(put, source):
    """Two volumes over four intervals; the first three are a closed rung."""
    definition = Definition("g", (Member("a", "v"), Member("a", "w")))
    put("groups", "g", [encode_version(Version(1, None, 0, definition))])
    intervals = [
        interval(3, {"a/w": [1, 2], "a/v": [1]}),
        interval(4, {"a/v": [1, 5], "a/w": []}, share=0.5),
        interval(5, {"a/v": [], "a/w": []}),
        interval(6, {"a/v": [7], "a/w": []}, writes=None),
    ]
    put("tables", "g", [row for one in intervals for row in encode_tables(one)])
    put("intervals", "g", [encode_summary(summarise(one, Totals(), None)) for one in intervals])
    (rung,) = or_of(intervals[:3], 900)
    put("intervals", "g", [encode_summary(summarise(rung, Totals(), None, (5, 5 * 65_536)))])
    return intervals


def lines(printed) -> list[str]:
    assert printed.exit_code == 0, printed.exception
    return printed.stdout.splitlines()


def test_volumes_ordered_by_start_and_name_without_idle_ones(run, site):
    assert lines(run(entries, "entries --group g --csv")) == [
        HEADER,
        "a/v,1970-01-01T00:15:00Z,1970-01-01T00:20:00Z,1,65536,1,512,1.0,0",
        "a/w,1970-01-01T00:15:00Z,1970-01-01T00:20:00Z,2,131072,2,1024,1.0,0",
        "a/v,1970-01-01T00:20:00Z,1970-01-01T00:25:00Z,2,131072,2,1024,0.5,0",
        "a/v,1970-01-01T00:30:00Z,1970-01-01T00:35:00Z,1,65536,,,1.0,0",
    ]


def test_a_volume_that_the_group_never_had_is_named(run, site):
    refused = run(entries, "entries --group g --volume a/v --volume a/x").exception
    assert isinstance(refused, MissingData)
    assert str(refused) == "group g never had a volume a/x: see `linkgauge groups show g`"


def test_zeros_show_idle_volumes(run, site):
    found = lines(run(entries, "entries --group g --csv --zeros"))
    assert len(found) == 9
    assert found[6] == "a/w,1970-01-01T00:25:00Z,1970-01-01T00:30:00Z,0,0,0,0,1.0,0"


def test_unknown_counts_are_null_in_json(run, site):
    *_, last = json.loads(run(entries, "entries --group g --json").stdout)
    assert (last["writes"], last["written_bytes"], last["changed_tracks"]) == (None, None, 1)


def test_a_range_and_a_volume(run, site):
    typed = "entries --group g --csv --from 1970-01-01T00:20:00Z --to 1970-01-01T00:30:00Z --zeros"
    assert [row.split(",")[:2] for row in lines(run(entries, f"{typed} --volume a/w"))[1:]] == [
        ["a/w", "1970-01-01T00:20:00Z"],
        ["a/w", "1970-01-01T00:25:00Z"],
    ]


def test_the_group_as_a_whole(run, site):
    found = lines(run(entries, "entries --group g --level group --csv"))
    assert found[:3] == [
        HEADER.replace("volume", "group"),
        "g,1970-01-01T00:15:00Z,1970-01-01T00:20:00Z,3,196608,3,1536,1.0,0",
        "g,1970-01-01T00:20:00Z,1970-01-01T00:25:00Z,2,131072,2,1024,0.5,0",
    ]


def test_rungs_are_the_or_and_only_closed_ones_count(run, site):
    assert lines(run(entries, "entries --group g --rung 900 --csv"))[1:] == [
        "a/v,1970-01-01T00:15:00Z,1970-01-01T00:30:00Z,2,131072,3,1536,0.833333,3",
        "a/w,1970-01-01T00:15:00Z,1970-01-01T00:30:00Z,2,131072,2,1024,0.833333,3",
    ]
    assert lines(run(entries, "entries --group g --rung 900 --level group --csv"))[1:] == [
        "g,1970-01-01T00:15:00Z,1970-01-01T00:30:00Z,4,262144,5,2560,0.833333,3"
    ]
    assert lines(run(entries, "entries --group g --rung 900 --csv --from 1970-01-01T00:16:00Z")) == [HEADER]


def test_a_length_that_the_group_does_not_have(run, site):
    refused = run(entries, "entries --group g --rung 77")
    assert isinstance(refused.exception, MissingData)
    assert "choose one of 300, 900, 3600" in str(refused.exception)


def test_a_deleted_group_is_read_while_its_rows_are_there(run, site, put):
    before = lines(run(entries, "entries --group g --csv"))
    put("groups", "g", [Record(group_key("g", 1), None)])
    assert lines(run(entries, "entries --group g --csv")) == before
    assert len(lines(run(entries, "entries --group g --rung 900 --level group --csv"))) == 2


def test_gaps_are_told(run, site, put):
    put("intervals", "g", [encode_gap(Gap("g", 1, 7 * STEP_US, 900 * STEP_US))])
    printed = run(entries, "entries --group g --csv")
    assert printed.stderr == "gap: nothing was heard from 1970-01-01T00:35:00Z to 1970-01-04T03:00:00Z\n"


def test_an_unknown_group(run, site):
    refused = run(entries, "entries --group nope")
    assert isinstance(refused.exception, MissingData)
    assert "there are: g" in str(refused.exception)


def test_wrong_usage(run, source):
    for typed in (
        "--group g --csv --json",
        "",
        "--group g --level disk",
        "--group g --level group --volume a/v",
    ):
        assert run(entries, f"entries {typed}").exit_code == 2


def test_or_of_joins_slots_and_spans():
    parts = [
        replace(interval(at, {"a/v": [at]}), written_bytes_by_slot=(at, None), discards=at, late_writes=1)
        for at in (3, 4, 5)
    ]
    (rung,) = or_of(parts, 900)
    assert rung.written_bytes_by_slot == (3, None, 4, None, 5, None)
    assert (rung.discards, rung.late_writes, rung.revision, rung.partial) == (12, 3, 3, False)
    assert rung.entries[0].covered == [(3 * STEP_US, 6 * STEP_US)]
    assert rung.entries[0].tracks == BitTable.of([3, 4, 5])
    (short,) = or_of(parts[:2], 900)
    assert (short.partial, short.written_bytes_by_slot) == (True, None)
    unknown = replace(parts[0], written_bytes_by_slot=None)
    assert or_of([unknown, *parts[1:]], 900)[0].written_bytes_by_slot is None
