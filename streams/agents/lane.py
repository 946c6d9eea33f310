"""An agent of the past: messages as a function of the writes alone, however they are handed over.

A replay and a synthetic fleet know their writes in order of time. So every message, its place in the sequence
and its span depend on nothing but the writes and the options, and sending the same twice is a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from streams.agents.batching import MAX_AGE_US, MAX_WRITES, append, compact, fitting_writes
from streams.agents.chain import Chain
from streams.agents.folding import fold, fold_seconds, packed
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch

__all__ = ["Lane"]


@dataclass(frozen=True, slots=True)
class _Cut:
    """The first `rows` pending writes make the next message or messages, which vouch up to `watermark_us`."""

    rows: int
    watermark_us: int


@dataclass(slots=True)
class Lane:
    """The messages of one array's agent.

    Batches of writes close at 8,192 writes or 10 s after their first; with `folding` there is one for every
    window of `fold_seconds` that has writes. A message vouches up to the next write, but never further than
    10 s past its first one. `beats_us`, ascending: at these times an agent without writes sends a heartbeat.
    `names_repeat`: the writes will travel as JSON, where every one carries its volume's name.
    """

    chain: Chain
    folding: Geometry | None = None
    beats_us: Sequence[int] = ()
    names_repeat: bool = False
    _pending: WriteBatch = field(default_factory=WriteBatch.empty)
    _next_beat: int = 0

    def add(self, writes: WriteBatch, until_us: int) -> list[AgentMessage]:
        """Messages that are certain, given the next writes and that none older than `until_us` follows.

        `writes` have bare volume names, are in order of time and not older than the `until_us` of before.
        """
        self._pending = append(self._pending, writes)
        return list(self._messages(until_us, last=False))

    def finish(self, until_us: int) -> list[AgentMessage]:
        """The remaining messages and the bye; all writes are older than `until_us`."""
        messages = list(self._messages(until_us, last=True))
        return [*messages, AgentMessage("bye", self.chain.stamp(until_us))]

    def _messages(self, until_us: int, *, last: bool) -> Iterator[AgentMessage]:
        done = 0
        while done < len(self._pending):
            writes = self._pending.take(slice(done, None))
            yield from self._heartbeats(int(writes.time_us[0]))
            cut = self._cut(writes, until_us, last=last)
            if cut is None:
                break
            yield from self._send(writes.take(slice(cut.rows)), cut)
            done += cut.rows
        else:
            yield from self._heartbeats(until_us)
        self._pending = self._pending.take(slice(done, None))

    def _heartbeats(self, until_us: int) -> Iterator[AgentMessage]:
        while self._next_beat < len(self.beats_us) and self.beats_us[self._next_beat] <= until_us:
            beat_us = self.beats_us[self._next_beat]
            self._next_beat += 1
            if beat_us > self.chain.watermark_us:
                yield AgentMessage("heartbeat", self.chain.stamp(beat_us))

    def _cut(self, writes: WriteBatch, until_us: int, *, last: bool) -> _Cut | None:
        """The next cut; None while later writes could still belong to it."""
        end_us = self._window(int(writes.time_us[0]))[1]
        if self.folding is None:
            rows = int(np.searchsorted(writes.time_us[: MAX_WRITES + 1], end_us))
            rows = fitting_writes(writes.take(slice(rows)), names_repeat=self.names_repeat)
        else:
            rows = int(np.searchsorted(writes.time_us, end_us))
        if rows < len(writes):
            return _Cut(rows, min(end_us, int(writes.time_us[rows])))
        if last or until_us >= end_us:
            return _Cut(rows, min(end_us, until_us))
        return None

    def _window(self, first_us: int) -> tuple[int, int]:
        """The stretch of time that a message has whose first write is at `first_us`."""
        if self.folding is None:
            return first_us, first_us + MAX_AGE_US
        length_us = fold_seconds(self.folding) * US
        start_us = first_us // length_us * length_us
        return start_us, start_us + length_us

    def _send(self, writes: WriteBatch, cut: _Cut) -> Iterator[AgentMessage]:
        if self.folding is None:
            yield AgentMessage("writes", self.chain.stamp(cut.watermark_us), writes=compact(writes))
            return
        messages = list(packed(fold(writes, *self._window(int(writes.time_us[0])), self.folding)))
        for folds in messages[:-1]:
            yield AgentMessage("tracks", self.chain.stamp(self.chain.watermark_us), folds=folds)
        for folds in messages[-1:]:
            yield AgentMessage("tracks", self.chain.stamp(cut.watermark_us), folds=folds)
