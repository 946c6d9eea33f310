"""Bytewax on Arrow batches: a stateful step per group that marks every batch in its tables."""

from __future__ import annotations

from collections.abc import Iterable

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, run_main
from fetches import SETTINGS, begin_with_first_fetch
from marks import read_batch, tables
from meter import Job, Meter, Row

JOB = Job.from_arguments()
METER = Meter(JOB)
tables(JOB)  # compiles before the time runs


class GroupTables(StatefulBatchLogic[bytes, Row, None]):
    """The tables of a group; its rows come out at the end of the topic."""

    def __init__(self) -> None:
        self._tables = tables(JOB)

    def on_batch(self, values: list[bytes]) -> tuple[Iterable[Row], bool]:
        """Marks some messages."""
        for value in values:
            METER.done(self._tables.mark(read_batch(value)))
        return (), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Row], bool]:
        """Everything that was found."""
        return list(self._tables.rows()), StatefulBatchLogic.DISCARD

    def snapshot(self) -> None:
        """Nothing is recovered."""


def writes_of_group(message: KafkaSourceMessage) -> tuple[str, bytes] | None:
    """The group and the batch of a message; None where it is a definition or a farewell."""
    if ("kind", b"writes") not in message.headers:
        return None
    return message.key.decode(), message.value


rows: list[tuple[str, Row]] = []
flow = Dataflow("tracks")
consumer = {**SETTINGS, "logger": begin_with_first_fetch(METER)}
source = KafkaSource([JOB.bootstrap], [JOB.topic], tail=False, add_config=consumer, batch_size=64)
messages = op.input("topic", flow, source)
batches = op.filter_map("writes", messages, writes_of_group)
found = op.stateful_batch("tables", batches, lambda _: GroupTables())
op.output("rows", found, TestingSink(rows))
run_main(flow)
METER.answer(row for _, row in rows)
