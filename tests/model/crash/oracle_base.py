"""What the oracle knows of a group, and the words in which it speaks: moments, places, counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.model.crash.logs import STEP_US

__all__ = ["SECOND_US", "Agent", "Base", "Expected", "MarkState", "Version"]

SECOND_US = 1_000_000
COUNTERS = (
    "intervals_closed",
    "changed_tracks",
    "changed_bytes",
    "writes",
    "written_bytes",
    "discards",
    "late_writes",
    "duplicate_messages",
    "lost_writes",
    "dead_letters",
    "refused_writes",
    "uncollected_writes",
)


@dataclass(slots=True)
class Agent:
    """One agent of a group; `seen` are the sequence numbers that arrived in its epoch."""

    epoch: int
    heard: int
    watermark_us: int | None = None
    left_at: int | None = None
    floor: int = -1
    seen: set[int] = field(default_factory=set)

    def high(self):
        return max(self.seen, default=-1)

    def holes(self):
        return [n for n in range(self.floor + 1, self.high()) if n not in self.seen]


@dataclass(frozen=True, slots=True)
class MarkState:
    """What the state row of a mark must say."""

    closed: int | None
    born: int | None
    closed_end_us: int | None
    ticks: int
    tick_us: int | None
    last_us: int | None
    deleted: bool
    version: int
    totals: dict[str, int]
    redo: tuple[int, ...]
    agents: dict[str, tuple]
    redriven: frozenset[tuple[str, int]]
    revisions: dict[int, int]
    needed: frozenset[int]


@dataclass(slots=True)
class Expected:
    """Everything that a log leads to, by the keys of the topics.

    `rows` holds summaries, tables, gaps, versions and letters under `(topic, *key)`; `due` names the keys
    that must be durable before the mark of `(group, offset)`. `feeds_us`: the end of the last interval that
    the message at an offset feeds. `owes`: the letters of messages of unknown groups.
    """

    rows: dict[tuple, object] = field(default_factory=dict)
    marks: dict[tuple[str, int], MarkState] = field(default_factory=dict)
    due: dict[tuple[str, int], set[tuple]] = field(default_factory=dict)
    feeds_us: dict[int, int | None] = field(default_factory=dict)
    owes: dict[int, tuple] = field(default_factory=dict)
    groups: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    first: int | None
    ticks: int
    definition: object


class Base:
    """One group: what was accepted, and where time stands."""

    def __init__(self, name, limits, expected):
        self.name = name
        self.limits = limits
        self.out = expected
        self.totals = Counter(dict.fromkeys(COUNTERS, 0))
        self.versions = []
        self.closed = self.born = None
        self.ticks, self.tick_us, self.last_us = 0, None, None
        self.pending_due = set()
        self._anew()

    def _anew(self):
        """A life of the group: nothing was collected in it yet."""
        self.deleted = False
        self.agents = {}
        self.redriven = set()  # (origin, source offset) of every letter that came again
        self.plan = [(None, True)]  # collection is on or off from a moment on
        self.touched = set()
        self.items = {}
        self.waiting = []
        self.waiting_for = set()
        self.revision = {}
        self.first_partial = {}
        self.fed = {}
        self.row_of = {}

    @property
    def geometry(self):
        return self.versions[-1].definition.geometry

    @property
    def length_us(self):
        return self.geometry.interval_seconds * SECOND_US

    @property
    def late_intervals(self):
        return -(-self.geometry.late_window_seconds // self.geometry.interval_seconds)

    @property
    def max_gap(self):
        return max(1, self.late_intervals, self.geometry.max_gap_seconds // self.geometry.interval_seconds)

    @property
    def silence(self):
        return -(-self.geometry.silent_after_seconds // self.geometry.tick_seconds)

    def version_at(self, interval):
        return [v for v in self.versions if v.first is None or v.first <= interval][-1]

    def first_free(self):
        taken = [k for k in self.touched if not self.is_closed(k)]
        taken += [] if self.closed is None else [self.closed]
        taken += [v.first - 1 for v in self.versions if v.first is not None]
        return max(taken) + 1 if taken else None

    def is_closed(self, interval):
        return self.closed is not None and interval <= self.closed

    def is_too_late(self, interval):
        if self.closed is None:
            return False
        return interval <= self.closed - self.late_intervals or (
            self.born is not None and interval < self.born
        )

    # Collection on or off.

    def is_on(self, moment_us):
        return [on for start, on in self.plan if start is None or start <= moment_us][-1]

    def moments_on(self, interval):
        return {m for m in self.moments(interval) if self.is_on(m * STEP_US)}

    def moments(self, interval):
        return range(interval * self.length_us // STEP_US, (interval + 1) * self.length_us // STEP_US)

    def _switch(self, at_us, on):
        """From this moment on or off; what was planned for later is dropped."""
        self.plan = [
            (start, was) for start, was in self.plan if start is None or (at_us is not None and start < at_us)
        ]
        if at_us is None:
            self.plan = [(None, on)]
        else:
            self.plan.append((at_us, on))

    # What becomes durable.

    def _dead(self, offset, reason, writes=(), folds=(), count=0):
        key = ("letter", offset, reason)
        assert key not in self.out.rows
        self.out.rows[key] = (tuple(writes), tuple(folds))
        self.pending_due.add(key)
        self.totals["dead_letters"] += 1
        self.totals["refused_writes"] += count

    def _row(self, key, value):
        assert key not in self.out.rows, key
        self.out.rows[key] = value
        self.pending_due.add(key)

    def _publish_version(self):
        version = self.versions[-1]
        key = ("version", self.name, version.number)
        self.out.rows[key] = (version.first, version.ticks, version.definition)
        self.pending_due.add(key)
