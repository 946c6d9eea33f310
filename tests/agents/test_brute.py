"""The second way of counting, against sets and dictionaries, and against real traces."""

import gzip
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.brute import Row, measure
from streams.agents.traces import TraceOptions, read_trace
from streams.errors import DefinitionError
from streams.model.writes import WriteBatch

SECOND_US = 1_000_000


def batch(rows, volumes=("a/0", "a/1", "b/0")):
    """Writes from tuples of time in us, volume code, offset, length, discard."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return WriteBatch(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int32),
        volumes,
        np.array(columns[2], np.uint64),
        np.array(columns[3], np.uint64),
        np.array(columns[4], np.bool_),
    )


def counted(rows, volumes, track_bytes, interval_seconds, sizes):
    """The same figures by the plainest loop there is."""
    seen = defaultdict(lambda: (set(), []))
    for time_us, code, offset, length, discard in rows:
        if not discard:
            tracks, lengths = seen[time_us // (interval_seconds * SECOND_US), volumes[code]]
            lengths.append(length)
            if length:
                tracks.update(range(offset // track_bytes, (offset + length - 1) // track_bytes + 1))
    return [
        Row(
            volume,
            interval * interval_seconds * SECOND_US,
            (interval + 1) * interval_seconds * SECOND_US,
            len(tracks),
            sum(min(track_bytes, sizes.get(volume, 1 << 70) - track * track_bytes) for track in tracks),
            len(lengths),
            sum(lengths),
        )
        for (interval, volume), (tracks, lengths) in sorted(seen.items())
    ]


WRITES = st.lists(
    st.tuples(
        st.integers(0, 5 * SECOND_US),
        st.integers(0, 2),
        st.integers(0, 60),
        st.integers(0, 40),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=60,
)


@given(WRITES, st.integers(1, 25), st.integers(1, 3), st.permutations(["a/0", "a/1", "b/0"]), st.booleans())
def test_counts_are_those_of_sets(rows, track_bytes, interval_seconds, volumes, sized):
    sizes = {"a/0": 100, "b/0": 103} if sized else {}
    assert measure(batch(rows, tuple(volumes)), track_bytes, interval_seconds, sizes) == counted(
        rows, volumes, track_bytes, interval_seconds, sizes
    )


def test_a_name_that_stands_twice_is_one_volume():
    rows = [(0, 0, 0, 1, False), (0, 1, 0, 1, False)]
    (row,) = measure(batch(rows, ("v", "v")), 512, 300)
    assert (row.changed_tracks, row.writes) == (1, 2)


def test_nothing_written_has_no_row():
    assert measure(WriteBatch.empty(), 512, 300) == []
    assert measure(batch([(0, 0, 0, 512, True)]), 512, 300) == []


def test_a_write_that_ends_on_a_boundary_leaves_the_next_track_alone():
    (row,) = measure(batch([(0, 0, 512, 512, False)]), 512, 300)
    assert (row.changed_tracks, row.changed_bytes) == (1, 512)


def test_intervals_hold_their_start_and_not_their_end():
    times = [299_999_999, 300_000_000, 599_999_999, 600_000_000]
    rows = measure(batch([(time, 0, 0, 1, False) for time in times]), 512, 300)
    assert [(row.start_us, row.end_us, row.writes) for row in rows] == [
        (0, 300_000_000, 1),
        (300_000_000, 600_000_000, 2),
        (600_000_000, 900_000_000, 1),
    ]


def test_writes_over_the_whole_address_range_cost_no_memory_and_sum_exactly():
    whole = [(0, 0, 0, 2**63, False), (0, 0, 2**62, 2**62, False), (0, 0, 2**63 - 512, 512, False)]
    (row,) = measure(batch(whole * 2), 512, 300)
    assert (row.changed_tracks, row.changed_bytes) == (2**54, 2**63)
    assert row.written_bytes == 2 * (2**63 + 2**62 + 512)


def test_a_write_beyond_the_declared_size_is_refused():
    with pytest.raises(DefinitionError, match="a/1: a write ends at byte 1025, beyond the size of 1024"):
        measure(batch([(0, 0, 0, 9999, False), (0, 1, 1, 1024, False)]), 512, 300, {"a/1": 1024})


if TRACES := os.environ.get("LINKGAUGE_TRACES"):
    REAL = {
        "msr/rsrch_1.csv": ("msr", 5689, 97, 533, 1),
        "msr/wdev_1.csv": ("msr", 307, 91, 5, 1),
        "msr/wdev_3.csv": ("msr", 281, 82, 5, 1),
        "mbpar_blkparse.txt.gz": ("blkparse", 977, 1, 977, 1),
        "tpcc-small.trace": ("ssdsim", 2781, 1, 206, 16),
    }

    def lines_of(path):
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
        return text.decode().splitlines()

    def plainly(path, trace_format):
        """Writes of a real trace, read line by line: time in us, volume, offset, length."""
        for line in lines_of(path):
            if trace_format == "msr":
                time, host, disk, kind, offset, length, _ = line.split(",")
                if kind == "Write":
                    time_us = (int(time) - 116_444_736_000_000_000) // 10
                    yield time_us, f"{host}/{disk}", int(offset), int(length)
            elif trace_format == "ssdsim":
                time, device, sector, sectors, kind = map(int, line.split())
                if kind == 0:
                    yield time // 1000, f"trace/{device}", sector * 512, sectors * 512
            else:
                device, _, _, time, _, action, rwbs, *rest = line.split()
                if action == "Q" and "W" in rwbs:
                    time_us = int(time.replace(".", "")) // 1000
                    yield time_us, f"trace/{device}", int(rest[0]) * 512, int(rest[2]) * 512

    @pytest.mark.parametrize("name", REAL)
    def test_distinct_tracks_of_real_traces(name):
        trace_format, total, intervals, largest, volumes = REAL[name]
        rows = measure(
            read_trace([Path(TRACES) / name], TraceOptions(format=trace_format)).writes, 65_536, 300
        )
        assert sum(row.changed_tracks for row in rows) == total
        assert len({row.start_us for row in rows}) == intervals
        assert max(row.changed_tracks for row in rows) == largest
        assert len({row.volume for row in rows}) == volumes

    @pytest.mark.parametrize(("track_bytes", "interval_seconds"), [(65_536, 300), (56_664, 60), (512, 10)])
    @pytest.mark.parametrize("name", REAL)
    def test_real_traces_against_a_loop_over_lines(name, track_bytes, interval_seconds):
        path, trace_format = Path(TRACES) / name, REAL[name][0]
        plain = list(plainly(path, trace_format))
        volumes = sorted({volume for _, volume, _, _ in plain})
        rows = [(time, volumes.index(volume), *extent, False) for time, volume, *extent in plain]
        found = measure(
            read_trace([path], TraceOptions(format=trace_format)).writes, track_bytes, interval_seconds
        )
        assert found == counted(rows, volumes, track_bytes, interval_seconds, {})
