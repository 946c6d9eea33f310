"""Volumes, controllers and data sets against plain sets, and against the report of the whole range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.model.sizing.ranges import measure_range
from streams.model.sizing.rollups import Changes, by_controller, by_volume, total, within_extents

LENGTH_US = 300 * US
TRACK = 4096

names = st.sampled_from(["a/1", "a/2", "b/1", "b/x/y"])
tables = st.dictionaries(names, st.frozensets(st.integers(0, 20)), min_size=1)
ranges = st.lists(tables, min_size=1, max_size=8)


def entry(volume, tracks, volume_bytes=None, **fields):
    row = {"writes": len(tracks), "written_bytes": 512 * len(tracks), "covered": [(0, 60 * US)]} | fields
    return Entry(volume, volume_bytes, TRACK, BitTable.of(tracks), **row)


def interval(index, *entries):
    return Interval("g", 1, 300, index * LENGTH_US, 0, False, entries, 300, (7,), 0, 0)


def laid_out(written):
    return [
        interval(k, *(entry(volume, row[volume]) for volume in sorted(row))) for k, row in enumerate(written)
    ]


def counted(written, kept=lambda volume, track: True):
    """SUM and OR in tracks."""
    every = [(v, t) for row in written for v, tracks in row.items() for t in tracks if kept(v, t)]
    return len(every), len(set(every))


@given(ranges)
def test_volumes_are_counted_as_sets(written):
    for volume in by_volume(laid_out(written)):
        sum_tracks, or_tracks = counted(written, lambda name, _, wanted=volume.volume: name == wanted)
        changes = volume.changes
        assert (changes.changed_tracks_sum, changes.changed_tracks_or) == (sum_tracks, or_tracks)
        assert (changes.changed_bytes_sum, changes.changed_bytes_or) == (
            sum_tracks * TRACK,
            or_tracks * TRACK,
        )
        assert (changes.writes, changes.written_bytes) == (sum_tracks, 512 * sum_tracks)
        assert volume.vouched_us == 60 * US * sum(volume.volume in row for row in written)


@given(ranges)
def test_volumes_add_up_to_controllers_and_controllers_to_the_whole_range(written):
    volumes = by_volume(laid_out(written))
    controllers = by_controller(volumes)
    for array, changes in controllers.items():
        expected = counted(written, lambda name, _, wanted=array: name.startswith(f"{wanted}/"))
        assert (changes.changed_tracks_sum, changes.changed_tracks_or) == expected
    whole, measured = total(volumes), measure_range(laid_out(written))
    for field in (
        "changed_tracks_sum",
        "changed_tracks_or",
        "changed_bytes_sum",
        "changed_bytes_or",
        "volumes",
    ):
        assert getattr(whole, field) == getattr(measured, field)
        assert sum(getattr(changes, field) for changes in controllers.values()) == getattr(whole, field)


@given(ranges)
def test_or_is_below_sum_unless_no_track_was_hit_twice(written):
    whole = total(by_volume(laid_out(written)))
    repeats = counted(written)[0] != counted(written)[1]
    assert (whole.changed_tracks_or < whole.changed_tracks_sum) == repeats


@given(ranges, st.integers(0, 21), st.integers(0, 21))
def test_a_data_set_is_counted_within_its_extents(written, first, tracks):
    extents = {"a/1": [(first * TRACK, tracks * TRACK)], "b/1": [(0, 5 * TRACK), (7 * TRACK, 1)]}

    def belongs(volume, track):
        return (volume == "a/1" and first <= track < first + tracks) or (
            volume == "b/1" and (track < 5 or track == 7)
        )

    whole = total(by_volume(within_extents(laid_out(written), extents)))
    assert (whole.changed_tracks_sum, whole.changed_tracks_or) == counted(written, belongs)


def test_counts_of_a_part_are_unknown_and_of_the_whole_known():
    row = interval(0, entry("a/1", {1, 2}), entry("a/2", {1, 2}), entry("b/1", {1}))
    (kept,) = within_extents([row], {"a/1": [(0, 3 * TRACK)], "a/2": [(0, 2 * TRACK)]})
    assert [(e.volume, len(e.tracks), e.writes, e.written_bytes) for e in kept.entries] == [
        ("a/1", 2, 2, 1024),
        ("a/2", 1, None, None),
    ]
    assert kept.written_bytes_by_slot is None
    assert total(by_volume([kept])).writes is None


def test_intervals_without_the_data_set_are_left_out():
    rows = [interval(0, entry("a/1", {1})), interval(1, entry("a/2", {1})), interval(2, entry("a/1", {2}))]
    assert [row.start_us for row in within_extents(rows, {"a/1": [(0, 1 << 30)]})] == [0, 2 * LENGTH_US]


def test_parts_of_a_volume_in_two_groups_add_up():
    one, other = (by_volume([interval(0, entry("a/1", tracks))]) for tracks in ({1, 2}, {5}))
    assert by_controller([*one, *other])["a"] == Changes(1, 3, 3, 3 * TRACK, 3 * TRACK, 3, 3 * 512)


def test_a_short_last_track_counts_its_true_bytes():
    (volume,) = by_volume(interval(k, entry("a/1", {k, 2}, 2 * TRACK + 100)) for k in (0, 1))
    assert volume.changes.changed_bytes_or == 2 * TRACK + 100
    assert volume.changes.changed_bytes_sum == 2 * (TRACK + 100)


@pytest.mark.parametrize("of", [by_volume, by_controller])
def test_nothing(of):
    assert not of([])
