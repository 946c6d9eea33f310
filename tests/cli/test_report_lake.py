"""The lake answers as the topics do, and by itself where the range is older than they."""

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.lake.formats.opening import open_table
from streams.model.entries import Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.settings import Lake
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table, summary_row
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS
from tests.cli.report_site import SLOT, SLOTS, STEP, TRACK, Site, interval, put_site, random_tables

pytestmark = pytest.mark.broker

VOLUMES = ("one/a", "one/b", "two/a")
COUNT = 12
HOUR = COUNT * STEP * US


@pytest.fixture
def site(source, put):
    """The second hour on the topics, the first and the second in the lake."""
    tables = random_tables(7, VOLUMES, 2 * COUNT)
    slots = [100 * (at + 1) for at in range(2 * COUNT * SLOTS)]
    put_site(put, Site({"oracle": tables[COUNT:]}, {"oracle": slots[COUNT * SLOTS :]}), HOUR)
    closed = [
        interval("oracle", 0, at, table, slots[at * SLOTS : (at + 1) * SLOTS])
        for at, table in enumerate(tables)
    ]
    members = tuple(Member(*volume.split("/"), 64 * TRACK) for volume in VOLUMES)
    geometry = Geometry(track_bytes=TRACK, interval_seconds=STEP, slot_seconds=SLOT, rungs_seconds=())
    lake, origin = Lake(path="data/lake"), Origin("t", 0, 0, 0)
    definition = definition_row(Version(1, None, 0, Definition("oracle", members, geometry)), origin)
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, [definition]))
    open_table(lake, TRACKS).append(pa.concat_tables([interval_rows(each, origin) for each in closed]))
    rows = [summary_row(summarise(each, Totals(), None), origin) for each in closed]
    open_table(lake, SUMMARY).append(rows_table(SUMMARY, rows))


def run(*arguments):
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 0, ended.output
    return ended


SECOND = ("--from", "1970-01-01T01:00:00Z", "--to", "1970-01-01T02:00:00Z")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "group", "oracle"),
        ("report", "group", "oracle", "--totals"),
        ("report", "dataset", "d", "--extent", "one/a:0+131072", "--extent", "two/a", "--totals"),
        ("report", "volume", "--totals", "--hours", "1-2", "--weekdays", "thu"),
        ("report", "volume"),
        ("report", "controller"),
        ("plan", "--group", "oracle"),
    ],
)
def test_the_lake_says_what_the_topics_say(site, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # no line is cut in two, that of the source is left out as a whole
    found = {}
    for source in ("topics", "lake"):
        said = json.loads(run(*command, *SECOND, "--source", source, "--json").stdout)
        about = said.get("data", said)
        assert source in about.pop("source")
        about.pop("title", None)
        said.pop("asked", None)
        text = run(*command, *SECOND, "--source", source).stdout
        lines = text[text.index("intervals") :].splitlines()  # a plan says before that where it was read
        found[source] = said, [line for line in lines if "read from" not in line]
    assert found["topics"] == found["lake"]


def test_entries_of_both_are_alike(site):
    rows = [
        run("entries", "--group", "oracle", *SECOND, "--source", each, "--csv") for each in ("topics", "lake")
    ]
    assert rows[0].stdout == rows[1].stdout
    assert len(rows[0].stdout.splitlines()) > COUNT


def test_a_range_older_than_the_topics_is_read_from_the_lake(site):
    older = run("report", "group", "oracle", "--from", "1970-01-01T00:00:00Z", "--json")
    assert "read from the lake at data/lake" in older.stderr
    assert json.loads(older.stdout)["intervals"] == 2 * COUNT
    newer = run("report", "group", "oracle", *SECOND, "--json")
    assert json.loads(newer.stdout)["source"] == "the topics"


@pytest.fixture
def later(site, tmp_path):
    """A group that nobody had thought of at capture, a volume and a part of another: its file, its tracks."""
    file = tmp_path / "later.toml"
    file.write_text(
        f"[groups.later]\ntrack_bytes = {TRACK}\ninterval_seconds = {STEP}\nslot_seconds = {SLOT}\n"
        'rungs_seconds = []\nmembers = [{array = "two", volume = "a"}, '
        f'{{array = "one", volume = "b", extents = [[0, {5 * TRACK}]]}}]\n'
    )
    tables = [
        {("two/a", track) for track in table["two/a"]} | {("one/b", t) for t in table["one/b"] if t < 5}
        for table in random_tables(7, VOLUMES, 2 * COUNT)
    ]
    return ("--definition", str(file)), tables


def test_a_group_defined_afterwards_is_reported_with_its_fold_curve(later):
    option, tables = later
    said = json.loads(run("report", "group", "later", *option, "--json").stdout)
    union = set().union(*tables)
    found = [said[side]["changed_tracks"] for side in ("sum", "or")]
    assert found == [sum(map(len, tables)), len(union)]
    curve = {row["cycle_seconds"]: row for row in said["fold"]}
    for length in (1, 2, COUNT, 2 * COUNT):
        windows = [len(set().union(*tables[at : at + length])) for at in range(len(tables) - length + 1)]
        assert curve[length * STEP]["mean_tracks"] == pytest.approx(sum(windows) / len(windows))


def test_totals_of_a_group_defined_afterwards_are_those_of_its_report(later):
    option, _ = later
    whole, totals = (
        json.loads(run("report", "group", "later", *option, *more, "--json").stdout)
        for more in ((), ("--totals",))
    )
    assert {name: whole[name] for name in totals if name != "remarks"} == {
        name: value for name, value in totals.items() if name != "remarks"
    }


def test_a_group_defined_afterwards_is_listed_and_planned(later):
    option, tables = later
    rows = run("entries", "--group", "later", *option, "--csv", "--zeros").stdout.splitlines()
    assert len(rows) == 1 + 2 * 2 * COUNT
    changed = rows[0].split(",").index("changed_tracks")
    assert sum(int(row.split(",")[changed]) for row in rows[1:]) == sum(map(len, tables))
    plan = json.loads(run("plan", "--group", "later", *option, "--json").stdout)
    assert "lake" in json.dumps(plan)
