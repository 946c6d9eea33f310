"""The script of a replay: every message that it sends, as a function of recording and options alone."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streams.agents.chain import Chain
from streams.agents.lane import Lane
from streams.agents.live import heartbeat_seconds
from streams.agents.recording import Recording
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.messages import AgentMessage

__all__ = ["ReplayKind", "Script"]

ReplayKind = Literal["writes", "json", "tracks"]
"""Writes as Arrow, writes as JSON, or pre-folded tracks."""

_VERSION = 1
"""Part of the agents' names: another way of cutting messages must not meet sequences of this one."""


@dataclass(frozen=True, slots=True)
class Script:
    """What an agent for each array of the recording sends.

    `geometry`: of the group. `speed`: seconds of the recording in one second, None for as fast as possible;
    it decides how many heartbeats fill the idle stretches.
    """

    recording: Recording
    geometry: Geometry
    kind: ReplayKind = "writes"
    speed: float | None = None

    @property
    def agent(self) -> str:
        """The name of the agents; what is sent under one name is always the same."""
        recording = self.recording
        shape = self.geometry if self.kind == "tracks" else None
        beats = None if self.speed is None else (self.speed, self.geometry.interval_seconds)
        content = (_VERSION, recording.digest, recording.first_us, recording.end_us, self.kind, shape, beats)
        return f"replay-{hashlib.blake2b(repr(content).encode(), digest_size=8).hexdigest()}"

    def messages(self) -> Iterator[AgentMessage]:
        """The messages of all arrays, side by side in time; those of one array in their sequence."""
        agent, beats_us = self.agent, self._beats_us()
        lanes = [self._of_array(array, agent, beats_us) for array in sorted(self.recording.arrays)]
        yield from heapq.merge(*lanes, key=lambda message: message.origin.watermark_us)

    def _of_array(self, array: str, agent: str, beats_us: tuple[int, ...]) -> Iterator[AgentMessage]:
        lane = Lane(
            Chain(array, agent, 0, self.recording.first_us),
            folding=self.geometry if self.kind == "tracks" else None,
            beats_us=beats_us,
            names_repeat=self.kind == "json",
        )
        for writes in self.recording.arrays[array]():
            yield from lane.add(writes, int(writes.time_us[-1]))
        yield from lane.finish(self.recording.end_us)

    def _beats_us(self) -> tuple[int, ...]:
        beats = self.recording.beats_us
        if self.speed is None:
            return beats
        step_us = max(1, int(heartbeat_seconds(self.geometry.interval_seconds) * self.speed * US))
        first_us, end_us = self.recording.first_us, self.recording.end_us
        return tuple(sorted({*beats, *range(first_us + step_us, end_us, step_us)}))
