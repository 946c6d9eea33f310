"""Waiting for a worker by what it makes durable: the marks of its groups on the state topic.

The mark of a group's last message is written after everything that this message closed, so the time of the
work goes from the first mark, that of a definition, to the last one. Both times are those of the rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from confluent_kafka import TopicPartition

from bench.process import WorkerProcess
from bench.topics import Log
from streams.store.source import Source
from streams.wire.keys import parse_state_key

__all__ = ["Span", "await_marks"]


@dataclass(frozen=True, slots=True)
class Span:
    """How long the work took, on the clock and of the worker's processor time; what its start took before."""

    seconds: float
    cpu_seconds: float
    start_cpu_seconds: float


def await_marks(log: Log, worker: WorkerProcess, timeout_seconds: float = 900.0) -> Span:
    """Returns once the last message of every group of the log has its mark.

    Raises:
        TimeoutError: it has not within the time.
        RuntimeError: the worker ended.
    """
    waiting = dict(log.last)
    first_seconds = last_seconds = start_cpu_seconds = 0.0
    deadline = time.monotonic() + timeout_seconds
    with Source(log.bootstrap, log.layout.prefix).consumer() as consumer:
        topic = log.layout.name("state")
        consumer.assign([TopicPartition(topic, number, 0) for number in range(log.layout.partitions)])
        while waiting:
            message = consumer.poll(0.5)
            if message is None or message.error() is not None:
                worker.check()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{len(waiting)} groups are not done after {timeout_seconds:g} s")
                continue
            last_seconds = message.timestamp()[1] / 1000
            if not first_seconds:
                first_seconds, start_cpu_seconds = last_seconds, worker.cpu_seconds()
            key = parse_state_key(message.key())
            if key.offset >= waiting.get(key.group, key.offset + 1):
                del waiting[key.group]
    cpu_seconds = worker.cpu_seconds() - start_cpu_seconds
    return Span(last_seconds - first_seconds, cpu_seconds, start_cpu_seconds)
