"""Quix Streams on one write per message: sets in a process dictionary, or a value per track in RocksDB."""

from __future__ import annotations

from collections import defaultdict

from checkpoints import end_with_checkpoint
from fetches import SETTINGS, begin_with_first_fetch
from meter import Job, Meter
from quixstreams import Application, State
from single import read_write

JOB = Job.from_arguments()
METER = Meter(JOB)
INTERVAL_US = JOB.interval_seconds * 1_000_000
DURABLE = bool(JOB.state_folder)

TRACKS: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
COUNTS: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])


def take(value: bytes, key: bytes, _timestamp: int, _headers: object) -> None:
    """Marks one write in this process's memory."""
    time_us, offset, length = read_write(value)
    place = key.decode(), time_us // INTERVAL_US
    TRACKS[place].update(range(offset // JOB.track_bytes, (offset + length - 1) // JOB.track_bytes + 1))
    COUNTS[place][0] += 1
    COUNTS[place][1] += length
    if METER.done():
        app.stop()


def take_durably(value: bytes, key: bytes, _timestamp: int, _headers: object, state: State) -> None:
    """Marks one write in the state of its volume; FOUND only holds what the answer is checked by."""
    time_us, offset, length = read_write(value)
    interval = time_us // INTERVAL_US
    tracks, writes, written = state.get(interval, (0, 0, 0))
    for track in range(offset // JOB.track_bytes, (offset + length - 1) // JOB.track_bytes + 1):
        name = f"{interval}/{track}"
        if not state.exists(name):
            state.set(name, 1)
            tracks += 1
    state.set(interval, (tracks, writes + 1, written + length))
    FOUND[key.decode(), interval] = tracks, writes + 1, written + length
    if METER.done():
        app.stop()


FOUND: dict[tuple[str, int], tuple[int, int, int]] = {}

app = Application(
    broker_address=JOB.bootstrap,
    consumer_group=JOB.run,
    auto_offset_reset="earliest",
    state_dir=JOB.state_folder or None,
    loglevel="WARNING",
    consumer_extra_config=dict(SETTINGS),
)
writes_of_volumes = app.dataframe(app.topic(JOB.topic, key_deserializer="bytes", value_deserializer="bytes"))
if DURABLE:
    writes_of_volumes.update(take_durably, metadata=True, stateful=True)
else:
    writes_of_volumes.update(take, metadata=True)
begin_with_first_fetch(METER, "quixstreams.kafka.consumer")
if DURABLE:
    end_with_checkpoint(app, METER)
app.run()
for place, (writes, written) in COUNTS.items():
    FOUND[place] = len(TRACKS[place]), writes, written
METER.answer((volume, start * INTERVAL_US, *counts) for (volume, start), counts in FOUND.items())
