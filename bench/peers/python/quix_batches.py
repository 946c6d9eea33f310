"""Quix Streams on Arrow batches: a process dictionary, or the same as a cache of state in RocksDB.

With state, every batch adds one delta to it: the tracks that were not there before. They go to RocksDB and
its changelog topic with Quix's checkpoints, and are read back when a group is met for the first time.
"""

from __future__ import annotations

import pickle

from checkpoints import end_with_checkpoint
from fetches import SETTINGS, begin_with_first_fetch
from marks import DenseTables, RoaringTables, read_batch, tables
from meter import Job, Meter
from quixstreams import Application, State

JOB = Job.from_arguments()
METER = Meter(JOB)
HELD: dict[bytes, DenseTables | RoaringTables] = {}
DURABLE = bool(JOB.state_folder)
tables(JOB)  # compiles before the time runs


def is_writes(_value: bytes, _key: bytes, _timestamp: int, headers: list[tuple[str, bytes]]) -> bool:
    """Definitions and farewells are on the topic as well."""
    return ("kind", b"writes") in headers


def take(value: bytes, key: bytes, _timestamp: int, _headers: list[tuple[str, bytes]]) -> None:
    """Marks a batch in this process's memory."""
    if key not in HELD:
        HELD[key] = tables(JOB)
    if METER.done(HELD[key].mark(read_batch(value))):
        app.stop()


def take_durably(
    value: bytes, key: bytes, _timestamp: int, _headers: list[tuple[str, bytes]], state: State
) -> None:
    """The same, and what is new goes into the state."""
    if key not in HELD:
        HELD[key] = restored(state)
    mine = HELD[key]
    writes = mine.mark(read_batch(value))
    number = state.get("deltas", 0)
    delta = [(start, mine.names(), fresh, *mine.counters(start)) for start, fresh in mine.fresh]
    state.set_bytes(number, pickle.dumps(delta))
    state.set("deltas", number + 1)
    if METER.done(writes):
        app.stop()


def restored(state: State) -> DenseTables:
    """The tables that the deltas in the state add up to."""
    mine = DenseTables(JOB)
    for number in range(state.get("deltas", 0)):
        for start, names, fresh, writes, written in pickle.loads(state.get_bytes(number)):  # noqa: S301  # our own
            mine.restore(start, names, fresh, writes, written)
    return mine


app = Application(
    broker_address=JOB.bootstrap,
    consumer_group=JOB.run,
    auto_offset_reset="earliest",
    state_dir=JOB.state_folder or None,
    loglevel="WARNING",
    consumer_extra_config=dict(SETTINGS),
)
batches = app.dataframe(app.topic(JOB.topic, key_deserializer="bytes", value_deserializer="bytes"))
batches = batches.filter(is_writes, metadata=True)
if DURABLE:
    batches.update(take_durably, metadata=True, stateful=True)
else:
    batches.update(take, metadata=True)
begin_with_first_fetch(METER, "quixstreams.kafka.consumer")
if DURABLE:
    end_with_checkpoint(app, METER)
app.run()
METER.answer(row for mine in HELD.values() for row in mine.rows())
