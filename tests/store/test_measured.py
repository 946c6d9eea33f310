"""What was measured comes back: newest revisions, complete tables, only the group and range asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.errors import MissingData, StateError
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Gap, Interval, Totals, summarise
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Origin
from streams.model.state import AgentState, DeadLetter, State, Version
from streams.store import (
    groups,
    read_dead_letters,
    read_gaps,
    read_group_state,
    read_intervals,
    read_summaries,
)
from streams.store.state import _home
from streams.wire.agent import encode_message
from streams.wire.deadletters import encode_dead_letter
from streams.wire.definitions import encode_version
from streams.wire.keys import group_key
from streams.wire.partitions import partition_of
from streams.wire.record import Received, Record
from streams.wire.states import Home, encode_state
from streams.wire.summaries import encode_gap, encode_summary
from streams.wire.tables import encode_tables

pytestmark = pytest.mark.broker
STEP_US = 300 * US


def interval(group: str = "g", at: int = 0, revision: int = 0, tracks: int = 3, rung: int = 300) -> Interval:
    entry = Entry("a/v", None, 65_536, BitTable.of(range(tracks)), tracks, 10 * tracks, [(0, rung * US)])
    other = replace(entry, volume="a/w", tracks=BitTable())
    return Interval(
        group=group,
        definition_version=1,
        rung_seconds=rung,
        start_us=at * STEP_US,
        revision=revision,
        partial=False,
        entries=(entry, other),
        slot_seconds=10,
        written_bytes_by_slot=(None,) * (rung // 10),
        discards=0,
        late_writes=0,
    )


def summary_row(of: Interval) -> Record:
    return encode_summary(summarise(of, Totals(), None))


def version(group: str = "g", number: int = 1, first: int | None = None) -> Version:
    return Version(number, first, 0, Definition(group, (Member("a", "v"), Member("a", "w"))))


def test_summaries_come_in_their_newest_revision_ordered(put, source):
    put("groups", "g", [encode_version(version())])
    intervals = [
        interval(at=2),
        interval(at=1, revision=10, tracks=7),
        interval(at=1, revision=9),
        interval(at=0),
    ]
    intervals += [interval(at=0, rung=900, revision=2), interval(group="g2", at=5)]
    put("intervals", "g", map(summary_row, intervals))
    found = read_summaries(source, "g")
    assert [(s.start_us // STEP_US, s.rung_seconds, s.revision) for s in found] == [
        (0, 300, 0),
        (0, 900, 2),
        (1, 300, 10),
        (2, 300, 0),
    ]
    assert found[2] == summarise(intervals[1], Totals(), None)
    assert [s.rung_seconds for s in read_summaries(source, "g", rung_seconds=900)] == [900]


def test_a_range_takes_what_starts_in_it(put, source):
    put("groups", "g", [encode_version(version())])
    put("intervals", "g", [summary_row(interval(at=at)) for at in range(5)])
    put("tables", "g", [row for at in range(5) for row in encode_tables(interval(at=at))])
    for read in (read_summaries, read_intervals):
        found = read(source, "g", from_us=STEP_US, to_us=3 * STEP_US)
        assert [row.start_us // STEP_US for row in found] == [1, 2]
        assert read(source, "g", from_us=9 * STEP_US) == []


def test_intervals_come_in_their_newest_complete_revision(put, source):
    wide = tuple(
        replace(interval().entries[0], volume=f"a/{number:03}", tracks=BitTable.of(range(0, 1 << 20, 3)))
        for number in range(12)
    )
    many = replace(interval(at=1, revision=1), entries=wide)
    parts = encode_tables(many)
    assert len(parts) > 1
    rows = [*encode_tables(interval(at=1)), *parts[:-1], *encode_tables(interval(at=0, rung=900))]
    put("tables", "g", [*rows, *encode_tables(interval(at=3, revision=1)), *encode_tables(interval(at=3))])
    put("tables", "g", encode_tables(interval(group="g2", at=9)))
    assert [(i.start_us // STEP_US, i.revision) for i in read_intervals(source, "g")] == [(1, 0), (3, 1)]
    put("tables", "g", parts[-1:])
    assert read_intervals(source, "g")[0] == many


def test_intervals_of_some_volumes(put, source):
    put("tables", "g", encode_tables(interval()))
    (found,) = read_intervals(source, "g", volumes={"a/w"})
    assert [entry.volume for entry in found.entries] == ["a/w"]
    assert read_intervals(source, "g") == [interval()]


def test_an_unknown_group_names_those_that_exist(put, source):
    with pytest.raises(
        MissingData, match=r"group 'x' is not known .* none yet: `linkgauge groups apply FILE`"
    ):
        read_summaries(source, "x")
    put("groups", "g", [encode_version(version()), encode_version(version("h"))])
    for read in (read_summaries, read_intervals, read_gaps):
        with pytest.raises(MissingData, match=r"group 'x' is not known .* there are: g, h$"):
            read(source, "x")
        assert read(source, "g") == []


def test_gaps_that_touch_the_range(put, source):
    gap = Gap("g", 1, 10 * STEP_US, 500 * STEP_US)
    put("groups", "g", [encode_version(version())])
    put("intervals", "g", [encode_gap(gap), summary_row(interval())])
    assert read_gaps(source, "g") == [gap]
    assert read_gaps(source, "g", from_us=499 * STEP_US) == [gap]
    assert read_gaps(source, "g", from_us=500 * STEP_US) == []
    assert read_gaps(source, "g", to_us=10 * STEP_US) == []
    assert len(read_summaries(source, "g")) == 1


def test_definitions_come_in_order_of_their_versions(put, source):
    second = version(number=2, first=7)
    put("groups", "g", [encode_version(second), encode_version(version()), encode_version(version("b"))])
    found = groups(source)
    assert list(found) == ["b", "g"]
    assert found["g"] == [(1, None, version().definition), (2, 7 * STEP_US, second.definition)]
    put("groups", "g", [Record(group_key("b", 1), None)])
    assert list(groups(source)) == ["g"]
    assert groups(source, "b") == {}


def state(offset: int, closed: int | None = None) -> State:
    return State("g", offset, [version()], closed=closed, agents={"a/x": AgentState(epoch=5, high=3)})


def test_the_state_is_that_of_the_last_mark(put, source):
    here = _home(source, partition_of(b"g", 2))
    assert read_group_state(source, "g") is None
    rows = [encode_state(state(offset, closed), here, 0) for offset, closed in ((9, 4), (10, 5), (8, 3))]
    put("state", "g", rows)
    assert read_group_state(source, "g") == state(10, 5)
    put("state", "g", [replace(rows[1], value=None)])
    assert read_group_state(source, "g") == state(9, 4)


def test_a_state_of_other_topics_is_refused(put, source):
    put("state", "g", [encode_state(state(1), Home("cluster", "topic", 0), 0)])
    with pytest.raises(StateError, match="belongs to cluster cluster"):
        read_group_state(source, "g")


def refused(group: str, offset: int) -> tuple[Record, Received]:
    origin = Origin("a", "x", 1, offset, 0, 10)
    record = encode_message(group, AgentMessage("heartbeat", origin))
    return record, Received("linkgauge.writes", 0, offset, 5, record.key, record.value, record.headers)


def test_dead_letters_come_once_with_what_was_refused(put, source):
    letters = []
    for group, offset in (("g", 1), ("h", 2), ("g", 3)):
        _, message = refused(group, offset)
        letters.append(encode_dead_letter(DeadLetter(offset, "too-old", "why"), message))
    put("dead-letters", "g", [*letters, letters[0]])
    found = read_dead_letters(source)
    assert [(f.group, f.letter.message.offset, f.letter.reason) for f in found] == [
        ("g", 1, "too-old"),
        ("h", 2, "too-old"),
        ("g", 3, "too-old"),
    ]
    assert found[0].record == letters[0]
    assert [f.letter.message.offset for f in read_dead_letters(source, "g")] == [1, 3]
    assert read_dead_letters(source, "none") == []
