"""Bare consumption of a writes topic: the ceiling of anything that reads it with the same client.

From the assignment of the partitions, before the first fetch request, to the last message of the data set;
connections are there by then. Nothing is done with a message but to count it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AioPartition
from confluent_kafka import Consumer, TopicPartition

from bench.running import Figures, WrongAnswer
from bench.topics import Log

__all__ = ["drain_aiokafka", "drain_confluent"]

_AT_ONCE = 500
_WAIT_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0
_FETCH_BYTES = 4 << 20  # as the worker


def drain_confluent(log: Log, writes: int) -> Figures:
    """Reads all of it with confluent-kafka as it comes out of the box."""
    consumer = Consumer(
        {"bootstrap.servers": log.bootstrap, "group.id": "bench-drain", "enable.auto.commit": False}
    )
    try:
        partitions = [TopicPartition(log.topic, number, 0) for number in log.ends]
        for partition in partitions:  # asks its leader, so that the connection is there
            consumer.get_watermark_offsets(partition, timeout=_PATIENCE_SECONDS)
        begin = _Clock()
        consumer.assign(partitions)
        messages = value_bytes = 0
        heard = time.monotonic()
        while messages < log.messages and time.monotonic() - heard < _PATIENCE_SECONDS:
            # It waits until it has as many as it was asked for.
            for message in consumer.consume(min(_AT_ONCE, log.messages - messages), _WAIT_SECONDS):
                if message.error() is None and (message.offset() or 0) < log.ends[message.partition() or 0]:
                    messages += 1
                    value_bytes += len(message.value() or b"")
                    heard = time.monotonic()
        return _figures(begin, log, writes, (messages, value_bytes))
    finally:
        consumer.close()


def drain_aiokafka(log: Log, writes: int) -> Figures:
    """Reads all of it with aiokafka, with fetches as large as the worker's."""
    return asyncio.run(_drain_aiokafka(log, writes))


async def _drain_aiokafka(log: Log, writes: int) -> Figures:
    consumer: Any = cast("Any", AIOKafkaConsumer)(  # its methods have no annotations
        bootstrap_servers=log.bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=_FETCH_BYTES
    )
    await consumer.start()
    try:
        partitions = [AioPartition(log.topic, number) for number in log.ends]
        await consumer.end_offsets(partitions)
        begin = _Clock()
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        messages = value_bytes = 0
        heard = time.monotonic()
        while messages < log.messages and time.monotonic() - heard < _PATIENCE_SECONDS:
            batches = await consumer.getmany(timeout_ms=int(_WAIT_SECONDS * 1000))
            for partition, batch in batches.items():
                end = log.ends[partition.partition]
                ours = batch if batch[-1].offset < end else [r for r in batch if r.offset < end]
                messages += len(ours)
                value_bytes += sum(len(record.value or b"") for record in ours)
                heard = time.monotonic()
        return _figures(begin, log, writes, (messages, value_bytes))
    finally:
        await consumer.stop()


class _Clock:
    """Seconds on the wall and of all our threads since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def seconds(self) -> tuple[float, float]:
        """Wall and CPU."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def _figures(clock: _Clock, log: Log, writes: int, found: tuple[int, int]) -> Figures:
    wall, cpu = clock.seconds()
    if found != (log.messages, log.value_bytes):
        raise WrongAnswer(
            f"{found[0]} messages with {found[1]} bytes came, {log.messages} with {log.value_bytes} went in"
        )
    return {"writes/s": writes / wall, "CPU s/M writes": cpu / (writes / 1e6)}
