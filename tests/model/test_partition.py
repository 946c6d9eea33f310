"""Groups side by side: what comes next, what may be committed, what belongs to nobody."""

from __future__ import annotations

from streams.model.messages import Command, Define, Refused, Tick
from streams.model.partition import Partition
from tests.model.story import Story, definition


def test_groups_hold_the_commit_position_each_for_itself():
    story = Story()
    story.take(Define(definition(name="g")), at=100)
    story.take(Define(definition(name="h")), at=100, name="h")
    story.say((101, "x", 1), since=100, to=105)
    story.take(Tick(), at=106, name="h")
    assert story.partition.next_offset == 4
    assert story.partition.commit_offset() == 2
    story.say(to=110)
    assert story.partition.commit_offset() == 5


def test_groups_may_share_volumes_and_do_not_see_each_other():
    story = Story()
    for name, track in (("g", 1024), ("h", 512)):
        story.take(Define(definition(name=name, track_bytes=track)), at=100, name=name)
    story.say((101, "x", 1024, 1), since=100, to=110)
    story.take(story.log[-1][1].body, name="h")
    tables = {
        row.group: (entry.track_bytes, entry.tracks.tracks().tolist())
        for mark in story.marks
        for row in mark.intervals
        for entry in row.entries
    }
    assert tables == {"g": (1024, [1]), "h": (512, [2])}


def test_a_message_for_a_group_that_was_never_defined_is_a_dead_letter():
    story = Story(partition=Partition(7))
    story.say((101, "x", 1), (102, "x", 1), since=100, to=105)
    story.take(Command("stop"))
    story.garbage()
    details = [letter.detail for letter in story.last.dead_letters]
    assert story.letters == [(7, "unknown-group"), (8, "unknown-group"), (9, "bad-arrow")]
    assert details == ["no stream"]
    assert story.partition.groups == {}
    assert story.partition.next_offset == 10


def test_such_a_letter_holds_the_commit_position_until_it_is_durable():
    story = Story(partition=Partition(7))
    story.say((101, "x", 1), since=100, to=105)
    story.say((101, "x", 1), since=100, to=105)
    assert story.partition.commit_offset() == 7
    story.partition.settled(8)
    assert story.partition.commit_offset() == 7
    story.partition.settled(7)
    assert story.partition.commit_offset() == 9


def test_a_tick_for_nobody_is_nothing():
    story = Story(partition=Partition(7))
    story.tick(100)
    assert story.letters == []
    assert story.partition.commit_offset() == 8


def test_offsets_without_a_message_are_passed():
    story = Story(definition())
    story.partition.skip(1)
    story.partition.skip(2)
    story.say(since=100, to=110)
    assert story.marks[-1].state.offset == 3
    assert story.partition.commit_offset() == 4


def test_the_letter_of_an_unknown_group_says_how_many_writes_are_in_it():
    story = Story(partition=Partition(0))
    story.say((101, "x", 1), (102, "x", 1), since=100, to=105)
    (letter,) = story.last.dead_letters
    assert letter.detail == "no definition of this group was seen; 2 writes"
    story.take(Refused("bad-json", "no object"), name="other")
    assert story.letters[-1] == (1, "bad-json")
