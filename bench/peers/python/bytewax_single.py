"""Bytewax on one write per message: a stateful step per volume with sets of tracks by interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, run_main
from fetches import SETTINGS, begin_with_first_fetch
from meter import Job, Meter
from single import read_write

JOB = Job.from_arguments()
METER = Meter(JOB)
INTERVAL_US = JOB.interval_seconds * 1_000_000

Row = tuple[int, int, int, int]


class VolumeTables(StatefulBatchLogic[bytes, Row, None]):
    """The tables of a volume; its rows come out at the end of the topic."""

    def __init__(self) -> None:
        self._tracks: defaultdict[int, set[int]] = defaultdict(set)
        self._counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def on_batch(self, values: list[bytes]) -> tuple[Iterable[Row], bool]:
        """Marks some writes."""
        for value in values:
            time_us, offset, length = read_write(value)
            interval = time_us // INTERVAL_US
            last = (offset + length - 1) // JOB.track_bytes
            self._tracks[interval].update(range(offset // JOB.track_bytes, last + 1))
            counts = self._counts[interval]
            counts[0] += 1
            counts[1] += length
        METER.done(len(values))
        return (), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Row], bool]:
        """Everything that was found."""
        rows = [
            (interval * INTERVAL_US, len(self._tracks[interval]), *counts)
            for interval, counts in self._counts.items()
        ]
        return rows, StatefulBatchLogic.DISCARD

    def snapshot(self) -> None:
        """Nothing is recovered."""


def by_volume(message: KafkaSourceMessage) -> tuple[str, bytes]:
    """The volume and the write of a message."""
    return message.key.decode(), message.value


rows: list[tuple[str, Row]] = []
flow = Dataflow("tracks")
consumer = {**SETTINGS, "logger": begin_with_first_fetch(METER)}
source = KafkaSource([JOB.bootstrap], [JOB.topic], tail=False, add_config=consumer)
messages = op.input("topic", flow, source)
writes = op.map("write", messages, by_volume)
found = op.stateful_batch("tables", writes, lambda _: VolumeTables())
op.output("rows", found, TestingSink(rows))
run_main(flow)
METER.answer((volume, *row) for volume, row in rows)
