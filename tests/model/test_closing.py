"""When intervals close, as a story: agents and silence, revisions, rungs, gaps.

A group `g` of volume `a/x`, tracks of 1 KiB, intervals of 10 s, rungs of 30 s, a late window of 30 s, a tick
of 5 s, silence after three ticks. Times are seconds.
"""

from __future__ import annotations

import pytest

from tests.model.story import Story, definition

pytestmark = pytest.mark.usefixtures("each_kernel")

# Event time: agents, watermarks, silence.


def test_an_interval_closes_when_the_watermark_passes_its_end():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=109.999999)
    assert story.rows == {}
    story.say(to=110)
    assert sorted(story.rows) == [100]
    assert story.summaries[-1].watermark_us == 110_000_000


def test_the_slowest_of_the_agents_decides():
    story = Story(definition("a/x", "b/x", agents=2))
    story.say((101, "x", 1), since=100, to=130)
    assert story.rows == {}
    story.say((102, "x", 5), who="b/p", since=100, to=114, at=131)
    assert sorted(story.rows) == [100]
    assert story.tracks(100, "b/x") == [5]
    story.say(who="b/p", to=121, at=132)
    assert sorted(story.rows) == [100, 110]


def test_nothing_closes_until_all_expected_agents_were_heard():
    story = Story(definition(agents=2))
    story.say((101, "x", 1), since=100, to=150)
    assert story.rows == {}
    story.say(who="a/q", since=140, to=150)
    assert sorted(story.rows) == [100, 110, 120, 130, 140]


def test_agents_may_be_expected_by_name():
    story = Story(definition(named=["a/q"]))
    story.say((101, "x", 1), since=100, to=150)
    assert story.rows == {}
    story.say(who="a/q", since=150, to=150)
    assert sorted(story.rows) == [100, 110, 120, 130, 140]


def test_an_agent_that_never_comes_counts_as_silent_from_the_definition_on():
    story = Story(definition("a/x", "b/x", agents=2))
    story.say((101, "x", 1), since=100, to=120)
    story.ticks(121, 126)
    assert story.rows == {}
    story.say(to=125, at=127)
    story.tick(131)
    assert sorted(story.rows) == [100, 110]
    assert story.covered(100, "b/x") == []
    assert story.coverage(100) == 0.5


def test_silence_of_an_agent_is_counted_in_ticks_since_its_last_accepted_message():
    story = Story(definition("a/x", "b/x", agents=2))
    story.say(since=100, to=111)
    story.say(who="b/p", since=100, to=105)
    for at in (121, 126, 131):
        assert story.rows == {}
        story.say(to=at - 0.5, at=at)
        story.tick(at)
    assert sorted(story.rows) == [100, 110, 120]
    assert story.covered(100, "b/x") == [(100, 105)]


def test_a_tick_counts_only_when_enough_append_time_has_passed():
    story = Story(definition())
    story.ticks(101, 102, 105.999999)
    assert story.state.ticks == 1
    story.ticks(106, 106)
    assert story.state.ticks == 2


def test_a_refused_message_is_not_heard():
    story = Story(definition("a/x", "b/x", agents=2))
    story.say((101, "x", 1), since=100, to=120)
    story.say(who="b/p", since=100, to=200, at=121)
    assert story.letters == [(2, "watermark-ahead")]
    story.ticks(121, 126)
    story.say(to=130)
    assert story.rows == {}
    story.tick(131)
    assert sorted(story.rows) == [100, 110, 120]


def test_when_all_are_silent_a_counted_tick_goes_on_by_append_time():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105, at=107)
    story.ticks(110, 115)
    assert story.rows == {}
    story.tick(120)  # 105 + (120 - 107) = 118
    assert sorted(story.rows) == [100]
    assert story.covered(100) == [(100, 105)]
    story.tick(121)  # too soon to count: 119 would not close anything, nor may it
    story.tick(127)  # 105 + 20 = 125
    assert sorted(story.rows) == [100, 110]
    assert story.coverage(110) == 0.0


def test_an_uncounted_tick_closes_nothing():
    story = Story(definition())
    story.say(since=100, to=105, at=107)
    story.ticks(110, 115, 120)
    assert sorted(story.rows) == [100]
    story.tick(124.5)  # 122.5 would close the next one
    assert sorted(story.rows) == [100]


def test_an_outage_of_the_broker_makes_nobody_silent():
    """Nothing is appended for a while; then the agents come back before three ticks have passed."""
    story = Story(definition(agents=2))
    story.say(since=100, to=105)
    story.say(who="a/q", since=100, to=105)
    story.ticks(190, 195)
    story.say((191, "x", 1), to=194, at=196)
    story.say(who="a/q", to=194, at=196)
    assert [story.coverage(start) for start in range(100, 190, 10)] == [1.0] * 9


def test_when_all_have_said_bye_the_group_closes_through_its_highest_open_interval():
    story = Story(definition(agents=2))
    story.say((123, "x", 1), since=100, to=110)
    story.bye(who="a/q", since=100, to=112)
    assert sorted(story.rows) == [100]
    story.bye(to=124)
    assert sorted(story.rows) == [100, 110, 120]
    assert [story.rows[start].partial for start in (100, 110, 120)] == [False, False, True]
    assert story.covered(120) == [(120, 124)]


def test_a_bye_vouches_up_to_its_watermark_and_holds_nobody_back():
    story = Story(definition(agents=2))
    story.say(since=100, to=125)
    story.bye(who="a/q", since=100, to=103)
    assert sorted(story.rows) == [100, 110]
    story.say(to=141)
    assert sorted(story.rows) == [100, 110, 120, 130]


def test_only_a_new_epoch_brings_an_agent_back():
    story = Story(definition())
    story.bye(since=100, to=115)
    story.say((116, "x", 1), to=125)
    assert sorted(story.rows) == [100, 110, 120]  # it has left: its interval closes at once
    story.say((131, "x", 2), epoch=1, since=125, to=132)
    assert sorted(story.rows) == [100, 110, 120]  # it is back: the next one stays open
    story.say(epoch=1, to=140)
    assert story.tracks(130) == [2]


def test_an_agent_that_restarts_leaves_exactly_the_hole_that_it_did_not_see():
    story = Story(definition())
    story.say(since=100, to=103)
    story.say(epoch=1, since=107, to=112)
    assert story.covered(100) == [(100, 103), (107, 110)]
    assert story.coverage(100) == pytest.approx(0.6)


def test_an_agent_that_starts_late_shows_as_missing_coverage():
    story = Story(definition("a/x", "b/x", agents=2))
    story.say(since=100, to=115)
    story.say(who="b/p", since=106, to=115)
    assert story.covered(100, "b/x") == [(106, 110)]
    assert story.coverage(100) == pytest.approx((10 + 4) / 20)


# Late parts.


def test_late_parts_wait_for_the_next_mark_and_make_the_next_revision():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=125)
    story.say((102, "x", 2), (126, "x", 7), to=127)
    assert story.revisions(100) == [0]
    story.say(to=130)
    assert story.revisions(100) == [0, 1]
    assert story.tracks(100) == [1, 2]
    assert story.counts(100) == (2, 2)
    assert story.rows[100].late_writes == story.totals.late_writes == 1
    assert story.totals.intervals_closed == 3


def test_late_spans_make_revisions_too():
    story = Story(definition(agents=2))
    story.say(since=100, to=120)
    story.bye(who="a/q", since=120, to=120)
    assert story.covered(100) == [(100, 110)]
    story = Story(definition("a/x", "b/x", agents=1))
    story.say(since=100, to=121)
    story.say(who="b/p", since=100, to=112)
    story.tick(130)
    assert story.covered(100, "b/x") == [(100, 110)]
    assert story.rows[100].late_writes == 0


def test_writes_older_than_the_late_window_are_dead_letters_and_spans_are_ignored():
    story = Story(definition())
    story.say(since=100, to=140)  # closed through 130, so 110 to 130 may be revised
    story.say((109.9, "x", 1), (110, "x", 2), since=90, to=141)
    story.tick(150)
    assert story.letters == [(2, "too-late")]
    ((letter,),) = [story.log[2:3]]
    assert letter[1].offset == 2
    assert story.revisions(100) == [0]
    assert story.tracks(110) == [2]
    assert (story.totals.dead_letters, story.totals.refused_writes) == (1, 1)


def test_a_late_write_into_a_gap_makes_revision_zero():
    story = Story(definition())
    story.say(since=100, to=111)
    story.say((295, "x", 1), since=300, to=311)
    assert story.gaps == [(120.0, 290.0)]
    story.say((285, "x", 9), to=312)
    story.tick(320)
    assert story.revisions(280) == [0]
    assert story.tracks(280) == [9]
    assert story.covered(280) == []


# Rungs.


def test_a_rung_is_the_or_of_its_base_intervals_and_shows_or_and_sum():
    story = Story(definition())
    story.say((91, "x", 1), (101, "x", 1), (102, "x", 2), (111, "x", 3), since=90, to=120)
    assert story.rungs[90].entries[0].tracks.tracks().tolist() == [1, 2, 3]
    summary = story.summaries[-1]
    assert (summary.rung_seconds, summary.changed_tracks_or, summary.changed_tracks_sum) == (30, 3, 4)
    assert (summary.changed_bytes_or, summary.changed_bytes_sum) == (3 * 1024, 4 * 1024)
    assert (summary.writes, summary.written_bytes, summary.revision) == (4, 4, 3)
    assert summary.written_bytes_by_slot == (1, 0, 2, 0, 1, 0)
    assert story.rungs[90].partial is False


def test_a_rung_is_published_when_closed_passes_its_end_and_again_when_revised():
    story = Story(definition())
    story.say((95, "x", 1), since=90, to=119)
    assert story.rungs == {}
    story.say(to=120)
    assert story.rungs[90].revision == 3
    story.say((96, "x", 5), to=125)
    story.tick(126)
    assert story.rungs[90].revision == 4
    assert story.rungs[90].entries[0].tracks.tracks().tolist() == [1, 5]


def test_a_rung_that_began_before_the_group_is_partial():
    story = Story(definition())
    story.say(since=100, to=120)
    assert story.rungs[90].partial is True
    assert story.rungs[90].written_bytes_by_slot == (None, None, 0, 0, 0, 0)


def test_several_rung_lengths_at_once():
    story = Story(definition(rungs_seconds=(20, 30, 60)))
    story.say(*((120 + 10 * n, "x", n) for n in range(6)), since=120, to=180)
    found = [
        (s.rung_seconds, s.start_us // 10**6, s.changed_tracks_or)
        for s in story.summaries
        if s.rung_seconds > 10
    ]
    assert found == [(20, 120, 2), (20, 140, 2), (20, 160, 2), (30, 120, 3), (30, 150, 3), (60, 120, 6)]


# Gaps.


def test_a_long_run_without_data_gets_one_gap_row():
    story = Story(definition())
    story.say(since=100, to=111)
    story.say((401, "x", 1), since=400, to=411)
    assert story.gaps == [(120.0, 400.0)]
    assert sorted(story.rows) == [100, 110, 400]


def test_a_short_run_without_data_is_shown_interval_by_interval():
    story = Story(definition())
    story.say(since=100, to=110)
    story.say((211, "x", 1), since=215, to=220)
    assert story.gaps == []
    assert sorted(story.rows) == list(range(100, 220, 10))
    assert story.coverage(150) == 0.0
