"""Stored tables as columns say what whole intervals say: the same ranges, revisions, counts, histories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streams.errors import MissingData
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.sizing.arrivals import written_by_slot
from streams.model.sizing.grid import grid_of
from streams.model.sizing.history import histories
from streams.model.state import Version
from streams.store import read_intervals, read_stored
from streams.wire.definitions import encode_version
from streams.wire.tables import encode_tables

pytestmark = pytest.mark.broker
STEP_US = 300 * US
FAR = (1 << 22) + 5


def interval(at: int, written: dict[str, set[int]], revision: int = 0, **changed) -> Interval:
    start = at * STEP_US
    entries = tuple(
        Entry(
            volume,
            70_000 * 65_536 - 9,
            65_536,
            BitTable.of(tracks),
            len(tracks),
            7,
            [(start, start + STEP_US)],
        )
        for volume, tracks in sorted(written.items())
    )
    slots = tuple(range(30))
    whole = Interval("g", 1, 300, start, revision, False, entries, 10, slots, 0, 0)
    return replace(whole, **changed)


def stored_of(source, *edges, **options):
    return read_stored(source, ["g"], *edges, **options)["g"]


@pytest.fixture
def four(put):
    first = interval(0, {"a/v": {1, 2, 3}, "a/w": {9, FAR}})
    partly = replace(
        first.entries[0], covered=[(STEP_US, STEP_US + 35 * US), (STEP_US + 60 * US, 2 * STEP_US)]
    )
    second = interval(1, {}, entries=(partly, replace(first.entries[1], covered=[], written_bytes=None)))
    rows = [first, interval(3, {"a/v": {8}}), interval(3, {"a/v": {3, 4}, "a/x": set()}, revision=1), second]
    put("tables", "g", [record for each in rows for record in encode_tables(each)])


def test_histories_are_those_of_whole_intervals(four, source):
    whole, stored = read_intervals(source, "g"), stored_of(source)
    grid = grid_of(whole)
    expected = list(histories(whole, grid))
    found = [volume.history(grid) for volume in stored.volumes()]
    assert [h.volume for h in found] == ["a/v", "a/w", "a/x"]
    for one, other in zip(found, expected, strict=True):
        assert (one.volume_bytes, one.track_bytes) == (other.volume_bytes, other.track_bytes)
        for name in ("interval", "first", "last"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
    (only,) = stored_of(source, wanted={"a/w"}).volumes()
    assert only.history(grid).first.tolist() == expected[1].first.tolist()


def test_counts_are_added_and_unknown_ones_stay_unknown(four, source):
    found = {volume.volume: volume for volume in stored_of(source).volumes()}
    assert [(v.writes, v.written_bytes) for v in found.values()] == [(8, 21), (4, None), (0, 7)]
    assert found["a/v"].vouched_us == STEP_US + 35 * US + 240 * US + STEP_US


def test_coverage_by_slot_is_that_of_whole_intervals(four, source):
    series = written_by_slot(read_intervals(source, "g"), (0, 4 * STEP_US))
    stored = stored_of(source)
    for each in stored.intervals:
        place = each.start_us // (10 * US)
        np.testing.assert_allclose(each.covered_by_slot, series.coverage[place : place + 30])
        assert each.written_bytes_by_slot.tolist() == list(range(30))


def test_a_range_takes_what_starts_in_it_and_spans_what_lies_in_them(four, source):
    stored = stored_of(source, STEP_US, 4 * STEP_US)
    assert [each.start_us // STEP_US for each in stored.intervals] == [1, 3]
    inside = stored.within([(0, 2 * STEP_US - 1), (3 * STEP_US, 9 * STEP_US)])
    assert [each.start_us // STEP_US for each in inside.intervals] == [3]
    assert read_stored(source, ["g"], 9 * STEP_US) == {}


def test_a_revision_without_all_its_parts_is_passed_over(put, source):
    tracks = {f"a/{number:03}": set(range(0, 1 << 20, 3)) for number in range(12)}
    newer = encode_tables(interval(0, tracks, revision=1))
    assert len(newer) > 1
    put("tables", "g", [*encode_tables(interval(0, {"a/v": {1}})), *newer[:-1]])
    assert [v.volume for v in stored_of(source).volumes()] == ["a/v"]
    put("tables", "g", newer[-1:])
    assert len(list(stored_of(source).volumes())) == 12


def test_a_track_size_that_changes_is_refused(put, source):
    other = replace(interval(1, {"a/v": {1}}).entries[0], track_bytes=4096)
    rows = [interval(0, {"a/v": {1}}), interval(1, {}, entries=(other,))]
    put("tables", "g", [record for each in rows for record in encode_tables(each)])
    with pytest.raises(ValueError, match="track_bytes of a/v changes from 65536 to 4096"):
        list(stored_of(source).volumes())


def test_an_unknown_group_is_named(put, source):
    with pytest.raises(MissingData, match="group 'x' is not known"):
        read_stored(source, ["x"])
    put("groups", "g", [encode_version(Version(1, None, 0, Definition("g", (Member("a", "v"),))))])
    assert read_stored(source, ["g"]) == {}
