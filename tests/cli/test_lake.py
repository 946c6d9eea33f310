"""`linkgauge lake`: a trace put in, looked after and read back; usage that is wrong."""

from __future__ import annotations

import random

import polars as pl
import pytest
from deltalake import DeltaTable

from streams.cli import lake, measure
from streams.lake.formats.opening import open_table
from streams.model.groups import Definition, Member
from streams.model.state import Version
from streams.settings import Lake
from streams.wire.lake_rows import Origin, definition_row, rows_table
from streams.wire.lake_tables import DEFINITIONS, TABLES

FILETIME = 128_166_372_000_000_000  # 2007-02-22T17:00:00Z


@pytest.fixture
def trace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dice = random.Random(3)
    lines = [
        f"{FILETIME + second * 10**7},host,{dice.randrange(2)},{dice.choice(['Write', 'Read'])},"
        f"{dice.randrange(1 << 24)},{dice.randrange(1 << 18)},5\n"
        for second in sorted(dice.randrange(4000) for _ in range(300))
    ]
    path = tmp_path / "trace.csv"
    path.write_text("".join(lines))
    return path


def test_a_trace_in_the_lake_is_what_measure_counts(run, trace):
    put = run(lake, "lake backfill --format msr --group payroll", str(trace))
    assert (put.exit_code, put.stdout) == (0, "group payroll: 14 intervals added, 0 there already\n")
    again = run(lake, "lake backfill --format msr --group payroll", str(trace))
    assert again.stdout == "group payroll: 0 intervals added, 14 there already\n"
    counted = pl.read_csv(run(measure, "measure --format msr --csv", str(trace)).stdout.encode())
    rows = pl.read_delta("data/lake/interval_tracks").with_columns(
        volume=pl.col("array") + "/" + pl.col("volume"),
        start=pl.col("interval_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    columns = ("start", "volume", "changed_tracks", "changed_bytes", "writes", "written_bytes")
    assert rows.height == 28  # idle intervals have a row of each volume too
    found = rows.filter(pl.col("writes") > 0).select(columns).sort("start", "volume")
    assert found.rows() == counted.select(columns).rows()


def test_upkeep_says_what_it_did_and_check_finds_nothing(run, trace):
    run(lake, "lake backfill --format msr --group payroll", str(trace))
    before = pl.read_delta("data/lake/interval_tracks")["changed_tracks_sum"].sum()
    compacted = run(lake, "lake compact --csv")
    assert compacted.stdout.splitlines()[1].startswith("interval_tracks,day=2007-02-22/array_bucket=0,1,")
    assert compacted.stdout.splitlines()[1].endswith(",28,2,86400")
    assert run(lake, "lake vacuum --hours 0").stdout.splitlines()[1] == "interval_tracks: 1 file removed"
    assert "nothing expires" in run(lake, "lake expire").stderr
    checked = run(lake, "lake check --csv")
    assert (checked.exit_code, checked.stdout) == (0, "kind,place,detail\n")
    assert pl.read_delta("data/lake/interval_tracks")["changed_tracks_sum"].sum() == before


@pytest.mark.parametrize("command", ["check", "compact", "vacuum"])
def test_upkeep_of_a_lake_that_is_not_there_makes_none(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    asked = run(lake, f"lake {command}")
    assert asked.exit_code == 1
    assert "there is no delta table of linkgauge; lake.path and" in str(asked.exception)
    assert not list(tmp_path.iterdir())


def test_a_trace_needs_a_group_and_a_format(run, trace):
    refused = run(lake, "lake backfill --format msr", str(trace))
    assert refused.exit_code == 2
    assert "--group and --format" in refused.stderr


@pytest.fixture
def another(tmp_path):
    """A trace of a volume that the first one does not have, in the same hours."""
    path = tmp_path / "another.csv"
    path.write_text(f"{FILETIME},host,7,Write,0,65536,5\n")
    return path


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "group payroll exists without volumes of the trace, 1 of them, such as host/7: put the trace"),
        ("--start 2007-05-01T00:00:00Z", "such as host/7: put the trace into a new group (another --group)"),
        ("--track 4096", "group payroll exists with --track 65536, not 4096: say so, or put the trace"),
        ("--interval 60", "group payroll exists with --interval 300, not 60: say so, or put the trace"),
    ],
)
def test_a_trace_that_its_group_cannot_hold_is_refused_before_anything_is_written(
    run, trace, another, more, said
):
    command = "lake backfill --format msr --group payroll"
    run(lake, command, str(trace))
    tables = {name: pl.read_delta(f"data/lake/{name}") for name in TABLES}
    refused = run(lake, f"{command} {more}", str(another))
    assert refused.exit_code == 1
    assert said in str(refused.exception)
    assert all(pl.read_delta(f"data/lake/{name}").equals(rows) for name, rows in tables.items())


def test_a_trace_of_some_extents_alone_is_refused(run, trace):
    members = (Member("host", "0", extents=((0, 1 << 20),)), Member("host", "1"))
    row = definition_row(Version(1, None, 0, Definition("payroll", members)), Origin("t", 0, 0, 0))
    open_table(Lake(), DEFINITIONS).append(rows_table(DEFINITIONS, [row]))
    refused = run(lake, "lake backfill --format msr --group payroll", str(trace))
    assert "group payroll exists with some extents of host/0" in str(refused.exception)


def test_a_later_trace_of_the_same_volumes_is_added_to_its_group(run, trace):
    command = "lake backfill --format msr --group payroll"
    run(lake, command, str(trace))
    later = run(lake, f"{command} --start 2007-05-01T00:00:00Z", str(trace))
    assert later.stdout == "group payroll: 14 intervals added, 0 there already\n"
    assert pl.read_delta("data/lake/group_definitions").height == 1


def test_compact_names_the_rows_that_it_leaves_for_their_bitmaps(run, trace):
    run(lake, "lake backfill --format msr --group payroll", str(trace))
    told = run(lake, "lake compact --csv").stderr
    assert "bitmap" not in told
    run(lake, "lake backfill --format msr --group other", str(trace))
    DeltaTable("data/lake/interval_tracks").update(
        {"changed_tracks": "changed_tracks + 1"}, predicate="volume = '0' AND interval_seconds = 300"
    )
    told = run(lake, "lake compact --csv").stderr
    assert "14 rows with a bitmap that is not what the row says, so the volume keeps its intervals" in told
    assert "host/0, 2007-02-22T17:00:00Z, 300 s; " in told
    assert "; and 9 more; `linkgauge lake check` says what is wrong" in told


def test_check_ends_with_code_3_where_figures_may_suffer(run, trace):
    run(lake, "lake backfill --format msr --group payroll", str(trace))
    DeltaTable("data/lake/interval_tracks").update({"changed_tracks": "changed_tracks + 1"})
    checked = run(lake, "lake check --csv")
    assert checked.exit_code == 3
    assert checked.stdout.count("\nbitmap,") == 28
