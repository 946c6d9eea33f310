"""Collection starts, stops, is deleted and begins anew, as a story in seconds."""

from __future__ import annotations

import pytest

from streams.model import collector
from tests.model.story import Story, definition, fold


def off(first=None):
    """A group that does not collect yet."""
    story = Story(first or definition())
    story.command("stop")
    return story


def test_a_group_collects_from_its_definition_on():
    story = Story(definition())
    story.say((91, "x", 1), since=90, to=100)
    assert story.tracks(90) == [1]


def test_a_start_in_the_midst_of_an_interval_makes_it_partial():
    story = off()
    story.command("start", 104)
    story.say((103.9, "x", 1), (104, "x", 2), since=100, to=110)
    story.say((115, "x", 3), to=120)
    assert story.tracks(100) == [2]
    assert story.rows[100].partial is True
    assert story.covered(100) == [(104, 110)]
    assert story.coverage(100) == pytest.approx(0.6)
    assert story.totals.uncollected_writes == 1
    assert story.rows[110].partial is False


def test_nothing_is_published_before_the_start():
    story = off()
    story.command("start", 130)
    story.say((105, "x", 1), (131, "x", 2), since=100, to=145, at=145)
    assert sorted(story.rows) == [130]
    assert story.rungs == {}
    assert story.gaps == []
    assert story.totals.uncollected_writes == 1


def test_a_run_of_n_intervals_ends_by_itself():
    story = off()
    story.command("start", 100, intervals=3)
    story.say(*((100 + 10 * n, "x", n) for n in range(6)), since=100, to=160)
    assert sorted(story.rows) == [100, 110, 120]
    assert [story.rows[start].partial for start in (100, 110, 120)] == [False] * 3
    assert story.totals.uncollected_writes == 3


def test_a_run_that_starts_in_the_midst_of_an_interval_counts_that_one():
    story = off()
    story.command("start", 105, intervals=2)
    story.say(since=100, to=140)
    assert sorted(story.rows) == [100, 110]
    assert [story.rows[start].partial for start in (100, 110)] == [True, False]


def test_a_run_without_a_time_counts_from_the_append_time_of_its_command():
    story = off()
    story.command("start", intervals=2, at=107.5)
    story.say((106.9, "x", 1), (107, "x", 2), since=100, to=140)
    assert sorted(story.rows) == [100, 110]
    assert story.tracks(100) == [2]
    assert story.state.windows == [(107_000_000, 120_000_000)]


def test_stop_now_leaves_the_open_interval_whole_and_ends_behind_it():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105)
    story.command("stop")
    story.say((106, "x", 2), (112, "x", 3), to=130)
    assert sorted(story.rows) == [100]
    assert story.tracks(100) == [1, 2]
    assert story.rows[100].partial is False


def test_a_stop_in_the_midst_of_an_interval_to_come_makes_it_partial():
    story = Story(definition())
    story.say(since=100, to=105)
    story.command("stop", 114)
    story.say((113, "x", 3), (114, "x", 4), to=140)
    assert sorted(story.rows) == [100, 110]
    assert story.tracks(110) == [3]
    assert story.rows[110].partial is True
    assert story.covered(110) == [(110, 114)]


def test_a_stop_that_comes_too_late_for_its_time_takes_effect_at_the_next_free_interval():
    story = Story(definition())
    story.say(since=100, to=125)
    story.command("stop", 103)
    story.say(to=140)
    assert sorted(story.rows) == [100, 110, 120]


def test_collection_may_start_again_behind_a_stop():
    story = Story(definition())
    story.say(since=100, to=105)
    story.command("stop", 110)
    story.command("start", 130)
    story.say(to=145)
    assert sorted(story.rows) == [100, 130]
    assert story.state.windows == [(None, 110_000_000), (130_000_000, None)]


def test_a_start_at_the_moment_of_the_stop_leaves_no_seam():
    story = Story(definition())
    story.say(since=100, to=105)
    story.command("stop")
    story.command("start")
    story.say(to=130)
    assert sorted(story.rows) == [100, 110, 120]
    assert story.state.windows == [(None, None)]


def test_times_of_commands_are_cut_to_whole_seconds():
    story = off()
    story.command("start", 104.7)
    story.say((104.2, "x", 1), since=100, to=110)
    assert story.covered(100) == [(104, 110)]
    assert story.tracks(100) == [1]


def test_a_fold_that_reaches_out_of_the_window_is_not_collected():
    story = off()
    story.command("start", 104)
    story.say(folds=[fold("x", 103, 105, [1], writes=4), fold("x", 104, 105, [2])], since=100, to=110)
    assert story.tracks(100) == [2]
    assert story.totals.uncollected_writes == 4


def test_late_writes_into_what_was_not_collected_stay_out():
    story = off()
    story.command("start", 120)
    story.say(since=100, to=135)
    story.say((105, "x", 1), (115, "x", 1), (121, "x", 7), to=136)
    story.tick(140)
    assert sorted(story.rows) == [120]
    assert story.tracks(120) == [7]
    assert story.totals.uncollected_writes == 2


def test_a_gap_is_shown_only_where_collection_is_on():
    story = Story(definition())
    story.say(since=100, to=111)
    story.command("stop", 205)
    story.command("start", 333)
    story.say((601, "x", 1), since=600, to=611)
    assert story.gaps == [(120.0, 205.0), (333.0, 600.0)]


def test_a_rung_without_a_row_is_not_published():
    story = Story(definition())
    story.say(since=90, to=91)
    story.command("stop")
    story.say(to=180)
    assert sorted(story.rows) == [90]
    assert sorted(story.rungs) == [90]
    assert story.rungs[90].partial is True


def test_delete_closes_what_is_open_and_refuses_what_comes():
    story = Story(definition())
    story.say((101, "x", 1), (111, "x", 2), since=100, to=106, at=112)
    story.command("delete")
    assert sorted(story.rows) == [100, 110]
    assert [story.rows[start].partial for start in (100, 110)] == [True, True]
    story.say((112, "x", 3), to=114)
    story.command("start")
    story.garbage()
    assert story.letters == [(3, "group-deleted"), (4, "group-deleted"), (5, "bad-arrow")]
    assert story.partition.commit_offset() == 6


@pytest.mark.parametrize(
    ("interval", "first"),
    [(10, 120), (20, 120), (7, 126), (50, 150)],
)
def test_a_deleted_group_begins_anew_behind_its_earlier_life_with_any_geometry(interval, first):
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=115)
    story.command("delete")  # closed through 110
    again = definition(
        "a/y", interval_seconds=interval, slot_seconds=interval, rungs_seconds=(), track_bytes=2048
    )
    story.define(again)
    assert story.versions == [(1, None), (2, None)]
    end = first + interval
    story.say((119, "y", 0), (first - 1, "y", 0), (first, "y", 2), epoch=1, since=100, to=end)
    assert story.letters == [(4, "too-late")]
    (row,) = [row for row in story.rows.values() if row.definition_version == 2]
    assert (row.start_us, row.rung_seconds, row.revision) == (first * 10**6, interval, 0)
    assert story.tracks(first, "a/y") == [1]
    assert story.covered(first, "a/y") == [(first, end)]
    assert story.totals.writes == 2


def test_a_new_life_knows_no_agent_of_the_earlier_one():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105, sequence=7, epoch=3)
    story.command("delete")
    story.define(definition())
    assert story.state.agents == {}
    story.say((115, "x", 2), since=110, to=121, sequence=0, epoch=0)
    assert story.tracks(110) == [2]
    assert story.letters == []


def test_marks_under_way_do_not_carry_an_earlier_life_into_the_new_one():
    """The delete's mark is still under way when the group begins anew with longer intervals."""
    story = Story(definition(), slow=True)
    story.say((101, "x", 1), since=100, to=105)
    story.command("delete")
    story.define(definition(interval_seconds=60, slot_seconds=10, rungs_seconds=()))
    assert story.marks[-1].state.closed == 1
    assert story.marks[-1].state.redo == ()
    story.partition.acknowledged("g", story.marks[0])
    assert story.partition.commit_offset() == 1
    for mark in story.marks[1:]:
        story.partition.acknowledged("g", mark)
    assert story.partition.commit_offset() == 4


def test_a_tick_too_soon_to_count_does_not_hold_a_deleted_group_for_ever():
    story = Story(definition())
    story.tick(100)
    story.command("delete", at=101)
    story.tick(102)
    assert story.partition.commit_offset() == 3
    assert "g" in ticking(story)
    story.tick(106)
    assert story.partition.commit_offset() == 5
    assert "g" not in ticking(story)


def ticking(story):
    return [name for name, group in story.partition.groups.items() if collector.needs_ticks(group, set())]


def test_redriven_letters_of_a_group_whose_agents_never_came_do_not_hold_it_for_ever():
    story = Story(definition())
    story.say((101, "x", 1), who="a/redrive", kind="redrive", since=0, to=0, at=102)
    assert story.partition.commit_offset() == 1
    story.ticks(105, 110, 115)
    assert story.tracks(100) == [1]
    assert story.coverage(100) == 0.0
    assert story.rows[100].partial is True
    assert story.partition.commit_offset() == 5
