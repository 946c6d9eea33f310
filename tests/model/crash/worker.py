"""A worker, simulated: it drives a `Partition` as the real shell must, one delivery after the other.

It is a generator that yields before everything it does to the world, so that it can be killed or frozen
there. The rows of one group go out in the order of its messages, those of different groups overlap, and
messages are taken while deliveries are under way.
"""

from __future__ import annotations

from collections import deque
from random import Random

from streams.model import collector
from streams.model.partition import Partition
from tests.model.crash.logs import message_of

__all__ = ["KEPT_MARKS", "worker"]

KEPT_MARKS = 3
"""Older marks of a group are removed."""


def worker(world, rng, lag):
    """One life of a worker; `lag` is how likely it commits after each step."""
    position = world.committed
    yield None
    states = dict(world.states)
    yield None
    owner = _Owner(world, rng, position, states)
    while owner.has_work():
        yield from owner.step()
        if rng.random() < lag:
            world.commit(owner.partition.commit_offset())
    world.commit(owner.partition.commit_offset())
    world.idle = owner.partition


class _Owner:
    """What a worker holds in memory once it has loaded its partition."""

    def __init__(self, world, rng, position, states):
        self.world = world
        self.rng = rng
        self.marks = {}
        self.worn = []
        self.quiet = Random(position)  # whether it is a quiet moment
        self.places = {}
        self.partition = Partition(position, self._load(states))
        self.queues = {}
        self.running = {}
        self.width = rng.choice([1, 1, 6])

    def _load(self, states):
        newest = {}
        for group, offset in sorted(states):
            self.marks.setdefault(group, []).append(offset)
            newest[group] = states[group, offset]
        lowest = min((stored.tables_from for stored in newest.values()), default=0)
        tables = {}
        for place, (key, interval) in enumerate(self.world.tables):
            if place >= lowest:
                tables[key] = interval
                self.places.setdefault(key, place)
        return {
            group: collector.resume(stored.read, self._rows(stored.read, tables))
            for group, stored in newest.items()
        }

    def _rows(self, state, tables):
        geometry = state.versions[-1].definition.geometry
        rows = {}
        for interval, revision in state.revisions.items():
            key = _table_key(state.group, geometry, interval, revision)
            assert key in tables, ("tables_from", key)
            rows[interval] = tables[key]
        return rows

    def has_work(self):
        return self.partition.next_offset < len(self.world.log) or bool(self.running)

    def step(self):
        """Takes a message or goes on with a delivery."""
        waiting = len(self.running) + sum(map(len, self.queues.values()))
        more = self.partition.next_offset < len(self.world.log) and waiting < self.width
        if more and (not self.running or self.rng.random() < 0.5):
            record = self.world.log[self.partition.next_offset]
            if record.body is None:
                self.partition.skip(record.offset)
                return
            outcome = self.partition.take(record.group, message_of(record))
            self.queues.setdefault(record.group, deque()).append((record.offset, outcome))
            yield ("message", record.offset)
            self._start(record.group)
        else:
            group = self.rng.choice(sorted(self.running))
            event = next(self.running[group], None)
            if event is None:
                del self.running[group]
                self._start(group)
            else:
                yield event

    def _start(self, group):
        if group not in self.running and self.queues.get(group):
            self.running[group] = self._deliver(group, *self.queues[group].popleft())

    def _deliver(self, group, offset, outcome):
        """Rows in any order, all acknowledged; then the mark; then older marks go, or some time later."""
        rows = list(_rows_of(group, outcome))
        if self.rng.random() < 0.7:
            self.rng.shuffle(rows)
        for key, value in rows:
            yield ("row", offset, key)
            for _ in range(1 + (self.rng.random() < 0.05)):
                place = self.world.put(key, value)
                if place is not None:
                    self.places[key] = place
        if group not in self.partition.groups:
            self.partition.settled(offset)
        if outcome.mark is not None:
            yield ("mark", offset)
            self.world.put_mark(outcome.mark.state, self._tables_from(outcome.mark.state))
            self.partition.acknowledged(group, outcome.mark)
            yield ("removal", offset)
            self._remove_old(group, offset)

    def _tables_from(self, state):
        geometry = state.versions[-1].definition.geometry
        return min(
            (
                self.places[_table_key(state.group, geometry, interval, revision)]
                for interval, revision in state.revisions.items()
            ),
            default=len(self.world.tables),
        )

    def _remove_old(self, group, offset):
        marks = self.marks.setdefault(group, [])
        marks.append(offset)
        while len(marks) > KEPT_MARKS:
            self.worn.append((group, marks.pop(0)))
        if self.quiet.random() < 0.5:
            while self.worn:
                self.world.delete_mark(*self.worn.pop())


def _rows_of(group, outcome):
    for letter in outcome.dead_letters:
        yield ("letter", letter.offset, letter.reason), letter
    for version in outcome.versions:
        yield ("version", group, version.number), version
    if outcome.mark is None:
        return
    for topic, rows in (
        ("table", outcome.mark.intervals),
        ("rung", outcome.mark.rungs),
        ("summary", outcome.mark.summaries),
    ):
        for row in rows:
            yield (topic, row.group, row.rung_seconds, row.start_us, row.revision), row
    for gap in outcome.mark.gaps:
        yield ("gap", gap.group, gap.start_us), gap


def _table_key(group, geometry, interval, revision):
    return ("table", group, geometry.interval_seconds, interval * geometry.interval_us, revision)
