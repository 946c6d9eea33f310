"""Bytewax on one write per message: windows of event time, folded into a set of tracks per volume."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import TestingSink, run_main
from fetches import SETTINGS, begin_with_first_fetch
from meter import Job, Meter
from single import read_write

JOB = Job.from_arguments()
METER = Meter(JOB)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Write = tuple[int, int, int]


class Table:
    """The tracks, writes and bytes of a volume in an interval."""

    __slots__ = ("tracks", "writes", "written")

    def __init__(self) -> None:
        self.tracks: set[int] = set()
        self.writes = 0
        self.written = 0


def write_of_volume(message: KafkaSourceMessage) -> tuple[str, Write]:
    """The volume and the write of a message."""
    return message.key.decode(), read_write(message.value)


def time_of(write: Write) -> datetime:
    """The event time of a write."""
    return EPOCH + timedelta(microseconds=write[0])


def mark(table: Table, write: Write) -> Table:
    """Adds a write to the table."""
    _, offset, length = write
    table.tracks.update(range(offset // JOB.track_bytes, (offset + length - 1) // JOB.track_bytes + 1))
    table.writes += 1
    table.written += length
    METER.done()
    return table


def merge(one: Table, other: Table) -> Table:
    """Needed for sessions only; tumbling windows never merge."""
    raise NotImplementedError


rows: list[tuple[str, tuple[int, Table]]] = []
flow = Dataflow("tracks")
consumer = {**SETTINGS, "logger": begin_with_first_fetch(METER)}
source = KafkaSource([JOB.bootstrap], [JOB.topic], tail=False, add_config=consumer)
messages = op.input("topic", flow, source)
writes = op.map("write", messages, write_of_volume)
clock = EventClock(time_of, wait_for_system_duration=timedelta(hours=1))
windower = TumblingWindower(length=timedelta(seconds=JOB.interval_seconds), align_to=EPOCH)
# The log is in order for each volume; sorting it again would only cost.
windows = fold_window("tables", writes, clock, windower, Table, mark, merge, ordered=False)
op.output("rows", windows.down, TestingSink(rows))
run_main(flow)
METER.answer(
    (volume, number * JOB.interval_seconds * 1_000_000, len(table.tracks), table.writes, table.written)
    for volume, (number, table) in rows
)
