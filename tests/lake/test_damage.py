"""Bitmaps that are not what their rows say: upkeep leaves them where readers find them, and names them."""

from __future__ import annotations

import struct
from datetime import date

import pyarrow as pa
import pytest
from pyroaring import BitMap

from streams.lake.checking import check
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.store import LakeSource, lake_unions
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS
from tests.lake import story
from tests.lake.reading import read

NUMBERS = (*range(48, 84), *range(288, 292))


def with_more_tracks(tracks):
    return (BitMap.deserialize(tracks) | BitMap(range(1000, 3000))).serialize()


def cut_short(tracks):
    return tracks[:-1]


def out_of_order(tracks):
    """As many as before in one array, which falls: Roaring counts them without a look at their order."""
    count = len(BitMap.deserialize(tracks))
    head = struct.pack("<IIHHI", 12_346, 1, 0, count - 1, 16)
    return head + struct.pack(f"<{count}H", *range(count, 0, -1))


def filled(lake, damage):
    """Two days of one group; one bitmap of `east/b` is not what its row says."""
    found = [story.interval("oltp", number) for number in NUMBERS]
    rows = pa.concat_tables([interval_rows(each, Origin("t", 0, 0, 0)) for each in found]).to_pylist()
    at = next(
        at
        for at, row in enumerate(rows)
        if row["volume"] == "b" and row["changed_tracks"] > 3 and row["interval_start"].hour == 5
    )
    rows[at]["tracks"] = damage(rows[at]["tracks"])
    open_table(lake, TRACKS).append(pa.Table.from_pylist(rows, TRACKS.schema))
    row = definition_row(story.definition("oltp"), Origin("t", 0, 0, 0))
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, [row]))
    return f"east/b, {rows[at]['interval_start']:%Y-%m-%dT%H:%M:%SZ}, 300 s"


def answered(lake):
    """What `report --totals` says of each volume, and which rows it left out."""
    source = LakeSource(lake)
    found = lake_unions(source, ["oltp"], (None, None), lambda *_: None)["oltp"].volumes
    return [(each.volume, each.changes, each.vouched_us) for each in found], source.seen.unreadable


def compacted(lake, today):
    names = []
    table = open_table(lake, TRACKS)
    list(compact(lake, TRACKS, table, today, lambda *_: None, names.extend))
    return names


@pytest.mark.parametrize("damage", [with_more_tracks, cut_short, out_of_order])
def test_a_check_finds_what_readers_leave_out(lake, damage):
    place = filled(lake, damage)
    found = check(*(open_table(lake, spec) for spec in (TRACKS, SUMMARY)), lambda *_: None)
    assert [each.place.split(", ")[:2] for each in found if each.kind == "bitmap"] == [place.split(", ")[:2]]


@pytest.mark.parametrize("damage", [with_more_tracks, cut_short, out_of_order])
def test_a_damaged_bitmap_is_left_out_after_upkeep_as_before(lake, damage):
    name = filled(lake, damage)
    before = answered(lake)
    assert len(before[1]) == 1
    for today in (date(1970, 3, 1), date(1972, 1, 1)):
        assert compacted(lake, today) == [name]
        assert answered(lake) == before
    lengths = read(lake, "interval_tracks").group_by("volume", "day").agg(seconds="interval_seconds")
    longer = {(row["volume"], row["day"].day): set(row["seconds"]) for row in lengths.rows(named=True)}
    assert longer.pop(("b", 1)) == {300, 3600}  # its hour stayed short, and with the day of others its hours
    assert set().union(*longer.values()) == {86_400}
