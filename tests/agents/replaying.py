"""What tests of replays share: a trace, its definition, and a log that replays are played into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from streams.agents.brute import Row
from streams.agents.recording import Recording, recording_of_trace
from streams.agents.script import Script
from streams.agents.traces import Trace
from streams.model.entries import Interval
from streams.model.groups import Definition, Geometry
from streams.model.intervals import US
from streams.model.messages import Define
from streams.model.partition import Partition
from streams.model.state import AgentState, State, Version
from streams.model.writes import WriteBatch
from streams.store import Source, read_intervals
from streams.wire.agent import decode_message, encode_message
from streams.wire.record import Record

__all__ = ["DAY_US", "Log", "definition_of", "existing", "rows_of", "state", "stored", "trace"]

DAY_US = 86_400 * US
_LATER_US = 2_000_000_000 * US


def trace(seed: int = 0, count: int = 300, seconds: int = 4000, start_us: int = DAY_US) -> Trace:
    """Writes at random to three volumes of two arrays; everything from the start on was watched."""
    rng = np.random.default_rng(seed)
    times = np.sort(start_us + rng.integers(0, seconds * US, count))
    volumes = ("a/v", "a/w/x", "b/v")
    writes = WriteBatch(
        times.astype(np.int64),
        rng.integers(0, 3, count).astype(np.int32),
        volumes,
        rng.integers(0, 1 << 26, count).astype(np.uint64),
        rng.integers(0, 200_000, count).astype(np.uint64),
    )
    return Trace(writes, start_us, start_us + seconds * US, count, 0, 0)


def definition_of(recording: Recording, geometry: Geometry) -> Definition:
    return Definition("g", recording.members, geometry, expected_agents=len(recording.arrays))


def existing(**changes: object) -> Definition:
    """The definition of a group that is there already: the trace's own, but for the changes."""
    return replace(definition_of(recording_of_trace(trace()), Geometry()), **changes)


def state(closed: int | None, **agents: AgentState) -> State:
    """The state of that group; `a_x` is agent x of array a."""
    named = {name.replace("_", "/"): agent for name, agent in agents.items()}
    return State("g", 5, [Version(1, None, 0, existing())], closed=closed, agents=named)


def rows_of(intervals: Iterable[Interval]) -> list[Row]:
    """What was written, in the words of the brute force; in the order of the intervals and their entries."""
    return [
        Row(
            entry.volume,
            interval.start_us,
            interval.end_us,
            entry.changed_tracks,
            entry.changed_bytes,
            entry.writes,
            entry.written_bytes,
        )
        for interval in intervals
        for entry in interval.entries
        if entry.writes
    ]


def stored(source: Source, group: str) -> list[Row]:
    return rows_of(read_intervals(source, group))


class Log:
    """A partition of the writes topic with its collector, in memory; marks are acknowledged at once."""

    def __init__(self) -> None:
        self.partition = Partition(0)
        self.intervals: dict[int, Interval] = {}
        self.dead_letters = 0

    @property
    def state(self) -> State:
        """What the group knows after the last message."""
        return self.partition.groups["g"].state

    def append(self, record: Record) -> None:
        offset = self.partition.next_offset
        message = decode_message(record.key, record.value, record.headers, offset, _LATER_US + offset)
        outcome = self.partition.take("g", message)
        self.dead_letters += len(outcome.dead_letters)
        if outcome.mark is not None:
            for interval in outcome.mark.intervals:
                assert interval.revision == 0
                self.intervals[interval.start_us] = interval
            self.partition.acknowledged("g", outcome.mark)

    def play(self, script: Script, definition: Definition) -> None:
        self.append(encode_message("g", Define(definition)))
        for message in script.messages():
            self.append(encode_message("g", message, "json" if script.kind == "json" else "arrow"))

    def rows(self) -> list[Row]:
        return rows_of(self.intervals[start_us] for start_us in sorted(self.intervals))
