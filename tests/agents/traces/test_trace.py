"""Several files as one trace: merged, shifted, measured in bytes of progress."""

import gzip

import numpy as np
import pytest

from streams.agents.traces import CsvMapping, TraceOptions, read_trace
from streams.agents.traces.times import END_OF_TIME_US
from streams.errors import SettingsError, TraceError

MAPPING = CsvMapping(time=1, volume=2, offset=3, length=4, time_unit="us")
CSV = TraceOptions(format="csv", mapping=MAPPING)


def options(**changes):
    return TraceOptions(format="csv", mapping=MAPPING, **changes)


@pytest.fixture
def files(tmp_path):
    """Two files that overlap in time; the second one is compressed."""
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_text("30,b,0,1\n10,a,0,2\n")
    second.write_bytes(gzip.compress(b"20,b,0,3\n10,c,0,4\n"))
    return [first, second]


def test_files_are_merged_by_time_and_ties_keep_their_order(files):
    trace = read_trace(files, CSV)
    assert trace.writes.time_us.tolist() == [10, 10, 20, 30]
    assert trace.writes.length_bytes.tolist() == [2, 4, 3, 1]
    assert [trace.writes.volumes[code] for code in trace.writes.volume_codes] == [
        "trace/a",
        "trace/c",
        "trace/b",
        "trace/b",
    ]
    assert (trace.records, trace.first_us, trace.last_us) == (4, 10, 30)


def test_columns_have_the_types_of_a_batch(files):
    writes = read_trace(files, CSV).writes
    assert [
        column.dtype
        for column in (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
    ] == [
        np.int64,
        np.int32,
        np.uint64,
        np.uint64,
    ]


def test_an_absolute_trace_starts_where_it_is_told(files):
    trace = read_trace(files, options(start_us=1_000))
    assert trace.writes.time_us.tolist() == [1_000, 1_000, 1_010, 1_020]
    assert (trace.first_us, trace.last_us) == (1_000, 1_020)


def test_a_relative_trace_has_its_zero_where_it_is_told(files):
    relative = CsvMapping(time=1, volume=2, offset=3, length=4, time_unit="us", time_is_relative=True)
    trace = read_trace(files, TraceOptions(format="csv", mapping=relative, start_us=1_000))
    assert trace.writes.time_us.tolist() == [1_010, 1_010, 1_020, 1_030]


def test_the_first_record_may_be_a_read(tmp_path):
    path = tmp_path / "trace"
    path.write_text("5,v,0,1,R\n9,v,0,1,W\n")
    mapping = CsvMapping(time=1, volume=2, offset=3, length=4, op=5, write=("W",), time_unit="us")
    trace = read_trace([path], TraceOptions(format="csv", mapping=mapping, start_us=100))
    assert (trace.first_us, trace.writes.time_us.tolist()) == (100, [104])


def test_a_trace_of_reads_has_volumes_and_a_span(tmp_path):
    path = tmp_path / "trace"
    path.write_text("1000 7 0 8 1\n")
    trace = read_trace([path], TraceOptions(format="ssdsim"))
    assert (len(trace.writes), trace.writes.volumes, trace.first_us) == (0, ("trace/7",), 1)


def test_a_start_that_moves_the_trace_out_of_time_is_refused(files):
    with pytest.raises(SettingsError, match="beyond the year 9999"):
        read_trace(files, options(start_us=END_OF_TIME_US - 20))
    assert read_trace(files, options(start_us=END_OF_TIME_US - 21)).last_us == END_OF_TIME_US - 1


def test_errors_name_the_file_and_its_own_line(files):
    files[1].write_text("20,b,0,3\n10,c,0,x\n")
    with pytest.raises(TraceError) as raised:
        read_trace(files, CSV)
    assert str(raised.value).startswith(f"{files[1]}:2:8: expected a length in bytes")


def test_no_file_is_an_empty_trace():
    assert read_trace([], CSV).records == 0


def test_a_missing_file_is_an_error(files, tmp_path):
    with pytest.raises(TraceError, match="a readable file"):
        read_trace([*files, tmp_path / "three"], CSV)


def test_progress_reaches_the_size_of_all_files(files):
    seen = []
    read_trace(files, CSV, lambda done, total: seen.append((done, total)))
    total = sum(path.stat().st_size for path in files)
    assert {found for _, found in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == total


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "spc"}, "choose one of msr, blkparse, ssdsim, csv"),
        ({"format": "csv"}, "a mapping of columns is needed"),
        ({"format": "msr", "mapping": MAPPING}, "and by no other"),
        ({"format": "ssdsim", "array": "a/b"}, "a name without a slash"),
        ({"format": "ssdsim", "array": ""}, "a name without a slash"),
        ({"format": "msr", "array": "a"}, "the trace names it, in column 2"),
        ({"format": "msr", "start_us": -1}, "from 1970 to 9999"),
        ({"format": "msr", "start_us": END_OF_TIME_US}, "from 1970 to 9999"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(wrong, message):
    with pytest.raises(SettingsError) as raised:
        TraceOptions(**wrong)
    assert message in str(raised.value)
