"""Naive Faust on one write per message: a table with a row per track, another with counters per interval."""

from __future__ import annotations

import asyncio
import os
import traceback

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from meter import Job, Meter
from single import read_write

JOB = Job.from_arguments()
METER = Meter(JOB)
INTERVAL_US = JOB.interval_seconds * 1_000_000
PARTITIONS = 8

app = faust.App(
    JOB.run,
    broker=f"kafka://{JOB.bootstrap}",
    store="memory://",
    topic_partitions=PARTITIONS,
    web_enabled=False,
)
topic = app.topic(JOB.topic, key_serializer="raw", value_serializer="raw")
tracks = app.Table("tracks", default=int)
counters = app.Table("counters", default=list)


@app.on_partitions_assigned.connect
async def begin(*_: object, **__: object) -> None:
    """Lets the time begin; Faust holds the partitions back until its tables are there."""
    METER.begin()


@app.agent(topic)
async def mark(stream: faust.StreamT) -> None:
    """Marks every write in the tables; Faust sends each change to a changelog topic."""
    try:
        await mark_all(stream)
    except Exception:  # noqa: BLE001  # Faust would start the agent again, behind the write that failed
        traceback.print_exc()
        os._exit(1)


async def mark_all(stream: faust.StreamT) -> None:
    """Until all are marked."""
    async for key, value in stream.items():
        time_us, offset, length = read_write(value)
        volume, interval = key.decode(), time_us // INTERVAL_US
        for track in range(offset // JOB.track_bytes, (offset + length - 1) // JOB.track_bytes + 1):
            tracks[volume, interval, track] += 1
        writes, written = counters[volume, interval] or (0, 0)
        counters[volume, interval] = [writes + 1, written + length]
        if METER.done():
            answer()


def answer() -> None:
    """Prints what was found and ends; nobody waits for the orderly end of the app."""
    found: dict[tuple[str, int], int] = {}
    for volume, interval, _ in tracks:
        found[volume, interval] = found.get((volume, interval), 0) + 1
    METER.answer(
        (volume, interval * INTERVAL_US, found[volume, interval], *counts)
        for (volume, interval), counts in counters.items()
    )
    os._exit(0)


async def create_changelogs() -> None:
    """Creates what Faust itself would, but now and then uses before it knows the partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=JOB.bootstrap)
    await admin.start()
    names = [table.changelog_topic_name for table in (tracks, counters)]
    compacted = {"cleanup.policy": "compact"}
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=compacted) for name in names])
    while any(  # noqa: ASYNC110  # nothing but asking tells
        len(found["partitions"]) < PARTITIONS for found in await admin.describe_topics(names)
    ):
        await asyncio.sleep(0.1)
    await admin.close()


if __name__ == "__main__":
    asyncio.run(create_changelogs())
    worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()
