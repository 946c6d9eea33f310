"""Whatever the order, duplication, batching, splitting over agents and lateness: the same tables.

The model is a dictionary from volume and interval to the writes in it.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.story import TRACK, Story, definition, fold

AGENTS = ["a/p", "a/q", "a/r"]
BEGIN, END = 100, 200

write = st.tuples(
    st.integers(BEGIN * 10, END * 10 - 1).map(lambda tenth: tenth / 10),
    st.sampled_from("xy"),
    st.integers(0, 9 * TRACK),
    st.sampled_from([0, 1, TRACK - 1, TRACK, 2 * TRACK + 1]),
)

pytestmark = pytest.mark.usefixtures("each_kernel", "each_wire")


def messages_of(draw):
    """Writes split at random over agents and messages, every write sent once."""
    writes = draw(st.lists(write, max_size=25))
    owners = draw(st.lists(st.sampled_from(AGENTS), min_size=len(writes), max_size=len(writes)))
    messages = []
    for chosen in AGENTS:
        mine = [w for w, owner in zip(writes, owners, strict=True) if owner == chosen]
        cuts = draw(st.lists(st.integers(1, 4), min_size=len(mine), max_size=len(mine)))
        number = 0
        while mine:
            size = cuts[number]
            messages.append((chosen, number, mine[:size]))
            mine = mine[size:]
            number += 1
    return writes, messages


def newest(story, volume):
    """Tracks and counts by interval start; intervals without a row or a write are left out."""
    found = {}
    for start in story.rows:
        tracks, counts = story.tracks(start, volume), story.counts(start, volume)
        if counts != (0, 0):
            found[start] = (tracks, *counts)
    return found


def by_hand(writes, volume, track_bytes=TRACK):
    found = {}
    for second, name, offset, length in writes:
        if f"a/{name}" == volume:
            row = found.setdefault(int(second // 10 * 10), [set(), 0, 0])
            row[0].update(b // track_bytes for b in range(offset, offset + length))
            row[1] += 1
            row[2] += length
    return {start: (sorted(tracks), writes, size) for start, (tracks, writes, size) in found.items()}


def check(story, writes):
    for volume in ("a/x", "a/y"):
        assert newest(story, volume) == by_hand(writes, volume)
    for start, rung in story.rungs.items():
        for entry in rung.entries:
            bases = [row for base, row in story.rows.items() if start <= base < start + 30]
            mine = [e for row in bases for e in row.entries if e.volume == entry.volume]
            assert set(entry.tracks.tracks().tolist()) == {
                t for e in mine for t in e.tracks.tracks().tolist()
            }
    newest_or = {s.start_us: s for s in story.summaries if s.rung_seconds == 30}
    assert all(s.changed_tracks_or <= s.changed_tracks_sum for s in newest_or.values())
    totals = story.totals
    assert totals.writes == len(writes)
    assert totals.written_bytes == sum(length for *_, length in writes)
    assert totals.dead_letters == totals.uncollected_writes == 0


@given(st.data())
def test_any_order_and_any_repetition_before_closing(data):
    writes, messages = messages_of(data.draw)
    story = Story(definition("a/x", "a/y", agents=3))
    sent = data.draw(st.permutations(messages + messages[::2]))
    for who, number, mine in sent:
        story.say(*mine, who=who, since=BEGIN, to=BEGIN, sequence=number, at=END)
    for who in AGENTS:
        story.bye(END, who, since=BEGIN, sequence=1000, at=END)
    check(story, writes)
    assert story.totals.duplicate_messages == len(sent) - len(messages)
    assert story.totals.late_writes == 0


@given(st.data())
@settings(max_examples=60)
def test_any_order_while_intervals_close_and_writes_come_late(data):
    """A clock agent drives the watermark through the whole time; the others are as late as they like."""
    writes, messages = messages_of(data.draw)
    story = Story(definition("a/x", "a/y", late_window_seconds=100))
    sent = data.draw(st.permutations(messages + messages[::3]))
    story.say(who="a/clock", since=BEGIN, to=BEGIN, at=BEGIN)
    clock = BEGIN
    for who, number, mine in sent:
        clock = min(END, clock + data.draw(st.sampled_from([0, 0, 5, 30])))
        story.say(who="a/clock", to=clock, at=END)
        story.say(*mine, who=who, since=clock, to=clock, sequence=number, at=END)
        if data.draw(st.booleans()):
            story.tick(story.at + 5)
    for who in AGENTS:
        story.bye(END, who, since=END, sequence=1000)
    story.bye(END, "a/clock")
    story.tick(END + 1000)  # late enough to count whatever ticks came before: late parts wait for a mark
    check(story, writes)
    assert all(row.revision == story.revisions(start)[-1] for start, row in story.rows.items())
    assert all(story.revisions(start) == list(range(len(story.revisions(start)))) for start in story.rows)


@given(st.data())
@settings(max_examples=60)
def test_folds_and_writes_of_the_same_data_are_the_same_tables(data):
    writes, messages = messages_of(data.draw)
    plain, folded = Story(definition("a/x", "a/y", agents=3)), Story(definition("a/x", "a/y", agents=3))
    for who, number, mine in messages:
        plain.say(*mine, who=who, since=BEGIN, to=BEGIN, sequence=number, at=END)
        pieces = [as_fold(*one) for one in mine]
        folded.say(folds=pieces, who=who, since=BEGIN, to=BEGIN, sequence=number, at=END)
    for story in (plain, folded):
        for who in AGENTS:
            story.bye(END, who, since=BEGIN, sequence=1000, at=END)
        check(story, writes)
    for one, other in zip(plain.summaries, folded.summaries, strict=True):
        assert one.written_bytes_by_slot == other.written_bytes_by_slot


def as_fold(second, volume, offset, length):
    slot = second // 5 * 5
    tracks = {b // TRACK for b in range(offset, offset + length)}
    return fold(volume, slot, slot + 5, tracks, writes=1, written_bytes=length)


@given(st.data(), st.sampled_from([512, 2048, 4096]))
@settings(max_examples=40)
def test_groups_that_share_volumes_measure_each_for_itself(data, other):
    writes, messages = messages_of(data.draw)
    fine = Story(definition("a/x", "a/y", agents=3))
    coarse = Story(definition("a/y", agents=3, track_bytes=other))
    for who, number, mine in messages:
        for story in (fine, coarse):
            story.say(*mine, who=who, since=BEGIN, to=BEGIN, sequence=number, at=END)
    for story in (fine, coarse):
        for who in AGENTS:
            story.bye(END, who, since=BEGIN, sequence=1000, at=END)
    check(fine, writes)
    assert newest(coarse, "a/y") == by_hand(writes, "a/y", other)
    assert coarse.totals.refused_writes == sum(name == "x" for _, name, *_ in writes)


@pytest.mark.parametrize("track", [512, 4096, 32_768, 65_536, 131_072, 47_476, 56_664])
def test_every_track_size_of_the_field(track):
    story = Story(definition(track_bytes=track))
    offsets = [0, track - 1, 5 * track, 9 * track + 1]
    story.say(*((101 + n, "x", offset, track) for n, offset in enumerate(offsets)), since=100, to=110)
    assert story.tracks(100) == [0, 1, 5, 9, 10]
    assert story.summaries[-1].changed_bytes_or == 5 * track
