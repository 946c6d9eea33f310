"""One base interval while it fills, against sets and dicts; coming late changes only the revision."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.opentable import OpenInterval, slot_of
from streams.model.state import Version
from streams.model.volumetables import VolumeTable

INDEX = 7
SLOTS, SLOT_SECONDS = 3, 20
LENGTH_SECONDS = SLOTS * SLOT_SECONDS
START = INDEX * LENGTH_SECONDS
GEOMETRY = Geometry(track_bytes=512, interval_seconds=LENGTH_SECONDS, slot_seconds=SLOT_SECONDS)
MEMBERS = (
    Member("x", "any"),
    Member("x", "both", agents=("a", "b")),
    Member("y", "any", volume_bytes=1 << 40),
)
VERSION = Version(4, None, 0, Definition("g", MEMBERS, GEOMETRY))
VOLUMES = [member.id for member in MEMBERS]
AGENTS = ["x/a", "x/b", "x/c", "y/a"]
WHOLE = [(START * US, (START + LENGTH_SECONDS) * US)]

volumes = st.sampled_from(VOLUMES)
first_tracks = st.one_of(st.integers(0, 40), st.integers(65_530, 65_545), st.just(1 << 33))
seconds = st.integers(START, START + LENGTH_SECONDS)
spans = st.tuples(seconds, seconds).filter(lambda span: span[0] < span[1])
writes = st.tuples(
    st.just("write"), volumes, first_tracks, st.integers(1, 6), st.integers(0, SLOTS - 1), st.booleans()
)

pytestmark = pytest.mark.usefixtures("each_kernel")
folds = st.tuples(st.just("fold"), volumes, st.sets(first_tracks, max_size=6))
vouches = st.tuples(st.just("vouch"), st.sampled_from(AGENTS), spans)
discards = st.tuples(st.just("discard"))
events = st.lists(st.one_of(writes, writes, vouches, discards), max_size=20)
events_with_folds = st.lists(st.one_of(writes, folds, vouches, discards), max_size=20)
windows = st.lists(spans, max_size=3)


def filled(happened, interval=None):
    """The interval with these events in it."""
    interval = interval or OpenInterval.empty(GEOMETRY)
    for event in happened:
        match event:
            case ("write", volume, first, count, slot, late):
                table = interval.volumes.table(volume)
                table.tracks.mark(np.array([first], np.uint64), np.array([first + count - 1], np.uint64))
                table.count(1, count * 512)
                interval.slots.add(slot, count * 512)
                interval.late_writes += late
            case ("fold", volume, tracks):
                interval.volumes.table(volume).merge(VolumeTable(BitTable.of(tracks), None, None))
                interval.slots.forget()
            case ("vouch", agent, (start, end)):
                interval.vouch(agent, (start * US, end * US))
            case ("discard",):
                interval.discards += 1
    return interval


def closed(interval, *, inside=WHOLE, revision=0, version=VERSION, partial=False):
    return interval.closed(INDEX, version, inside, revision, partial=partial)


def stored(interval):
    """The interval as a reader finds it: its tables have been bytes in between."""
    entries = (replace(e, tracks=BitTable.from_parts(e.tracks.parts())) for e in interval.entries)
    return replace(interval, entries=tuple(entries))


def stored_bytes(interval):
    return [list(entry.tracks.parts()) for entry in interval.entries]


def plain_rows(happened):
    """Per volume the set of tracks, the writes and the bytes; None where a fold did not count them."""
    rows = {volume: (set(), 0, 0) for volume in VOLUMES}
    for event in happened:
        match event:
            case ("write", volume, first, count, *_):
                tracks, number, size = rows[volume]
                known = number is not None
                rows[volume] = (
                    tracks | set(range(first, first + count)),
                    number + 1 if known else None,
                    size + count * 512 if known else None,
                )
            case ("fold", volume, tracks):
                rows[volume] = (rows[volume][0] | tracks, None, None)
    return rows


def plain_slots(happened):
    if any(event[0] == "fold" for event in happened):
        return None
    sums = [0] * SLOTS
    for event in happened:
        if event[0] == "write":
            sums[event[4]] += event[3] * 512
    return tuple(sums)


def moments(pieces):
    return {second for start, end in pieces for second in range(start, end)}


def covered_seconds(entry):
    return moments((start // US, end // US) for start, end in entry.covered)


def vouched(happened, agent):
    return moments(event[2] for event in happened if event[0] == "vouch" and event[1] == agent)


def row(entry):
    return set(entry.tracks.tracks().tolist()), entry.writes, entry.written_bytes


def test_a_new_interval_holds_nothing_of_the_one_before():
    filled([("write", "x/any", 3, 1, 0, True), ("vouch", "x/a", (START, START + 5)), ("discard",)])
    fresh = closed(OpenInterval.empty(GEOMETRY))
    assert [row(entry) for entry in fresh.entries] == [(set(), 0, 0)] * 3
    assert fresh.written_bytes_by_slot == (0, 0, 0)
    assert (fresh.discards, fresh.late_writes, fresh.agent_spans) == (0, 0, ())


def test_every_volume_has_a_row_ordered_by_name_an_idle_one_too():
    entries = closed(filled([("write", "y/any", 3, 1, 0, False)])).entries
    assert [entry.volume for entry in entries] == ["x/any", "x/both", "y/any"]
    assert [entry.changed_tracks for entry in entries] == [0, 0, 1]
    assert [entry.volume_bytes for entry in entries] == [None, None, 1 << 40]


def test_a_closed_interval_names_its_place_and_the_definition_that_it_was_measured_by():
    interval = closed(OpenInterval.empty(GEOMETRY), revision=5, partial=True)
    assert (interval.group, interval.definition_version) == ("g", 4)
    assert (interval.start_us, interval.end_us) == WHOLE[0]
    assert (interval.rung_seconds, interval.slot_seconds) == (60, 20)
    assert (interval.revision, interval.partial) == (5, True)


def test_a_later_definition_leaves_what_was_closed_as_it_was():
    open_one = filled([("write", "x/any", 3, 1, 0, False)])
    before = closed(open_one)
    later = Version(5, INDEX + 1, 0, Definition("g", (*MEMBERS, Member("z", "new")), GEOMETRY))
    assert closed(open_one, version=later).definition_version == 5
    assert (before.definition_version, len(before.entries)) == (4, 3)


@given(events_with_folds)
def test_rows_and_slots_are_those_of_sets_and_sums(happened):
    interval = closed(filled(happened))
    assert {entry.volume: row(entry) for entry in interval.entries} == plain_rows(happened)
    assert interval.written_bytes_by_slot == plain_slots(happened)
    assert interval.discards == sum(event[0] == "discard" for event in happened)
    assert interval.late_writes == sum(event[0] == "write" and event[5] for event in happened)


@given(events)
def test_the_slots_add_up_to_the_written_bytes(happened):
    interval = closed(filled(happened))
    assert sum(interval.written_bytes_by_slot) == sum(entry.written_bytes for entry in interval.entries)


@given(events)
def test_a_volume_is_covered_by_any_agent_of_its_array_unless_agents_are_listed(happened):
    any_of_x, both, any_of_y = closed(filled(happened)).entries
    a, b, c, y = (vouched(happened, agent) for agent in AGENTS)
    assert covered_seconds(any_of_x) == a | b | c
    assert covered_seconds(both) == a & b
    assert covered_seconds(any_of_y) == y


@given(events, windows)
def test_nothing_is_covered_while_collection_is_off(happened, on):
    inside = [(start * US, end * US) for start, end in on]
    whole, part = closed(filled(happened)), closed(filled(happened), inside=inside)
    for all_day, while_on in zip(whole.entries, part.entries, strict=True):
        assert covered_seconds(while_on) == covered_seconds(all_day) & moments(on)


@given(events)
def test_each_agent_keeps_its_spans_sorted_and_apart(happened):
    kept = closed(filled(happened)).agent_spans
    assert [agent for agent, _ in kept] == sorted({e[1] for e in happened if e[0] == "vouch"})
    for agent, found in kept:
        assert moments((start // US, end // US) for start, end in found) == vouched(happened, agent)
        edges = [edge for span in found for edge in span]
        assert edges == sorted(set(edges))


@given(events_with_folds, events_with_folds, windows)
def test_late_content_merged_into_what_was_stored_equals_doing_it_at_once(first, late, on):
    inside = [(start * US, end * US) for start, end in on]
    revised = OpenInterval.reopened(stored(closed(filled(first), inside=inside)))
    revised.merge(filled(late))
    revision = closed(revised, inside=inside, revision=1)
    at_once = closed(filled(first + late), inside=inside, revision=1)
    assert revision == at_once
    wanted = [BitTable.of(tracks) for tracks, _, _ in plain_rows(first + late).values()]
    assert stored_bytes(revision) == stored_bytes(at_once) == [list(table.parts()) for table in wanted]


def test_a_revision_has_the_bytes_of_one_pass_where_a_run_is_as_long_as_an_array():
    """The tracks 0 to 3 were stored as a run; with track 10 a run and an array take ten bytes each."""
    revised = OpenInterval.reopened(stored(closed(filled([("write", "x/any", 0, 4, 0, False)]))))
    revised.merge(filled([("write", "x/any", 10, 1, 0, False)]))
    in_one_pass = BitTable.of([0, 1, 2, 3, 10])
    assert stored_bytes(closed(revised))[0] == list(in_one_pass.parts())


@given(events_with_folds, events_with_folds)
def test_reopening_leaves_the_closed_interval_as_it_is(first, late):
    before, same = closed(filled(first)), closed(filled(first))
    filled(late, OpenInterval.reopened(before))
    assert before == same


@given(events_with_folds, events_with_folds, events_with_folds)
def test_merging_leaves_the_late_content_as_it_is(first, late, more):
    other = filled(late)
    merged = filled(first)
    merged.merge(other)
    filled(more, merged)
    assert closed(other) == closed(filled(late))


@pytest.mark.parametrize("counts", [(None, 5), (5, None), (None, None)])
def test_unknown_plus_anything_is_unknown(counts):
    table = VolumeTable()
    table.count(1, 1)
    table.count(*counts)
    table.count(2, 2)
    assert table.writes == (None if counts[0] is None else 8)
    assert table.written_bytes == (None if counts[1] is None else 8)


@given(st.lists(st.integers(START * US, (START + LENGTH_SECONDS) * US - 1)), st.sampled_from([1, 5, 20]))
def test_a_time_lies_in_the_slot_counted_from_the_start_of_the_interval(times, slot_seconds):
    found = slot_of(np.array(times, np.int64), START * US, slot_seconds).tolist()
    for time, slot in zip(times, found, strict=True):
        assert START * US + slot * slot_seconds * US <= time < START * US + (slot + 1) * slot_seconds * US


def test_a_sparse_group_on_a_huge_volume_stays_small_whatever_came():
    """R30: one cylinder of 64 TiB, in 8,000 messages of one write."""
    geometry = Geometry(track_bytes=56_664)
    tracks = (64 << 40) // 56_664 - 15 + np.arange(8_000) % 15
    tracemalloc.start()
    interval = OpenInterval.empty(geometry)
    number = np.array([interval.volumes.number("a/x")], np.uint64)
    for track in tracks.astype(np.uint64):
        interval.volumes.mark(number, track[np.newaxis], track[np.newaxis])
        interval.slots.add(0, 4096)
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert interval.volumes.table("a/x").tracks.tracks().tolist() == np.unique(tracks).tolist()
    assert held_bytes < 32 * 1024


def test_an_interval_without_writes_holds_no_slots():
    tracemalloc.start()
    kept = [OpenInterval.empty(Geometry(interval_seconds=86_400, rungs_seconds=())) for _ in range(100)]
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held_bytes < 2_000 * len(kept)
