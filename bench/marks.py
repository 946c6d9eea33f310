"""How long a worker's job took: from the assignment of its partitions to the last mark on the state topic.

The job begins when the broker has given the partitions to the worker: nothing can have been fetched before.
It is looked at every 10 ms, and what was seen last without an assignment counts. The mark of a group's last
message is written after everything that this message closed; the job ends with the broker's append time of
the last one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.process import WorkerProcess
from bench.topics import Log
from streams.store.source import Source
from streams.wire.keys import parse_state_key

__all__ = ["Span", "await_last_marks", "await_marks", "members_with_partitions"]


_LOOK_SECONDS = 0.01


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
    begin_seconds, start_cpu_seconds = _await_assignment(log, worker, time.monotonic() + timeout_seconds)
    last_seconds = await_last_marks(log, worker, timeout_seconds)
    cpu_seconds = worker.cpu_seconds() - start_cpu_seconds
    return Span(last_seconds - begin_seconds, cpu_seconds, start_cpu_seconds)


def await_last_marks(log: Log, worker: WorkerProcess, timeout_seconds: float = 900.0) -> float:
    """The same, when the broker had the last of them, in seconds since 1970."""
    deadline = time.monotonic() + timeout_seconds
    waiting, last_seconds = dict(log.last), 0.0
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
            key = parse_state_key(message.key())
            if key.offset >= waiting.get(key.group, key.offset + 1):
                del waiting[key.group]
    return last_seconds


def _await_assignment(log: Log, worker: WorkerProcess, deadline: float) -> tuple[float, float]:
    """Seconds since 1970 when the worker had no partitions yet, and its processor time then.

    Where it has them already, the answer is now.
    """
    group = log.layout.prefix + "worker"
    admin = AdminClient({"bootstrap.servers": log.bootstrap, "log_level": 0})
    while True:
        before = time.time(), worker.cpu_seconds()
        if members_with_partitions(admin, group):
            return before
        worker.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"consumer group {group} has no partitions")
        time.sleep(_LOOK_SECONDS)


def members_with_partitions(admin: AdminClient, group: str) -> int:
    """How many members of a consumer group have partitions."""
    try:
        found = admin.describe_consumer_groups([group])[group].result()
    except KafkaException:  # there is no such group yet
        return 0
    return sum(bool(member.assignment.topic_partitions) for member in found.members)
