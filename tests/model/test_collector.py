"""The collector as a story: what rows hold, what is marked, held and taken again.

A group `g` of volume `a/x`, tracks of 1 KiB, intervals of 10 s, rungs of 30 s, a late window of 30 s, a tick
of 5 s, silence after three ticks. Times are seconds.
"""

from __future__ import annotations

import pytest

from streams.model import collector
from tests.model.story import Story, definition, fold, member

pytestmark = pytest.mark.usefixtures("each_kernel", "each_wire")

# Tables and counters.


def test_an_interval_holds_exactly_the_tracks_written_in_it():
    story = Story(definition())
    story.say((100, "x", 1), (109.999999, "x", 2), (110, "x", 3), (105, "x", 2), since=100, to=112)
    assert story.tracks(100) == [1, 2]
    assert story.counts(100) == (3, 3)
    story.say(to=120)
    assert story.tracks(110) == [3]


def test_writes_that_span_tracks_end_on_a_boundary_or_have_no_length():
    story = Story(definition(member("a/x", 4096 - 100)))
    story.say((100, "x", 1000, 1100), (101, "x", 0, 1024), (102, "x", 3000, 0), (103, "x", 3990, 6), to=110)
    assert story.tracks(100) == [0, 1, 2, 3]
    assert story.counts(100) == (4, 1100 + 1024 + 0 + 6)
    assert story.summaries[-1].changed_bytes_or == 3 * 1024 + 924


def test_idle_volumes_and_idle_intervals_have_explicit_zeros():
    story = Story(definition("a/x", "a/y"))
    story.say((101, "x", 1), since=100, to=140)
    assert sorted(story.rows) == [100, 110, 120, 130]
    assert story.tracks(100, "a/y") == []
    assert story.counts(100, "a/y") == (0, 0)
    assert story.tracks(120) == []
    assert story.coverage(120) == 1.0
    assert story.rows[120].written_bytes_by_slot == (0, 0)


def test_counters_count_every_accepted_write_once():
    story = Story(definition())
    story.say((101, "x", 1), (102, "x", 1), to=111)
    assert story.counts(100) == (2, 2)
    assert (story.totals.writes, story.totals.written_bytes, story.totals.changed_tracks) == (2, 2, 1)


def test_slots_sum_the_bytes_written_in_them():
    story = Story(definition())
    story.say((100, "x", 0, 700), (104.9, "x", 0, 300), (105, "x", 5, 2), to=110)
    assert story.rows[100].written_bytes_by_slot == (1000, 2)


def test_discards_are_counted_apart_and_mark_only_where_the_group_says_so():
    for marks in (False, True):
        story = Story(definition(discards_mark=marks))
        story.say((101, "x", 1024, 2048, True), (102, "x", 0, 1), to=110)
        assert story.rows[100].discards == story.totals.discards == 1
        assert story.counts(100) == (1, 1)
        assert story.tracks(100) == ([0, 1, 2] if marks else [0])


def test_only_the_extents_of_a_group_are_taken():
    story = Story(definition(member("a/x", extents=((1024, 1024),))))
    story.say((101, "x", 1000, 2000), (102, "x", 0, 1024), (103, "x", 4096, 8, True), to=110)
    assert story.tracks(100) == [1]
    assert story.counts(100) == (1, 1024)
    assert story.totals.uncollected_writes == 2
    assert story.totals.discards == 0


def test_folds_count_like_writes_and_what_they_do_not_know_is_null():
    story = Story(definition("a/x", "a/y"))
    story.say(folds=[fold("x", 100, 105, [1, 2], writes=7, written_bytes=900)], to=105)
    story.say(folds=[fold("y", 105, 110, [3], writes=None, written_bytes=None)], to=110)
    assert story.tracks(100) == [1, 2]
    assert story.counts(100) == (7, 900)
    assert story.tracks(100, "a/y") == [3]
    assert story.counts(100, "a/y") == (None, None)
    assert story.summaries[-1].writes is None
    assert story.rows[100].written_bytes_by_slot is None
    assert story.totals.writes == 7


def test_every_row_names_the_definition_that_it_was_measured_by():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=111)
    assert (story.rows[100].group, story.rows[100].definition_version) == ("g", 1)
    assert story.versions == [(1, None)]


# What is held, marked and taken again.


def test_every_message_waits_for_a_mark_at_or_behind_it():
    story = Story(definition(), slow=True)
    partition = story.partition
    assert partition.commit_offset() == 0
    partition.acknowledged("g", story.marks[0])
    assert partition.commit_offset() == 1
    story.say((101, "x", 1), since=100, to=105)
    story.again()
    story.garbage()
    story.tick(101)
    assert partition.commit_offset() == 1
    partition.acknowledged("g", story.marks[-1])  # the tick's: but 100 is still open
    assert partition.commit_offset() == 1
    story.say(to=110, at=111)
    partition.acknowledged("g", story.marks[-1])
    assert partition.commit_offset() == 6


def test_a_message_waits_for_the_closing_of_every_interval_that_it_feeds():
    story = Story(definition())
    story.say((101, "x", 1), (104, "x", 1), since=100, to=104)
    story.say((108, "x", 1), (112, "x", 1), to=111, at=112)
    assert story.marks[-1].state.closed == 10
    assert story.marks[-1].state.redo == (2,)
    assert story.partition.commit_offset() == 2
    story.say(to=120)
    assert story.marks[-1].state.redo == ()
    assert story.partition.commit_offset() == 4


def test_a_counted_tick_writes_a_mark_even_if_it_closes_nothing():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=115)
    story.say((102, "x", 2), to=116)
    story.tick(117)
    assert story.marks[-1].state.offset == 3
    assert [row.revision for row in story.marks[-1].intervals] == [1]
    story.tick(118)
    assert story.last.mark is None


def test_all_intervals_that_one_message_closes_are_one_mark():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=145)
    mark = story.last.mark
    assert [row.start_us // 10**6 for row in mark.intervals] == [100, 110, 120, 130]
    assert [row.start_us // 10**6 for row in mark.rungs] == [90]
    assert mark.state.closed == 13


def test_a_mark_does_not_change_behind_its_message():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=111)
    before = story.marks[-1].state.copy()
    story.say((112, "x", 1), to=150)
    story.define(definition("a/x", "a/y"))
    assert story.marks[1].state == before


def resumed(story):
    """The group as a new owner would load it from its newest mark."""
    state = story.marks[-1].state
    rows = {row.start_us // 10_000_000: row for mark in story.marks for row in mark.intervals}
    return collector.resume(state, {k: rows[k] for k in state.revisions})


def test_after_a_crash_only_what_fed_open_intervals_is_applied_again():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105)
    story.say((106, "x", 2), (111, "x", 3), (119, "q", 1), (150, "x", 1), to=112, at=112)
    story.garbage()
    story.tick(113)
    group = resumed(story)
    assert group.redo == {2}
    for _, message in story.log:
        outcome = collector.take(group, message)
        assert (outcome.mark, outcome.dead_letters, outcome.versions) == (None, (), ())
    assert group.state == story.state
    assert list(group.open) == [11]
    assert group.open[11].volumes.table("a/x").tracks.tracks().tolist() == [3]
    assert group.open[11].spans == {"a/p": [(110_000_000, 112_000_000)]}
    assert group.holds == {2: 120_000_000}


def test_a_new_owner_revises_from_exactly_the_revision_that_the_state_names():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=112)
    group = resumed(story)
    story.say((102, "x", 2), to=113)
    story.tick(120)
    *_, outcome = [collector.take(group, message) for _, message in story.log]
    assert outcome.mark == story.last.mark
    assert [row.revision for row in story.last.mark.intervals] == [1]


def test_who_needs_ticks():
    story = Story(definition(agents=2))
    recent = {"a/p"}
    assert collector.needs_ticks(story.group, recent)  # expected agents that were never heard
    story.say(since=100, to=101)
    story.say(who="a/q", since=100, to=101)
    assert collector.needs_ticks(story.group, recent)  # a/q does not speak
    assert not collector.needs_ticks(story.group, {"a/p", "a/q"})
    story.bye(to=102)
    story.bye(who="a/q", to=102)
    assert story.group.holds == {}
    assert not collector.needs_ticks(story.group, set())  # all left, nothing is held
    story.again()
    assert collector.needs_ticks(story.group, set())  # a duplicate holds the commit position
    story.tick(200)
    assert not collector.needs_ticks(story.group, set())
