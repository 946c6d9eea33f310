"""What becomes of a message, as a story: coverage, duplicates, refusals, definitions.

A group `g` of volume `a/x`, tracks of 1 KiB, intervals of 10 s, rungs of 30 s, a late window of 30 s, a tick
of 5 s, silence after three ticks. Times are seconds.
"""

from __future__ import annotations

import pytest

from tests.model.story import Story, definition, fold, member

pytestmark = pytest.mark.usefixtures("each_kernel", "each_wire")

# Coverage.


def test_a_volume_is_covered_where_any_agent_of_its_array_vouches():
    story = Story(definition(agents=2))
    story.say(since=100, to=104)
    story.say(who="a/q", since=103, to=108)
    story.say(who="b/p", since=100, to=112)  # of another array
    story.say(since=109, to=112, at=113)
    story.say(who="a/q", since=112, to=112)
    assert story.covered(100) == [(100, 108), (109, 110)]


def test_two_agents_needed_for_a_volume_must_both_vouch():
    story = Story(definition(member("a/x", agents=("p", "q")), "a/y", agents=2))
    story.say(since=100, to=107)
    story.say(who="a/q", since=104, to=112)
    story.say(since=107, to=112)
    assert story.covered(100, "a/x") == [(104, 110)]
    assert story.covered(100, "a/y") == [(100, 110)]


def test_a_lost_message_shows_as_missing_coverage_until_it_comes():
    story = Story(definition())
    story.say(since=100, to=103)
    story.say(since=106, to=112, sequence=2)
    assert story.covered(100) == [(100, 103), (106, 110)]
    story.say(since=103, to=106, sequence=1)
    story.tick(120)
    assert story.covered(100) == [(100, 110)]
    assert story.revisions(100) == [0, 1]


def test_a_span_with_lost_writes_feeds_nothing():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105, lost=3)
    story.say(since=105, to=110)
    assert story.covered(100) == [(105, 110)]
    assert story.tracks(100) == [1]
    assert story.totals.lost_writes == 3


def test_a_vouched_span_is_clipped_to_the_longest_run_that_is_shown():
    story = Story(definition())
    story.say(since=100, to=1000)
    assert min(story.rows) == 900
    assert max(story.rows) == 990
    assert story.gaps == []


# Identity: duplicates, holes, epochs, and what is refused.


def test_a_duplicate_changes_nothing_and_is_counted():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=105)
    story.again()
    story.say(to=110)
    story.again(1)
    story.tick(120)
    assert story.counts(100) == (1, 1)
    assert story.revisions(100) == [0]
    assert story.totals.duplicate_messages == 2
    assert story.letters == []


def test_a_hole_may_be_filled_later_in_any_order():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=101, sequence=0)
    story.say((103, "x", 3), since=103, to=104, sequence=3)
    story.say((102, "x", 2), since=102, to=103, sequence=2)
    story.say((101.5, "x", 9), since=101, to=102, sequence=1)
    story.say((104, "x", 4), since=104, to=110, sequence=4)
    assert story.tracks(100) == [1, 2, 3, 4, 9]
    assert story.covered(100) == [(100, 110)]
    assert story.totals.duplicate_messages == 0


def test_a_forgotten_number_is_a_dead_letter_never_a_duplicate():
    story = Story(definition())
    story.say(since=100, to=101, sequence=100)
    story.say((101, "x", 1), since=100, to=102, sequence=5)
    assert story.letters == [(2, "forgotten-sequence")]
    assert story.totals.duplicate_messages == 0


def test_an_older_epoch_is_a_dead_letter():
    story = Story(definition())
    story.say(epoch=2, since=100, to=101)
    story.say((100, "x", 1), epoch=1, since=100, to=102)
    assert story.letters == [(2, "stale-epoch")]
    assert story.totals.refused_writes == 1


def test_a_write_too_far_ahead_of_the_append_time_is_a_dead_letter_alone():
    story = Story(definition())
    story.say((101, "x", 1), (106.000001, "x", 2), (106, "x", 3), since=100, to=101, at=101)
    assert story.letters == [(1, "ahead-of-clock")]
    story.say(to=110)
    assert story.tracks(100) == [1, 3]


def test_a_watermark_too_far_ahead_refuses_the_message_and_takes_its_number():
    story = Story(definition())
    story.say((101, "x", 1), since=100, to=106.000001, at=101)
    assert story.letters == [(1, "watermark-ahead")]
    assert story.rows == {}
    story.again(at=103)
    assert story.totals.duplicate_messages == 1


def test_a_span_that_ends_before_it_begins_refuses_the_message():
    story = Story(definition())
    story.say((101, "x", 1), since=106, to=105)
    assert story.letters == [(1, "span")]
    assert story.state.agents == {}


def test_a_dead_letter_holds_only_what_was_refused_once_for_each_reason():
    story = Story(definition(member("a/x", 2048)))
    story.say((101, "x", 1), (102, "q", 1), (103, "x", 2), (104, "q", 2), since=100, to=105)
    beyond, unknown = sorted(story.last.dead_letters, key=lambda letter: letter.reason)
    assert (beyond.reason, beyond.writes.offset_bytes.tolist()) == ("beyond-volume", [2048])
    assert (unknown.reason, unknown.writes.offset_bytes.tolist()) == ("unknown-volume", [1024, 2048])
    assert beyond.detail == "1 writes: the extent ends beyond the volume's declared size"
    assert (story.totals.dead_letters, story.totals.refused_writes) == (2, 3)


def test_a_refused_fold_is_a_dead_letter_with_the_fold():
    story = Story(definition())
    crossing, fine = fold("x", 105, 111, [1], writes=4), fold("x", 100, 105, [2])
    story.say(folds=[crossing, fine], since=100, to=106)
    ((letter),) = story.last.dead_letters
    assert (letter.reason, letter.folds, letter.writes) == ("fold-span", (crossing,), None)
    story.say(to=110)
    assert story.tracks(100) == [2]


def test_what_could_not_be_decoded_goes_to_the_dead_letters_whole():
    story = Story(definition())
    story.garbage()
    (letter,) = story.last.dead_letters
    assert (letter.reason, letter.detail, letter.writes, letter.folds) == ("bad-arrow", "no stream", None, ())
    assert story.totals.dead_letters == 1


def test_a_redriven_letter_counts_but_vouches_for_nothing_and_holds_nothing_open():
    story = Story(definition())
    story.say(since=100, to=105)
    story.say((102, "x", 7), who="a/redrive too-late", kind="redrive", since=0, to=0)
    story.say(to=112)
    assert story.tracks(100) == [7]
    assert story.covered(100) == [(100, 110)]
    story.say((111, "x", 8), who="a/redrive too-late", kind="redrive", since=100, to=112)
    story.say(to=120)
    assert story.tracks(110) == [8]
    assert story.totals.duplicate_messages == 0


def test_two_hundred_letters_redriven_twice_count_once():
    story = Story(definition())
    story.say(since=100, to=105)
    for _ in range(2):
        for letter in range(200):
            reason = "too-late" if letter % 2 else "unknown-volume"
            story.say(
                (102, "x", letter), who=f"a/redrive {reason}", kind="redrive", since=0, to=0, sequence=letter
            )
    story.say(to=112)
    assert story.counts(100) == (200, 200)
    assert story.totals.duplicate_messages == 200
    assert {name: len(taken) for name, taken in story.state.redriven.items()} == {
        "a/redrive too-late": 100,
        "a/redrive unknown-volume": 100,
    }


def test_a_redriven_letter_makes_no_agent_and_a_refused_one_may_come_again():
    story = Story(definition())
    story.say(since=100, to=105)
    story.say((102, "x", 1), who="a/redrive too-late", kind="redrive", since=9, to=0, sequence=7)
    assert story.letters == [(2, "span")]
    story.say((102, "x", 1), who="a/redrive too-late", kind="redrive", since=0, to=0, sequence=7)
    assert set(story.state.agents) == {"a/p"}
    assert story.totals.duplicate_messages == 0


def test_of_agents_that_left_the_newest_64_are_remembered():
    story = Story(definition())
    story.say(since=100, to=101)
    for number in range(70):
        story.bye(who=f"a/trace{number}", since=100, to=101)
    assert len(story.state.agents) == 65
    assert set(story.state.agents) == {"a/p", *(f"a/trace{n}" for n in range(6, 70))}


def test_names_that_change_with_every_start_do_not_fill_the_state(monkeypatch):
    monkeypatch.setattr("streams.model.feeding.MAX_AGENTS", 10)
    story = Story(definition())
    for number in range(10):
        story.say(who=f"a/pod-{number}", since=100, to=101)
    story.tick(106)
    for number in range(8):  # all but the last two are heard again
        story.say(who=f"a/pod-{number}", since=101, to=102)
    story.say(who="a/pod-10", since=100, to=102)
    assert set(story.state.agents) == {f"a/pod-{n}" for n in (0, 1, 2, 3, 4, 5, 6, 7, 9, 10)}


def test_as_many_agents_as_a_definition_expects_are_remembered(monkeypatch):
    monkeypatch.setattr("streams.model.feeding.MAX_AGENTS", 10)
    story = Story(definition(agents=12))
    for number in range(14):
        story.say(who=f"a/p{number:02}", since=100, to=101)
    assert set(story.state.agents) == {f"a/p{number:02}" for number in range(2, 14)}


def test_agents_expected_by_name_are_never_forgotten():
    story = Story(definition(named=[f"a/trace{number}" for number in range(70)]))
    for number in range(70):
        story.bye(who=f"a/trace{number}", since=100, to=112)
    assert len(story.state.agents) == 70
    assert sorted(story.rows) == [100, 110]


# Definitions.


def test_a_definition_takes_effect_at_the_first_interval_that_is_not_open_yet():
    story = Story(definition("a/x"))
    story.say((111, "x", 1), since=100, to=112)  # 100 closed, 110 open
    story.define(definition("a/x", "a/y"))
    story.say((113, "y", 1), (121, "y", 2), to=125)
    assert story.versions == [(1, None), (2, 12)]
    assert [entry.volume for entry in story.rows[110].entries] == ["a/x"]
    assert story.letters == [(3, "unknown-volume")]
    story.say(to=130)
    assert story.tracks(120, "a/y") == [2]
    assert [story.rows[start].definition_version for start in (100, 110, 120)] == [1, 1, 2]


def test_rows_of_the_past_keep_their_version_also_when_they_are_revised():
    story = Story(definition("a/x", "a/y"))
    story.say((101, "y", 1), since=100, to=112)
    story.define(definition("a/x"))
    story.say((102, "y", 2), to=125)
    assert story.rows[100].definition_version == 1
    assert story.tracks(100, "a/y") == [1, 2]
    story.say(to=130)
    assert [entry.volume for entry in story.rows[120].entries] == ["a/x"]


def test_before_anything_is_seen_a_definition_replaces_the_first():
    story = Story(definition("a/y"))
    story.define(definition("a/x"))
    story.say((101, "x", 1), since=100, to=110)
    assert story.versions == [(1, None), (2, None)]
    assert story.rows[100].definition_version == 2
    assert story.tracks(100) == [1]


def test_an_equal_definition_is_no_new_version():
    story = Story(definition())
    story.define(definition())
    assert story.versions == [(1, None)]
    assert story.last.mark is not None


def test_a_definition_may_not_change_what_shapes_stored_rows():
    story = Story(definition())
    story.define(definition(track_bytes=2048))
    assert story.letters == [(1, "geometry-changed")]
    assert story.versions == [(1, None)]


def test_a_definition_decides_from_its_first_interval_on_who_is_expected():
    story = Story(definition())
    story.say(since=100, to=111)
    story.define(definition(agents=2))  # from 120 on
    story.say(to=135)
    assert sorted(story.rows) == [100, 110]
    story.say(who="a/q", since=130, to=140)
    assert sorted(story.rows) == [100, 110, 120]
