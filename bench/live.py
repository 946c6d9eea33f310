"""How soon summaries stand on their topic when all groups of one worker close at once.

From the broker's append time of the heartbeat that moves a group's watermark past the end of its interval to
the append time of its summary. Each run closes the next interval on the same worker, once it has taken the
writes of all groups: a canary in each partition, a group that closes behind them, shows that.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from bench.canaries import canary_names
from bench.closing import heartbeat, shape_of
from bench.data import ARRAY, START_US, Shape, answers, bodies, definition
from bench.marks import await_marks
from bench.process import SHELLS, WorkerProcess, running_worker
from bench.running import Benchmark, Comparison, Figures, Measure, WrongAnswer
from bench.site import Site
from bench.topics import Log, drop, fill, put
from streams.model.entries import Summary
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Define, Origin
from streams.processor.options import Shell
from streams.store import Source
from streams.wire.agent import encode_message
from streams.wire.keys import SummaryKey, parse_interval_key
from streams.wire.summaries import decode_interval_row

__all__ = ["benchmark"]

_PATIENCE_SECONDS = 600.0


def benchmark(site: Site) -> Benchmark:
    """Some numbers of groups, each on a worker of its own, on each shell."""
    comparisons = [
        Comparison(
            f"{groups:,} groups x {shape_of(groups).volumes} volumes, {shell} shell",
            partial(_open, site, groups, shell),
        )
        for groups in site.sizes.live_groups
        for shell in SHELLS
    ]
    return Benchmark(
        "live", "Closing all groups at once, on a worker: from watermark to summary", comparisons
    )


class _Seen(NamedTuple):
    append_ms: int
    summary: Summary


@dataclass(slots=True)
class _Stage:
    """A worker with its groups, and how many intervals of them are closed."""

    shape: Shape
    log: Log
    worker: WorkerProcess
    consumer: Consumer
    closed: int = 0

    def run(self) -> Figures:
        """Fills and closes the next interval of all groups."""
        log, shift_us = self.log, self.closed * self.shape.interval_seconds * US
        begun = dict(_messages(self.shape, shift_us, self.closed))
        put(log, (encode_message(group, body) for group, body in begun.items()))
        canaries = dict.fromkeys(canary_names(log.layout.partitions))
        put(log, (encode_message(name, self._canary(name)) for name in canaries))
        self._await_summaries(START_US + shift_us, canaries)
        cpu_seconds = self.worker.cpu_seconds()
        put(log, (encode_message(group, heartbeat(body, self.shape)) for group, body in begun.items()))
        asked_ms = {group: log.last_ms[group] for group in begun}
        seen = self._await_summaries(START_US + shift_us, asked_ms)
        cpu_seconds = self.worker.cpu_seconds() - cpu_seconds
        self.closed += 1
        self._check(seen)
        waited = np.array([seen[group].append_ms - asked_ms[group] for group in asked_ms])
        last_ms = max(row.append_ms for row in seen.values())
        return {
            "p50 ms": float(np.percentile(waited, 50)),
            "p99 ms": float(np.percentile(waited, 99)),
            "max ms": float(waited.max()),
            "first heartbeat to last summary ms": last_ms - min(asked_ms.values()),
            "CPU ms/group": cpu_seconds * 1e3 / self.shape.groups,
        }

    def _canary(self, name: str) -> AgentMessage:
        interval_us = self.shape.interval_seconds * US
        start_us = START_US + self.closed * interval_us
        return AgentMessage(
            "heartbeat", Origin(ARRAY, name, 1, self.closed, start_us, start_us + interval_us)
        )

    def _await_summaries(self, start_us: int, groups: Collection[str]) -> dict[str, _Seen]:
        """The base interval's summary of each of the groups, and when it was appended."""
        seen: dict[str, _Seen] = {}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(seen) < len(groups):
            self.worker.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(seen)} of {len(groups)} groups closed in time")
            for message in self.consumer.consume(1000, 0.1):
                if message.error() is not None:
                    continue
                key = parse_interval_key(message.key())
                if not isinstance(key, SummaryKey) or key.group not in groups:
                    continue
                if (key.start_us, key.rung_seconds) == (start_us, self.shape.interval_seconds):
                    row = decode_interval_row(message.value() or b"")
                    if isinstance(row, Summary):
                        seen[key.group] = _Seen(message.timestamp()[1], row)
        return seen

    def _check(self, seen: Mapping[str, _Seen]) -> None:
        for group, rows in answers(self.shape).items():
            right = sum(row.changed_tracks for row in rows)
            if seen[group].summary.changed_tracks_or != right:
                found = seen[group].summary.changed_tracks_or
                raise WrongAnswer(f"group {group}: {found} tracks changed, must be {right}")


@contextmanager
def _open(site: Site, groups: int, shell: Shell) -> Iterator[Mapping[str, Measure]]:
    shape = shape_of(groups)
    answers(shape)
    layout = site.layout()
    names = (*shape.group_names, *canary_names(layout.partitions))
    definitions = (encode_message(name, Define(definition(shape, name))) for name in names)
    log = fill(site.bootstrap, layout, definitions)
    source = Source(log.bootstrap, log.layout.prefix)
    running = running_worker(log.bootstrap, log.layout, site.folder, shell=shell)
    with running as worker, source.consumer() as consumer:
        await_marks(log, worker)
        topic = log.layout.name("intervals")
        consumer.assign([TopicPartition(topic, number, 0) for number in range(log.layout.partitions)])
        yield {"worker": _Stage(shape, log, worker, consumer).run}
    drop(log)


def _messages(shape: Shape, shift_us: int, interval: int) -> Iterator[tuple[str, AgentMessage]]:
    """The writes of the data set in a later interval, two messages of each agent further on."""
    for group, body in bodies(shape):
        if isinstance(body, AgentMessage) and body.writes is not None:
            origin = replace(
                body.origin,
                sequence=2 * interval,
                observed_from_us=START_US + shift_us,
                watermark_us=body.origin.watermark_us + shift_us,
            )
            writes = replace(body.writes, time_us=body.writes.time_us + shift_us)
            yield group, AgentMessage("writes", origin, writes)
