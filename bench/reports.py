"""The reports of a month as an operator asks for them: `python -m bench.reports [--volumes N] [--days N]`.

A group of volumes of 1 TiB in tracks of 64 KiB is put onto an embedded Kafka, encoded as a worker does it: of
each 5 minutes and volume 200 changed tracks, 40 of them scattered over 8,192 hot ones, the rest in runs of 32
anywhere. One day is made at random; of every later day each volume has the tables that another one had on the
first, so that no volume ever has the same twice. Then `linkgauge report` is run as a process. Its memory is
what it and its helpers have resident together, sampled; Kafka's is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from confluent_kafka import Producer

from streams.broker.layout import TopicLayout
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import create_topics
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.definitions import encode_version
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.record import Record
from streams.wire.tables import encode_tables

__all__ = ["main"]

_GROUP = "month"
_STEP, _SLOT, _TRACK = 300, 10, 65_536
_SIZE = 1 << 40
_BY_DAY = 86_400 // _STEP
_SINGLE, _HOT, _RUNS, _LENGTH = 40, 8192, 5, 32
_SHIFT = 37  # by so many places the tables move from volume to volume every day
_START_US = 1_790_726_400 * US
_PAUSE_SECONDS = 0.25  # looking for helpers among all processes is not free
_LINK = """\
[links.east]
groups = ["month"]
path_bits_per_second = 10e9
paths = 4
rpo_seconds = 900
"""


def main() -> None:
    """Fills the topics, runs both reports, and prints what they took."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=100)
    parser.add_argument("--days", type=int, default=31)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker(Path(folder, "kafka"), 0) as broker:
        began = time.perf_counter()
        create_topics(broker.bootstrap, TopicLayout())
        value_bytes = _fill(broker.bootstrap, options.volumes, options.days)
        entries = options.volumes * options.days * _BY_DAY
        print(
            f"{entries:,} entries, {value_bytes / 1e6:,.0f} MB before compression, written in "
            f"{time.perf_counter() - began:.0f} s"
        )
        Path(folder, "linkgauge.toml").write_text(f'[broker]\nbootstrap = "{broker.bootstrap}"\n{_LINK}')
        for asked in (["group", _GROUP], ["link", "east"]):
            ran = _run(Path(folder), asked)
            told = json.loads(ran.said)
            whole = told["fold"][-1]
            print(
                f"report {' '.join(asked)}: {ran.seconds:.1f} s, {ran.cpu_seconds:.1f} s of processor time, "
                f"{ran.peak_bytes / 2**20:,.0f} MiB resident "
                f"at most in {ran.processes} processes; SUM {told['sum']['changed_bytes']:,} B, "
                f"OR {told['or']['changed_bytes']:,} B, fold {whole['fold_factor']:.4f}"
            )
            if "summary" in told:
                print(f"B* {told['summary']['bits_per_second']:.6g} bit/s for an RPO of 900 s")


def _fill(bootstrap: str, volumes: int, days: int) -> int:
    producer = Producer(
        {"bootstrap.servers": bootstrap, "compression.type": "zstd", "queue.buffering.max.kbytes": 262_144}
    )
    names = [f"array-{number // 10:03}/volume-{number:04}" for number in range(volumes)]
    partition = partition_of(writes_key(_GROUP), TopicLayout().partitions)
    random = np.random.default_rng(1)
    pairs = (name.split("/") for name in names)
    members = tuple(Member(array, volume, _SIZE) for array, volume in pairs)
    geometry = Geometry(track_bytes=_TRACK, interval_seconds=_STEP, slot_seconds=_SLOT, rungs_seconds=())
    defined = encode_version(Version(1, None, 0, Definition(_GROUP, members, geometry)))
    _send(producer, "groups", 0, defined)
    total = 0
    for place in range(_BY_DAY):
        made = [_entry(random) for _ in names]
        for day in range(days):
            record = _record(random, names, made, day, place)
            total += len(record.value or b"")
            _send(producer, "tables", partition, record)
    if left := producer.flush(60):
        raise TimeoutError(f"{left} messages are not acknowledged: look at the broker")
    return total


def _entry(random: np.random.Generator) -> Entry:
    single = random.integers(0, _HOT, _SINGLE).astype(np.uint64)
    first = random.integers(0, _SIZE // _TRACK - _LENGTH, _RUNS).astype(np.uint64)
    table = BitTable()
    table.mark(np.concatenate([single, first]), np.concatenate([single, first + np.uint64(_LENGTH - 1)]))
    return Entry("", _SIZE, _TRACK, table, 400, 400 * 8192, [])


def _record(
    random: np.random.Generator, names: Sequence[str], made: Sequence[Entry], day: int, place: int
) -> Record:
    start_us = _START_US + (day * _BY_DAY + place) * _STEP * US
    spans = [(start_us, start_us + _STEP * US)]
    entries = tuple(
        replace(made[(number + _SHIFT * day) % len(made)], volume=name, covered=spans)
        for number, name in enumerate(names)
    )
    slots = tuple(random.lognormal(20, 1, _STEP // _SLOT).astype(np.int64).tolist())
    interval = Interval(_GROUP, 1, _STEP, start_us, 0, False, entries, _SLOT, slots, 0, 0)
    (record,) = encode_tables(interval)
    return record


def _send(producer: Producer, suffix: str, partition: int, record: Record) -> None:
    while True:
        try:
            producer.produce(
                TopicLayout().name(suffix), record.value, record.key, partition, headers=list(record.headers)
            )
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


@dataclass(frozen=True, slots=True)
class _Ran:
    said: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    processes: int


def _run(folder: Path, asked: Sequence[str]) -> _Ran:
    """Runs `linkgauge report`, and looks at its memory while it runs."""
    began, used = time.perf_counter(), _cpu_seconds()
    command = [str(Path(sys.executable).with_name("linkgauge")), "report", *asked, "--json"]
    with Path(folder, "said.json").open("w+") as said:
        with subprocess.Popen(command, cwd=folder, stdout=said) as running:
            peak, most = 0, 0
            while running.poll() is None:
                resident = _resident_bytes(running.pid)
                peak, most = max(peak, sum(resident)), max(most, len(resident))
                time.sleep(_PAUSE_SECONDS)
        seconds = time.perf_counter() - began
        if running.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with code {running.returncode}")
        said.seek(0)
        return _Ran(said.read(), seconds, _cpu_seconds() - used, peak, most)


def _cpu_seconds() -> float:
    """Of all processes that were started here, and that these started, as far as they have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident_bytes(pid: int) -> list[int]:
    """Of a process and of all that it has started."""
    try:
        process = psutil.Process(pid)
        return [each.memory_info().rss for each in (process, *process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    main()
