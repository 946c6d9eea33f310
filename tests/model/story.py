"""A group's log, told by hand: seconds instead of microseconds, one short call for each message."""

from __future__ import annotations

import numpy as np

from streams.model.bittable import BitTable
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Command, Define, Fold, Message, Origin, Refused, Tick
from streams.model.partition import Partition
from streams.model.writes import WriteBatch

__all__ = [
    "GEOMETRY",
    "TRACK",
    "Story",
    "batch",
    "carried",
    "carried_folds",
    "definition",
    "fold",
    "geometry",
    "member",
]

US = 1_000_000
TRACK = 1024

GEOMETRY = {
    "track_bytes": TRACK,
    "interval_seconds": 10,
    "slot_seconds": 5,
    "rungs_seconds": (30,),
    "late_window_seconds": 30,
    "max_gap_seconds": 100,
    "max_clock_ahead_seconds": 5,
    "tick_seconds": 5,
    "silent_after_seconds": 15,
}


def geometry(**changes):
    return Geometry(**(GEOMETRY | changes))


def member(name, size=None, extents=None, agents=()):
    array, volume = name.split("/")
    return Member(array, volume, size, extents, agents)


def definition(*members, name="g", agents=1, named=(), **changes):
    """Members by name or as they are; `a/x` alone where none is given."""
    made = tuple(member(m) if isinstance(m, str) else m for m in members or ("a/x",))
    return Definition(name, made, geometry(**changes), agents, tuple(named))


def batch(*writes):
    """Writes `(second, volume, track)`, or `(second, volume, offset, length[, discard])` in bytes."""
    rows = [
        (w[0], w[1], w[2] * TRACK, 1, False) if len(w) == 3 else (*w, *(False,) * (5 - len(w)))
        for w in writes
    ]
    volumes = tuple(sorted({row[1] for row in rows}))
    return WriteBatch(
        np.array([round(row[0] * US) for row in rows], np.int64),
        np.array([volumes.index(row[1]) for row in rows], np.int32),
        volumes,
        np.array([row[2] for row in rows], np.uint64),
        np.array([row[3] for row in rows], np.uint64),
        np.array([row[4] for row in rows]) if any(row[4] for row in rows) else None,
    )


def fold(volume, start, end, tracks, *, writes=1, written_bytes=1, track_bytes=TRACK):
    span = round(start * US), round(end * US)
    return Fold(volume, *span, track_bytes, BitTable.of(tracks), writes, written_bytes)


def carried(writes, sender):
    """The writes of a sender as they arrive; `each_wire` puts ways to encode and decode them here."""
    return writes


def carried_folds(folds):
    """Folds as they arrive; `each_wire` has them encoded and decoded."""
    return folds


class Story:
    """Takes messages one after the other; every mark is acknowledged at once, unless `slow`.

    Newest rows are in `rows` by start second, newest rung rows in `rungs` by start, `gaps` are pairs of
    seconds, `letters` pairs of offset and reason. `last` is what the newest message led to.
    """

    def __init__(self, first=None, *, at=100, slow=False, partition=None):
        self.partition = partition or Partition(0)
        self.at = at
        self.slow = slow
        self.said = {}
        self.rows, self.rungs, self.gaps, self.letters, self.versions = {}, {}, [], [], []
        self.summaries, self.marks, self.log = [], [], []
        if first is not None:
            self.define(first)

    @property
    def group(self):
        return self.partition.groups["g"]

    @property
    def state(self):
        return self.group.state

    @property
    def totals(self):
        return self.state.totals

    def take(self, body, at=None, name="g"):
        self.at = self.at if at is None else at
        message = Message(self.partition.next_offset, round(self.at * US), body)
        self.log.append((name, message))
        outcome = self.last = self.partition.take(name, message)
        self.letters += [(letter.offset, letter.reason) for letter in outcome.dead_letters]
        self.versions += [(v.number, v.first) for v in outcome.versions]
        if outcome.mark is not None:
            self._note(name, outcome.mark)
        return outcome

    def _note(self, name, mark):
        self.marks.append(mark)
        for row in mark.intervals:
            self.rows[row.start_us // US] = row
        for row in mark.rungs:
            self.rungs[row.start_us // US] = row
        self.gaps += [(gap.start_us / US, gap.end_us / US) for gap in mark.gaps]
        self.summaries += mark.summaries
        if not self.slow:
            self.partition.acknowledged(name, mark)

    def define(self, made, at=None):
        return self.take(Define(made), at)

    def tick(self, at):
        return self.take(Tick(), at)

    def ticks(self, *moments):
        for at in moments:
            self.tick(at)

    def command(self, action, at_second=None, intervals=None, at=None):
        at_us = None if at_second is None else round(at_second * US)
        return self.take(Command(action, at_us, intervals), at)

    def garbage(self, at=None):
        return self.take(Refused("bad-arrow", "no stream"), at)

    def say(
        self, *writes, who="a/p", to, since=None, at=None, kind=None, folds=(), lost=0, epoch=0, sequence=None
    ):
        """An agent's message that vouches from where its last one ended, or `since`, up to `to`."""
        array, agent = who.split("/")
        number, end = self.said.get((who, epoch), (0, to))
        self.said[who, epoch] = (number + 1 if sequence is None else number, to)
        origin = Origin(
            array,
            agent,
            epoch,
            number if sequence is None else sequence,
            round((end if since is None else since) * US),
            round(to * US),
            lost,
        )
        guess = "writes" if writes else "tracks" if folds else "heartbeat"
        arrived = carried(batch(*writes), who) if writes else None
        body = AgentMessage(kind or guess, origin, arrived, carried_folds(tuple(folds)))
        return self.take(body, max(self.at, to) if at is None else at)

    def bye(self, to, who="a/p", **more):
        return self.say(who=who, to=to, kind="bye", **more)

    def again(self, outcome_of=-1, at=None):
        """The message at this place of the log once more, as a producer's retry sends it."""
        name, message = self.log[outcome_of]
        return self.take(message.body, at, name)

    # What was published, in short.

    def tracks(self, start, volume="a/x"):
        return self._entry(start, volume).tracks.tracks().tolist()

    def counts(self, start, volume="a/x"):
        entry = self._entry(start, volume)
        return entry.writes, entry.written_bytes

    def covered(self, start, volume="a/x"):
        return [(s / US, e / US) for s, e in self._entry(start, volume).covered]

    def coverage(self, start):
        return [s.coverage for s in self.summaries if s.start_us == start * US and s.rung_seconds == 10][-1]

    def revisions(self, start):
        return [row.revision for mark in self.marks for row in mark.intervals if row.start_us == start * US]

    def _entry(self, start, volume):
        return next(entry for entry in self.rows[start].entries if entry.volume == volume)
