"""`linkgauge entries` on a trace in the lake: base intervals, rungs, and hours and days of old data."""

from __future__ import annotations

import pytest

from streams.cli import entries, lake, measure
from tests.cli.test_lake import trace

__all__ = ["trace"]

ASKED = "entries --source lake --group payroll --csv"


def printed(ended):
    assert ended.exit_code == 0, ended.output
    return ended.stdout.splitlines()[1:]


@pytest.fixture
def counted(run, trace):
    """What the file itself says in intervals of some length: the first seven columns of `entries`."""
    run(lake, "lake backfill --format msr --group payroll", str(trace))

    def counted(seconds):
        return printed(run(measure, f"measure --format msr --csv --interval {seconds}", str(trace)))

    return counted


def shown(run, more=""):
    """The rows by their first seven columns; no share of an interval is more than all of it."""
    rows = [row.split(",") for row in printed(run(entries, f"{ASKED} {more}"))]
    assert all(0 < float(row[7]) <= 1 for row in rows)
    return [",".join(row[:7]) for row in rows]


@pytest.fixture
def made(run, monkeypatch):
    """Puts all old intervals together to hours, or to days."""

    def made(seconds):
        age = {3600: 1_000_000, 86_400: 365}[seconds]
        monkeypatch.setenv("LINKGAUGE_LAKE__DAYS_AFTER_DAYS", str(age))
        assert run(lake, "lake compact").exit_code == 0

    return made


@pytest.mark.parametrize("seconds", [900, 3600])
def test_rungs_that_nobody_published_are_those_whose_intervals_are_all_there(run, counted, seconds):
    """The trace ends at 18:06; nothing was summed up in longer intervals."""
    over = [row for row in counted(seconds) if "T17:" in row]
    asked = run(entries, f"{ASKED} --rung {seconds}")
    assert shown(run, f"--rung {seconds}") == over != []
    assert f"intervals from 2007-02-22T18:00:00Z on do not fill {seconds} s, and are left out" in asked.stderr


def test_the_group_has_these_rungs_too(run, counted):
    volumes = [[int(each) for each in row.split(",")[3:7]] for row in counted(3600) if "T17:" in row]
    row = printed(run(entries, f"{ASKED} --rung 3600 --level group"))[0].split(",")
    assert [int(each) for each in row[3:7]] == [sum(each) for each in zip(*volumes, strict=True)]


@pytest.mark.parametrize("seconds", [3600, 86_400])
@pytest.mark.parametrize("asked", ["", "--rung 900", "--rung 3600"])
def test_old_intervals_are_shown_as_long_as_they_are(run, counted, made, seconds, asked):
    expected = counted(seconds)
    made(seconds)
    assert shown(run, asked) == expected
    told = "as the lake has them" in run(entries, f"{ASKED} {asked}").stderr
    assert told == (asked != f"--rung {seconds}")


def test_a_day_that_begins_before_what_was_measured_is_in_the_range(run, counted, made):
    expected = counted(86_400)
    made(86_400)
    assert shown(run, "--from 2007-02-22 --to 2007-02-23") == expected
    assert shown(run, "--from 2007-02-22T17:00:00Z") == []


def test_a_group_defined_afterwards_over_old_data_is_shown(run, counted, made, tmp_path):
    expected = [row for row in counted(86_400) if row.startswith("host/1,")]
    (tmp_path / "later.toml").write_text('[groups.later]\nmembers = [{ array = "host", volume = "1" }]\n')
    asked = "entries --group later --definition later.toml --csv"
    rungs = printed(run(entries, f"{asked} --rung 3600"))
    assert [row.rsplit(",", 2)[0] for row in rungs] == [
        row for row in counted(3600) if row.startswith("host/1,") and "T17:" in row
    ]
    made(86_400)
    for more in ("", " --rung 3600"):
        rows = printed(run(entries, asked + more))
        assert [row.rsplit(",", 2)[0] for row in rows] == expected
