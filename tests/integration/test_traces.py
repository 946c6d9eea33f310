"""Real traces through Kafka and a worker: per volume and interval exactly what a brute-force count says.

LINKGAUGE_TRACES names the folder of the traces; without it there is nothing here to collect.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.agents.admission import Wish
from streams.agents.brute import Row, measure
from streams.agents.recording import recording_of_trace
from streams.agents.replay import ReplayOptions, replay
from streams.agents.traces import TraceOptions, read_trace
from streams.broker.topics import TopicLayout, create_topics
from streams.store import Source, read_group_state, read_intervals, read_summaries
from tests.agents.replaying import stored
from tests.integration.workers import Workers
from tests.waiting import eventually

pytestmark = [pytest.mark.broker, pytest.mark.long]

FOLDER = os.environ.get("LINKGAUGE_TRACES")
FORMATS = {
    "msr/rsrch_1.csv": "msr",
    "msr/wdev_1.csv": "msr",
    "msr/wdev_3.csv": "msr",
    "mbpar_blkparse.txt.gz": "blkparse",
    "tpcc-small.trace": "ssdsim",
}
KNOWN = {
    "msr/rsrch_1.csv": (5689, 97, 533),
    "msr/wdev_1.csv": (307, 91, 5),
    "msr/wdev_3.csv": (281, 82, 5),
    "mbpar_blkparse.txt.gz": (977, 1, 977),
    "tpcc-small.trace": (2781, 1, 2781),
}
GEOMETRIES = [
    *((file, 65_536, 300, "writes") for file in FORMATS),
    ("msr/rsrch_1.csv", 4096, 300, "tracks"),
    ("msr/rsrch_1.csv", 56_664, 60, "writes"),
    ("msr/wdev_1.csv", 512, 300, "json"),
    ("msr/wdev_3.csv", 512, 300, "writes"),
    ("msr/rsrch_1.csv", 4096, 10, "writes"),  # a week in 60,000 intervals, most of them idle
    ("msr/wdev_1.csv", 56_664, 60, "json"),
    ("msr/wdev_3.csv", 512, 60, "tracks"),
    ("mbpar_blkparse.txt.gz", 512, 10, "writes"),
    ("mbpar_blkparse.txt.gz", 4096, 10, "tracks"),
    ("mbpar_blkparse.txt.gz", 56_664, 10, "json"),
    ("tpcc-small.trace", 512, 10, "tracks"),
    ("tpcc-small.trace", 4096, 60, "json"),
    ("tpcc-small.trace", 56_664, 10, "writes"),
]


@pytest.fixture(scope="module")
def site(broker, tmp_path_factory) -> Iterator[Source]:
    """One worker that measures all traces."""
    layout = TopicLayout(prefix="traces.", partitions=2)
    create_topics(broker.bootstrap, layout)
    workers = Workers(broker.bootstrap, layout, tmp_path_factory.mktemp("worker"))
    workers.start("w0")
    yield Source(broker.bootstrap, layout.prefix)
    assert workers.stop_all() == {"w0": 0}


def replayed(source: Source, file: str, track_bytes: int, interval_seconds: int, kind: str) -> str:
    """Replays the trace into a group of its own; the group's name."""
    assert FOLDER is not None
    trace = read_trace([Path(FOLDER, file)], TraceOptions(format=FORMATS[file]))
    group = f"{file}-{track_bytes}-{interval_seconds}-{kind}"
    wish = Wish(group, track_bytes, interval_seconds)
    replay(source, recording_of_trace(trace), wish, ReplayOptions(kind))
    return group


def counted(file: str, track_bytes: int, interval_seconds: int) -> list[Row]:
    assert FOLDER is not None
    trace = read_trace([Path(FOLDER, file)], TraceOptions(format=FORMATS[file]))
    return measure(trace.writes, track_bytes, interval_seconds)


if FOLDER is not None:

    @pytest.mark.parametrize(("file", "track_bytes", "interval_seconds", "kind"), GEOMETRIES)
    def test_a_trace_is_measured_exactly(site, file, track_bytes, interval_seconds, kind):
        group = replayed(site, file, track_bytes, interval_seconds, kind)
        assert stored(site, group) == counted(file, track_bytes, interval_seconds)

    @pytest.mark.parametrize("file", KNOWN)
    def test_sums_of_distinct_tracks_are_the_known_ones(site, file):
        group = replayed(site, file, 65_536, 300, "writes")
        tracks = [
            sum(entry.changed_tracks for entry in interval.entries)
            for interval in read_intervals(site, group)
        ]
        written = [count for count in tracks if count]
        assert (sum(written), len(written), max(written)) == KNOWN[file]

    def test_the_same_replay_twice_changes_nothing_and_counts_duplicates(site):
        group = replayed(site, "tpcc-small.trace", 65_536, 300, "json")
        before = stored(site, group)
        replayed(site, "tpcc-small.trace", 65_536, 300, "json")
        assert stored(site, group) == before
        assert {summary.revision for summary in read_summaries(site, group, rung_seconds=300)} == {0}
        eventually(lambda: read_group_state(site, group).totals.duplicate_messages)
