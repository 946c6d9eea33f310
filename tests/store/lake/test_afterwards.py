"""Groups that were defined afterwards, of volumes that several groups measured in different ways."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from streams.errors import DefinitionError, MissingData
from streams.lake.formats.opening import open_table
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.settings import Lake
from streams.store import LakeSource, Only, groups, lake_unions, read_intervals, require_captured
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS

KIB, MIB = 1 << 10, 1 << 20
ORIGIN = Origin("by hand", 0, 0, 0)
V = Member("a", "v")
FIRST = ((0, MIB),)
WRITES = (0, 5 * KIB, MIB - 1, 2 * MIB, 2 * MIB + 5 * KIB)
"""Where single bytes of a/v are written, in every interval: some inside its first MiB, some behind."""


def defined(name, track_bytes, extents=None, seconds=300, since=None, version=1):
    group = Definition(name, (replace(V, extents=extents),), Geometry.for_interval(seconds, track_bytes))
    return Version(version, since, 0, group)


def interval(version, start_seconds):
    """What the group of this version measures of the writes."""
    geometry, member = version.definition.geometry, version.definition.members[0]
    inside = [
        at for at in WRITES if any(low <= at < low + size for low, size in member.extents or ((0, 1 << 62),))
    ]
    start_us, seconds = start_seconds * US, geometry.interval_seconds
    spans = [(start_us, start_us + seconds * US)]
    tracks = BitTable.of({at // geometry.track_bytes for at in inside})
    entry = Entry(V.id, None, geometry.track_bytes, tracks, len(inside), len(inside), spans)
    return Interval(version.definition.group, 1, seconds, start_us, 0, False, (entry,), 10, None, 0, 0)


def lake_of(folder, versions, measured):
    """A lake of these groups and of intervals, `(version, start in seconds)`."""
    lake = Lake(path=str(folder))
    open_table(lake, DEFINITIONS).append(
        rows_table(DEFINITIONS, [definition_row(each, ORIGIN) for each in versions])
    )
    rows = [interval_rows(interval(*each), ORIGIN) for each in measured]
    open_table(lake, TRACKS).append(pa.concat_tables(rows))
    open_table(lake, SUMMARY)
    return lake


def later(track_bytes=64 * KIB, extents=None, seconds=300):
    return defined("later", track_bytes, extents, seconds).definition


def changed(lake, group):
    """Track, SUM and OR, by both ways of reading."""
    source = LakeSource(lake, group)
    extents = group.by_id[V.id].extents
    only = Only(extents=None if extents is None else {V.id: extents})
    united = lake_unions(source, ["later"], (None, None), lambda *_: None, only)["later"]
    entries = [each.entries[0] for each in read_intervals(source, "later")]
    tables = [set(each.tracks.tracks().tolist()) for each in entries]
    changes = united.volumes[0].changes
    assert changes.changed_tracks_or == len(set().union(*tables))
    assert changes.changed_tracks_sum == sum(map(len, tables))
    assert {each.track_bytes for each in entries} == {united.track_bytes}
    return united.track_bytes, changes.changed_tracks_sum, changes.changed_tracks_or


COARSE, FINE = defined("coarse", 64 * KIB), defined("fine", 4 * KIB, FIRST)
BOTH = [(version, start) for start in (0, 300) for version in (COARSE, FINE)]


def test_finer_tracks_of_a_part_do_not_stand_for_the_volume(tmp_path):
    lake = lake_of(tmp_path, [COARSE, FINE], BOTH)
    assert changed(lake, later()) == (64 * KIB, 2 * 3, 3)
    assert changed(lake, later(4 * KIB, FIRST)) == (4 * KIB, 2 * 3, 3)
    assert changed(lake, later(64 * KIB, ((0, 2 * MIB),)))[0] == 64 * KIB


def test_parts_that_two_groups_measured_alike_are_the_volume_together(tmp_path):
    rest = defined("rest", 4 * KIB, ((MIB, (1 << 40) - MIB),))
    lake = lake_of(tmp_path, [COARSE, FINE, rest], [*BOTH, (rest, 0), (rest, 300)])
    assert changed(lake, later(4 * KIB, ((0, 1 << 40),))) == (4 * KIB, 2 * 5, 5)


def test_a_group_counts_by_the_version_that_measured(tmp_path):
    """From the second interval on `fine` has the whole volume: before, the coarse tracks are all there is."""
    whole = defined("fine", 4 * KIB, None, since=1, version=2)
    lake = lake_of(tmp_path, [COARSE, FINE, whole], [(COARSE, 0), (FINE, 0), (COARSE, 300), (whole, 300)])
    with pytest.raises(ValueError, match=r"track_bytes of a/v changes .* report the ranges"):
        changed(lake, later())
    source = LakeSource(lake, later())
    for start, track_bytes in ((0, 64 * KIB), (300, 4 * KIB)):
        found = read_intervals(source, "later", start * US, (start + 300) * US)
        assert [each.entries[0].track_bytes for each in found] == [track_bytes]


def test_where_only_a_part_was_measured_the_volume_counts_as_not_measured(tmp_path):
    lake = lake_of(tmp_path, [COARSE, FINE], [(COARSE, 0), (FINE, 0), (FINE, 300)])
    assert changed(lake, later()) == (64 * KIB, 3, 3)
    assert read_intervals(LakeSource(lake, later()), "later", 300 * US) == []
    assert not lake_unions(LakeSource(lake, later()), ["later"], (300 * US, None), lambda *_: None)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (later(4 * KIB), "a/v was captured in tracks of 65536 B, coarser than the 4096 B asked for"),
        (later(seconds=60), "a/v was captured in intervals of 300 s, longer than the 60 s asked for"),
    ],
)
def test_what_was_not_captured_in_the_range_is_refused_whatever_else_is_defined(tmp_path, group, said):
    """A group that captured finer is known, and has no row in the range."""
    idle = defined("idle", 4 * KIB, seconds=60)
    lake = lake_of(tmp_path, [COARSE, idle], [(COARSE, 0), (COARSE, 300)])
    require_captured(group, groups(LakeSource(lake)))
    for read in (read_intervals, lambda *asked: lake_unions(asked[0], [asked[1]], (None,) * 2, print)):
        with pytest.raises(MissingData, match=said):
            read(LakeSource(lake, group), "later")


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (later(4 * KIB), "captured in tracks of 65536 B, coarser than the 4096 B"),
        (later(4 * KIB, ((0, 2 * MIB),)), "captured in tracks of 65536 B, coarser than the 4096 B"),
        (later(seconds=60), "captured in intervals of 300 s, longer than the 60 s"),
    ],
)
def test_a_definition_is_held_against_captures_that_have_all_it_asks_for(tmp_path, group, said):
    lake = lake_of(tmp_path, [COARSE, FINE], BOTH)
    with pytest.raises(DefinitionError, match=said):
        require_captured(group, groups(LakeSource(lake)))
    require_captured(later(4 * KIB, FIRST), groups(LakeSource(lake)))


def test_extents_of_two_track_sizes_are_no_capture_of_a_volume(tmp_path):
    rest = defined("rest", 64 * KIB, ((MIB, 1 << 40),))
    lake = lake_of(tmp_path, [FINE, rest], [(FINE, 0), (rest, 0)])
    with pytest.raises(DefinitionError, match=r"only some extents were measured, and 0\+2097152 is not all"):
        require_captured(later(extents=((0, 2 * MIB),)), groups(LakeSource(lake)))
