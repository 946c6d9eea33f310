"""Seeded random logs of one partition, in which everything that can happen to a group happens often.

A log is made of plain values. `message_of` turns a record into what the collector takes; the oracle reads
the plain values and never sees an array.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import numpy as np

from streams.model.bittable import BitTable
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Command, Define, Fold, Message, Origin, Refused, Tick
from streams.model.writes import WriteBatch

__all__ = ["STEP_US", "Limits", "PlainFold", "PlainWrite", "Record", "Said", "make_log", "message_of"]

SECOND_US = 1_000_000
STEP_US = 500_000
"""Append times, spans, watermarks and command times are multiples of it, so spans are sets of moments."""

BEGIN_US = 1_000 * SECOND_US


@dataclass(frozen=True, slots=True)
class Limits:
    """What the collector remembers at most; small ones are reached often."""

    holes: int
    left: int

    @property
    def agents(self) -> int:
        """Of all kinds together; sometimes so few that others than those that left are forgotten."""
        return self.left if self.holes < 2 else 2 * self.left


@dataclass(frozen=True, slots=True)
class PlainWrite:
    time_us: int
    volume: str
    offset_bytes: int
    length_bytes: int
    discard: bool = False


@dataclass(frozen=True, slots=True)
class PlainFold:
    volume: str
    start_us: int
    end_us: int
    track_bytes: int
    tracks: frozenset[int]
    writes: int | None
    written_bytes: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """A message of an agent."""

    kind: str
    origin: Origin
    writes: tuple[PlainWrite, ...] = ()
    folds: tuple[PlainFold, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log: where, when, for which group, and a `Said` or a body of the model.

    None as body is an offset without a message, such as a transaction's marker.
    """

    offset: int
    append_us: int
    group: str
    body: Said | Define | Command | Tick | Refused | None


def message_of(record: Record) -> Message:
    """The record as the collector takes it."""
    body = record.body
    if isinstance(body, Said):
        writes = _batch(body.writes) if body.writes else None
        body = AgentMessage(body.kind, body.origin, writes, tuple(map(_fold, body.folds)))
    return Message(record.offset, record.append_us, body)


def _batch(writes):
    volumes = tuple(sorted({write.volume for write in writes}))
    discard = np.array([write.discard for write in writes])
    return WriteBatch(
        np.array([write.time_us for write in writes], np.int64),
        np.array([volumes.index(write.volume) for write in writes], np.int32),
        volumes,
        np.array([write.offset_bytes for write in writes], np.uint64),
        np.array([write.length_bytes for write in writes], np.uint64),
        discard if discard.any() else None,
    )


def _fold(fold):
    return Fold(
        fold.volume,
        fold.start_us,
        fold.end_us,
        fold.track_bytes,
        BitTable.of(fold.tracks),
        fold.writes,
        fold.written_bytes,
    )


@dataclass(slots=True)
class _Agent:
    """An agent while it sends: the identity of its next message and how it behaves."""

    array: str
    name: str
    starts_us: int
    delay_us: int
    epoch: int = 0
    sequence: int = 0
    watermark_us: int | None = None
    gone: bool = False
    withheld: int = 0
    hurries: bool = False


@dataclass(slots=True)
class _Script:
    """One group's side of the log."""

    name: str
    activity: float
    definition: Definition
    agents: list[_Agent]
    quiet: bool
    deleted: bool = False
    ticked_us: int = 0
    guests: int = 0
    letters: list[Said] = field(default_factory=list)
    sent: list[Said] = field(default_factory=list)
    held_back: list[Said] = field(default_factory=list)


def make_log(seed: int) -> tuple[Limits, list[Record]]:
    """The limits and the log of a seed."""
    rng = random.Random(seed)
    limits = Limits(rng.choice([0, 1, 3, 64]), rng.choice([3, 64]))
    return limits, _Maker(rng, limits).make()


class _Maker:
    def __init__(self, rng, limits):
        self.rng = rng
        self.limits = limits
        self.at_us = BEGIN_US
        self.log = []
        self.scripts = [self._script(f"g{number}") for number in range(rng.randrange(1, 5))]

    def make(self):
        rng = self.rng
        length = rng.choice([20, 40, 40, 80, 120])
        for script in self.scripts:
            if rng.random() < 0.9:
                self._put(script, Define(script.definition))
        while len(self.log) < length:
            self._pass_time()
            self._step(rng.choice(self.scripts))
        if rng.random() < 0.6:
            self._leave()
        return self.log

    def _pass_time(self):
        rng = self.rng
        seconds = rng.choice([0, 0, 1, 2, 5, 8])
        if rng.random() < 0.03:
            seconds = rng.choice([40, 90, 200, 2000])
        if rng.random() < 0.01:
            seconds = -rng.randrange(1, 10)  # a new leader's clock may be behind
        self.at_us += seconds * SECOND_US + rng.choice([0, 0, STEP_US])

    def _put(self, script, body):
        self.log.append(Record(len(self.log), self.at_us, script.name, body))

    def _step(self, script):
        rng, luck = self.rng, self.rng.random()
        due_us = script.ticked_us + rng.choice([3, 6, 6]) * SECOND_US
        if self.at_us >= due_us and rng.random() < 0.3:
            script.ticked_us = self.at_us
            self._put(script, Tick())
        elif luck < 0.07:
            self._rare(script)
        elif luck > script.activity + 0.2:
            return
        elif script.held_back and rng.random() < 0.3:
            self._put(script, script.held_back.pop(rng.randrange(len(script.held_back))))
        elif script.sent and rng.random() < 0.1:
            self._put(script, rng.choice(script.sent))
        else:
            self._speak(script, rng.choice(script.agents))

    def _rare(self, script):
        rng = self.rng
        if script.deleted and rng.random() < 0.6:
            self._define(script)
            return
        choice = rng.choice(
            ["define", "define", "start", "stop", "stop", "delete", "refused", "stray", "redrive", "replay"]
        )
        if choice == "define":
            self._define(script)
        elif choice == "start":
            self._put(script, Command("start", self._when(), rng.choice([None, 1, 2, 5])))
        elif choice == "stop":
            self._put(script, Command("stop", self._when()))
        elif choice == "delete":
            script.deleted = True
            self._put(script, Command("delete"))
        elif choice == "refused":
            self._put(script, Refused("bad-arrow", "not a stream"))
        elif choice == "stray":
            body = rng.choice([None, Tick(), Command("stop"), self._said(script, script.agents[0], "writes")])
            self.log.append(Record(len(self.log), self.at_us, "never-defined", body))
        elif choice == "redrive":
            self._redrive(script)
        else:
            self._replay(script)

    def _when(self):
        """When a command takes effect: at once, or at a time near now."""
        if self.rng.random() < 0.4:
            return None
        return max(0, self.at_us + self.rng.randrange(-60, 60) * STEP_US)

    def _replay(self, script):
        """An agent that says one thing and is gone: a trace that is replayed."""
        rng = self.rng
        script.guests += 1
        since_us = self.at_us - rng.randrange(120) * STEP_US
        origin = Origin(rng.choice("ab"), f"replay {script.guests}", 0, 0, since_us, self.at_us)
        writes = tuple(self._write(script, self._moment(since_us)) for _ in range(3))
        said = Said("bye", origin, writes)
        script.sent.append(said)
        self._put(script, said)

    def _redrive(self, script):
        """Redriven letters: one or two, one that came before, or twice more than agents are remembered."""
        rng = self.rng
        if script.letters and rng.random() < 0.4:
            self._put(script, rng.choice(script.letters))
            return
        heap = rng.random() < 0.3
        count = self.limits.left * 5 // 4 + rng.randrange(1, 4) if heap else rng.randrange(1, 3)
        letters = [self._letter(script, len(self.log) + number, 1 if heap else 3) for number in range(count)]
        script.letters += letters
        for said in letters * (2 if heap else 1):
            self._put(script, said)

    def _letter(self, script, source_offset, count):
        rng = self.rng
        reason = rng.choice(["too-late", "too-late", "unknown-volume", "ahead-of-clock"])
        since_us = self.at_us - rng.randrange(120) * STEP_US
        span = rng.choice([(0, 0), (since_us, since_us), (since_us, self.at_us)])
        origin = Origin(rng.choice("ab"), f"redrive {reason}", 0, source_offset // 2, *span)
        return Said(
            "redrive", origin, tuple(self._write(script, self._moment(since_us)) for _ in range(count))
        )

    def _leave(self):
        """All agents say bye, and ticks go on for a while; or the group goes."""
        for script in self.scripts:
            if self.rng.random() < 0.2:
                self._put(script, Command("delete"))
                self._put(script, Tick())
                continue
            for agent in script.agents:
                origin = Origin(agent.array, agent.name, agent.epoch + 1, 0, self.at_us, self.at_us)
                self._put(script, Said("bye", origin))
            for _ in range(6):
                self.at_us += 6 * SECOND_US
                self._put(script, Tick())

    # What agents say.

    def _speak(self, script, agent):
        rng = self.rng
        if self.at_us < agent.starts_us or agent.gone:
            return
        if rng.random() < 0.03:
            self._restart(agent)
        said = self._said(script, agent, "bye" if rng.random() < 0.02 else "writes")
        agent.sequence += 1
        script.sent.append(said)
        if said.kind == "bye" or rng.random() < 0.01:
            agent.gone = rng.random() < 0.7
            if not agent.gone:
                self._restart(agent)
        if rng.random() < 0.02:
            agent.withheld = rng.randrange(1, 9)
        agent.withheld -= 1
        if agent.withheld >= 0 or rng.random() < 0.07:
            script.held_back.append(said)
        else:
            self._put(script, said)

    def _restart(self, agent):
        agent.epoch += 1
        agent.sequence = 0
        agent.hurries = self.rng.random() < 0.2
        if agent.watermark_us is not None and self.rng.random() < 0.7:
            latest_us = self.at_us - self.rng.randrange(16) * STEP_US
            agent.watermark_us = max(agent.watermark_us - self.rng.choice([0, 20]) * SECOND_US, latest_us)

    def _said(self, script, agent, kind):
        rng = self.rng
        if agent.watermark_us is None:
            agent.watermark_us = self.at_us - rng.choice([5, 30]) * SECOND_US
        observed_us = agent.watermark_us
        watermark_us = max(observed_us, self.at_us - agent.delay_us - rng.randrange(8) * STEP_US)
        agent.watermark_us = watermark_us
        if agent.hurries or rng.random() < 0.01:
            watermark_us = self.at_us + rng.choice([6, 16, 60]) * SECOND_US
            agent.hurries = False
        if rng.random() < 0.01:
            observed_us = watermark_us + SECOND_US
        lost = rng.randrange(1, 4) if rng.random() < 0.05 else 0
        origin = Origin(agent.array, agent.name, agent.epoch, agent.sequence, observed_us, watermark_us, lost)
        if rng.random() > (0.2 if script.quiet else 0.6):
            return Said("heartbeat" if kind == "writes" else kind, origin)
        since_us = max(observed_us, self.at_us - 60 * SECOND_US)
        if kind == "writes" and rng.random() < 0.2:
            folds = tuple(self._folded(script, since_us) for _ in range(rng.randrange(1, 3)))
            return Said("tracks", origin, folds=folds)
        writes = tuple(self._write(script, self._moment(since_us)) for _ in range(rng.randrange(1, 5)))
        return Said(kind, origin, writes)

    def _moment(self, since_us):
        rng = self.rng
        span = max(self.at_us - since_us, SECOND_US)
        moment = since_us + rng.choice([rng.randrange(span), rng.randrange(span) // STEP_US * STEP_US])
        if rng.random() < 0.1:
            moment -= rng.randrange(90) * SECOND_US
        if rng.random() < 0.03:
            moment = self.at_us + rng.randrange(3, 40) * SECOND_US
        return moment

    def _write(self, script, time_us):
        rng, track = self.rng, script.definition.geometry.track_bytes
        if rng.random() < 0.01:
            return rng.choice([PlainWrite(-1, "x", 0, 1), PlainWrite(time_us, "x", (1 << 63) - 10, 11)])
        return PlainWrite(
            time_us,
            rng.choice("xxxyyyyz"),
            rng.randrange(9) * track + rng.choice([0, 0, 1, track - 1]),
            rng.choice([0, 1, 1, track - 1, track, 2 * track + 1]),
            discard=rng.random() < 0.05,
        )

    def _folded(self, script, since_us):
        rng, geometry = self.rng, script.definition.geometry
        length_us = geometry.interval_us
        start_us = self._moment(since_us) // STEP_US * STEP_US
        end_us = (start_us // length_us + 1) * length_us
        if rng.random() < 0.5:
            end_us = min(end_us, start_us + rng.choice([1, 2, 4]) * STEP_US)
        if rng.random() < 0.05:
            end_us += rng.choice([-length_us, length_us])
        tracks = frozenset(rng.randrange(12) for _ in range(rng.randrange(4)))
        counted = rng.random() < 0.6
        return PlainFold(
            rng.choice("xxxyyyyz"),
            start_us,
            end_us,
            rng.choice([geometry.track_bytes, geometry.track_bytes, geometry.track_bytes // 2, 4096]),
            tracks,
            rng.randrange(5) if counted else None,
            rng.randrange(5) * 512 if counted else None,
        )

    # Groups.

    def _script(self, name):
        rng = self.rng
        named = rng.sample([("a", "p"), ("a", "q"), ("b", "p"), ("b", "r")], rng.randrange(1, 4))
        agents = [
            _Agent(
                array,
                agent,
                BEGIN_US + rng.choice([0, 0, 60, 150]) * SECOND_US,
                rng.choice([0, 3, 12]) * SECOND_US,
            )
            for array, agent in named
        ]
        definition = self._definition(name, _geometry(rng), len(agents))
        return _Script(name, rng.choice([0.03, 0.2, 0.6]), definition, agents, rng.random() < 0.3)

    def _definition(self, name, geometry, agents):
        rng = self.rng
        ids = rng.sample([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")], rng.randrange(1, 5))
        names = rng.choice([(), (), (), ("a/p",), ("a/p", "a/q")])
        members = tuple(self._member(array, volume, geometry.track_bytes) for array, volume in ids)
        return Definition(name, members, geometry, rng.choice([0, 1, 1, agents, agents]), names)

    def _member(self, array, volume, track):
        rng = self.rng
        size = rng.choice([None, 8 * track - 100, 8 * track])
        extents = rng.choice([None, None, None, ((2 * track, 3 * track), (0, track))])
        return Member(array, volume, size, extents, rng.choice([(), (), (), ("p",), ("p", "q")]))

    def _define(self, script):
        rng, old = self.rng, script.definition
        geometry = old.geometry
        if (script.deleted and rng.random() < 0.7) or rng.random() < 0.1:
            geometry = _geometry(rng)
        made = self._definition(script.name, geometry, len(script.agents))
        if rng.random() < 0.2:
            made = old
        elif rng.random() < 0.3 and geometry.track_bytes == old.geometry.track_bytes:
            made = replace(made, members=old.members)
        if script.deleted or made.geometry == old.geometry:
            script.definition, script.deleted = made, False
        self._put(script, Define(made))


def _geometry(rng):
    interval = rng.choice([10, 10, 10, 10, 5, 20])
    late = rng.choice([0, 20, 40, 70])
    return Geometry(
        track_bytes=rng.choice([1024, 1024, 4096]),
        interval_seconds=interval,
        slot_seconds=rng.choice([5, interval]),
        rungs_seconds=tuple(interval * n for n in rng.choice([(), (2,), (3,), (2, 3), (3, 5, 6)])),
        late_window_seconds=late,
        max_gap_seconds=rng.choice([late, max(late, 20), late + 60, 300]),
        max_clock_ahead_seconds=rng.choice([5, 15, 50]),
        tick_seconds=rng.choice([5, 5, 4]),
        silent_after_seconds=rng.choice([5, 15]),
        discards_mark=rng.random() < 0.3,
    )
