"""Figures that are each allowed never add up to a row that nobody can write or read."""

from __future__ import annotations

from streams.model.bittable import BitTable
from streams.model.collector import begin, take
from streams.model.counts import MAX_COUNT
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Define, Fold, Message, Origin
from streams.wire.states import Home, decode_state, encode_state
from streams.wire.summaries import decode_interval_row, encode_summary
from streams.wire.tables import decode_tables, encode_tables

US = 1_000_000
HOME = Home("cluster", "topic", 0)
GEOMETRY = Geometry(interval_seconds=10, rungs_seconds=(20,), slot_seconds=10)
FOLDS = tuple(
    Fold(volume, 0, 10 * US, 65_536, BitTable.of([1]), MAX_COUNT, MAX_COUNT) for volume in ("v", "w")
)


def heartbeat(sequence, until_seconds, lost_writes=0):
    origin = Origin("a", "x", 0, sequence, 0, until_seconds * US, lost_writes)
    return AgentMessage("heartbeat", origin)


def outcomes(*bodies):
    """What a group with two volumes makes durable because of these messages."""
    definition = Define(Definition("g", (Member("a", "v"), Member("a", "w")), GEOMETRY))
    group, first = begin(Message(0, 0, definition), definition)
    return [first, *(take(group, Message(n, 100 * US, body)) for n, body in enumerate(bodies, 1))]


def published(made):
    """The marks, after every row of theirs went over the wire and came back as it was."""
    marks = [outcome.mark for outcome in made if outcome.mark]
    for mark in marks:
        for row in (*mark.intervals, *mark.rungs):
            assert decode_tables([record.value for record in encode_tables(row)]) == row
        for summary in mark.summaries:
            assert decode_interval_row(encode_summary(summary).value) == summary
        record = encode_state(mark.state, HOME, 0)
        assert decode_state(record.value, HOME) == mark.state
    return marks


def test_losses_that_nobody_could_have_counted():
    losses = [heartbeat(n, 10 * n + 10, MAX_COUNT) for n in range(4)]
    marks = published(outcomes(*losses, heartbeat(4, 60)))
    assert marks[-1].state.totals.lost_writes == MAX_COUNT


def test_folds_that_say_they_wrote_everything_again_and_again():
    folds = [AgentMessage("tracks", Origin("a", "x", 0, n, 0, n + 1), folds=FOLDS) for n in range(3)]
    last = published(outcomes(*folds, heartbeat(3, 20)))[-1]
    assert [row.written_bytes_by_slot for row in last.intervals] == [(MAX_COUNT,), (0,)]
    assert [(s.rung_seconds, s.writes, s.written_bytes) for s in last.summaries] == [
        (10, MAX_COUNT, MAX_COUNT),
        (10, 0, 0),
        (20, MAX_COUNT, MAX_COUNT),
    ]
    assert last.state.totals.written_bytes == MAX_COUNT
