"""Reports of real traces, through Kafka and a worker: SUM, OR and fold curve of a count from the raw file.

LINKGAUGE_TRACES names the folder of the traces; without it there is nothing here to collect.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.agents.admission import Wish
from streams.agents.recording import recording_of_trace
from streams.agents.replay import replay
from streams.agents.traces import TraceOptions, read_trace
from streams.broker.topics import TopicLayout, create_topics
from streams.cli import app
from streams.model.intervals import US
from streams.store import Source
from streams.wire.times import parse_time
from tests.integration.workers import Workers

pytestmark = pytest.mark.broker

FOLDER = os.environ.get("LINKGAUGE_TRACES")
TRACK, STEP = 65_536, 300
FILES = {
    "msr/rsrch_1.csv": ("msr", STEP),
    "msr/wdev_1.csv": ("msr", STEP),
    "msr/wdev_3.csv": ("msr", STEP),
    "mbpar_blkparse.txt.gz": ("blkparse", 10),
    "tpcc-small.trace": ("ssdsim", 10),
}


@pytest.fixture(scope="module")
def site(broker, tmp_path_factory) -> Iterator[Source]:
    """One worker that measures all traces."""
    layout = TopicLayout(prefix="reports.", partitions=2)
    create_topics(broker.bootstrap, layout)
    workers = Workers(broker.bootstrap, layout, tmp_path_factory.mktemp("worker"))
    workers.start("w0")
    yield Source(broker.bootstrap, layout.prefix)
    assert workers.stop_all() == {"w0": 0}


def counted(file: str, kind: str, step: int) -> tuple[dict[int, set[tuple[str, int]]], int]:
    """Tracks by interval, and bytes written, write by write."""
    assert FOLDER is not None
    writes = read_trace([Path(FOLDER, file)], TraceOptions(format=kind)).writes
    tables: dict[int, set[tuple[str, int]]] = {}
    assert writes.discard is None
    columns = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
    for time_us, volume, offset, length in zip(*(column.tolist() for column in columns), strict=True):
        if length:
            touched = range(offset // TRACK, (offset + length - 1) // TRACK + 1)
            name = writes.volumes[volume]
            tables.setdefault(time_us // (step * US), set()).update((name, track) for track in touched)
    return tables, int(writes.length_bytes.sum())


def unique(tables: dict[int, set[tuple[str, int]]], first: int, count: int, length: int) -> list[int]:
    """Unique tracks of every window of so many intervals, one interval in and one out at a time."""
    inside: Counter[tuple[str, int]] = Counter()
    sizes, size = [], 0
    for place in range(count):
        entering, leaving = (tables.get(first + at, set()) for at in (place, place - length))
        size += sum(not inside[track] for track in entering)
        inside.update(entering)
        if place >= length:
            inside.subtract(leaving)
            size -= sum(not inside[track] for track in leaving)
        if place >= length - 1:
            sizes.append(size)
    return sizes


if FOLDER is not None:

    @pytest.mark.parametrize("file", FILES)
    def test_the_report_of_a_trace_is_that_of_its_raw_file(site, file, tmp_path, monkeypatch):
        kind, step = FILES[file]
        recording = recording_of_trace(read_trace([Path(FOLDER, file)], TraceOptions(format=kind)))
        replay(site, recording, Wish(file, TRACK, step))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LINKGAUGE_BROKER__TOPIC_PREFIX", site.topic_prefix)
        # Some traces are shorter than an interval.
        asked = ["report", "group", file, "--json", "--least-coverage", "0", "--bootstrap", site.bootstrap]
        ended = CliRunner().invoke(app, asked)
        assert ended.exit_code == 0, ended.output
        told = json.loads(ended.stdout)
        tables, written = counted(file, kind, step)
        assert told["sum"]["changed_tracks"] == sum(map(len, tables.values()))
        assert told["or"]["changed_tracks"] == len(set().union(*tables.values()))
        assert told["written_bytes"] == written
        first, end = (parse_time(told[edge]) // (step * US) for edge in ("start", "end"))
        # A trace begins and ends within intervals: these edges are gaps, and there is none between them.
        assert bool(told["gaps"]) == (told["coverage"] < 1)
        for gap in told["gaps"]:
            low, high = (parse_time(gap[edge]) for edge in ("start", "end"))
            assert high <= (first + 1) * step * US or low >= (end - 1) * step * US
        for row in told["fold"]:
            sizes = unique(tables, first, end - first, row["cycle_seconds"] // step)
            assert row["mean_tracks"] == pytest.approx(sum(sizes) / len(sizes), rel=1e-9)
            assert row["most_bytes"] == max(sizes) * TRACK
