"""Naive Faust on one write per message: a table with a row per track, another with counters per interval."""

from __future__ import annotations

import os

import faust
from meter import Job, Meter
from single import read_write

JOB = Job.from_arguments()
METER = Meter(JOB)
INTERVAL_US = JOB.interval_seconds * 1_000_000

app = faust.App(
    JOB.run, broker=f"kafka://{JOB.bootstrap}", store="memory://", topic_partitions=8, web_enabled=False
)
topic = app.topic(JOB.topic, key_serializer="raw", value_serializer="raw")
tracks = app.Table("tracks", default=int)
counters = app.Table("counters", default=list)


@app.agent(topic)
async def mark(stream: faust.StreamT) -> None:
    """Marks every write in the tables; Faust sends each change to a changelog topic."""
    async for key, value in stream.items():
        METER.begin()
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


if __name__ == "__main__":
    worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()
