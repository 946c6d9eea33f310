"""`linkgauge measure`: columns, orders, layouts, and what it says to bad input."""

from __future__ import annotations

import json

import pytest

from streams.cli import measure
from streams.errors import TraceError

FILETIME = 128_166_372_000_000_000  # 2007-02-22T17:00:00Z
HEADER = "volume,start,end,changed_tracks,changed_bytes,writes,written_bytes\n"


@pytest.fixture
def trace(tmp_path):
    rows = [
        (0, 1, "Write", 0, 70_000),
        (1, 0, "Write", 4096, 512),
        (2, 0, "Read", 9, 9),
        (400, 1, "Write", 1, 0),
    ]
    lines = [f"{FILETIME + s * 10**7},host,{disk},{op},{o},{n},5\n" for s, disk, op, o, n in rows]
    path = tmp_path / "trace.csv"
    path.write_text("".join(lines))
    return path


def test_csv_is_ordered_by_start_and_volume(run, trace):
    printed = run(measure, "measure --format msr --csv", str(trace))
    assert printed.stdout == HEADER + (
        "host/0,2007-02-22T17:00:00Z,2007-02-22T17:05:00Z,1,65536,1,512\n"
        "host/1,2007-02-22T17:00:00Z,2007-02-22T17:05:00Z,2,131072,1,70000\n"
        "host/1,2007-02-22T17:05:00Z,2007-02-22T17:10:00Z,0,0,1,0\n"
    )
    assert (printed.exit_code, printed.stderr) == (0, "")


def test_tracks_and_intervals_of_another_size(run, trace):
    printed = run(measure, "measure --format msr --track 512 --interval 86400 --json", str(trace))
    rows = [(row["volume"], row["changed_tracks"], row["writes"]) for row in json.loads(printed.stdout)]
    assert rows == [("host/0", 1, 1), ("host/1", 137, 2)]


def test_a_table_for_people(run, trace):
    printed = run(measure, "measure --format msr", str(trace))
    first, *rows = printed.stdout.splitlines()
    assert first.split() == HEADER.strip().split(",")
    assert [row.split()[0] for row in rows] == ["host/0", "host/1", "host/1"]


def test_names_with_a_comma_are_quoted(run, tmp_path):
    path = tmp_path / "blk.txt"
    path.write_text("  8,16   1        1     0.000000000   100  Q  WS 8 + 8 [dd]\n")
    printed = run(measure, "measure --format blkparse --csv --start 2007-02-22", str(path))
    assert (
        printed.stdout == HEADER + '"trace/8,16",2007-02-22T00:00:00Z,2007-02-22T00:05:00Z,1,65536,1,4096\n'
    )


def test_a_csv_of_ones_own(run, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("1.5;v;2;3\n")
    mapping = "time=1,volume=2,offset=3,length=4,offset_unit=sectors,delimiter=semicolon"
    printed = run(measure, "measure --format csv --csv --array box --mapping", mapping, str(path))
    assert printed.stdout == HEADER + "box/v,1970-01-01T00:00:00Z,1970-01-01T00:05:00Z,1,65536,1,3\n"


def test_a_bad_line_is_named_and_can_be_skipped(run, trace):
    trace.write_text(trace.read_text() + "nonsense\n")
    refused = run(measure, "measure --format msr", str(trace))
    assert isinstance(refused.exception, TraceError)
    assert f"{trace}:5:" in str(refused.exception)
    printed = run(measure, "measure --format msr --csv --skip-bad", str(trace))
    assert len(printed.stdout.splitlines()) == 4
    assert printed.stderr == "1 line does not parse and was left out\n"
    trace.write_text(trace.read_text() + "more\n")
    printed = run(measure, "measure --format msr --csv --skip-bad", str(trace))
    assert printed.stderr == "2 lines do not parse and were left out\n"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("--format word", "format word: choose one of"),
        ("--format csv", "mapping"),
        ("--format csv --mapping time=1", "offset"),
        ("--format msr --track 100", "track_bytes 100"),
        ("--format msr --interval 86401", "interval_seconds 86401"),
    ],
)
def test_wrong_options_are_named(run, trace, typed, message):
    refused = run(measure, f"measure {typed}", str(trace))
    assert refused.exit_code == 2
    assert message in refused.stderr


def test_wrong_usage(run, trace):
    for typed in (
        "--format msr --csv --json",
        "--csv",
        "--format msr --start noon",
        "--format msr --interval 0",
    ):
        assert run(measure, f"measure {typed}", str(trace)).exit_code == 2
    assert run(measure, "measure --format msr no-such-file").exit_code == 2
