"""Reports: claims on what stands on the topics, the same bytes for the same data, ranges, gaps, links."""

import csv
import io
import json
from pathlib import Path

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.reports.claims import Question, claims
from streams.cli.reports.demand import demand
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.settings import Link
from streams.wire.definitions import encode_version
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.tables import encode_tables
from tests.cli.goldens import golden

TRACK = 65_536
LENGTH_US = 300 * US


def test_claims_answer_what_is_asked():
    asked = claims(1_000_000, 65_536_000_000, Question(3600, path_bits_per_second=155.52e6, paths=2))
    assert asked.required_bits_per_second == 145_635_555.555_555_56
    assert asked.per_path_bits_per_second == 72_817_777.777_777_78
    assert (asked.paths, asked.resync_seconds) == (1, 1685.596_707_818_930_1)
    assert claims(1, 1_000_000, Question(bits_per_second=8e6)).resync_seconds == 1
    plain = claims(0, 0, Question())
    assert (plain.required_bits_per_second, plain.paths, plain.resync_seconds) == (0, None, None)


def test_demand_on_a_link():
    link = Link(groups=("a",), path_bits_per_second=155.52e6, efficiency=0.91295, paths=2, spare_paths=1)
    asked = demand(65_536_000_000, link)
    assert asked.required_bits_per_second == 145_635_555.555_555_56
    assert asked.headroom_ratio == pytest.approx(0.2673338)
    assert (asked.paths, asked.planned_paths) == (2, 4)  # 145.6 * 1.2 * 1.3 / 99.4 = 2.29, and a spare one
    full = demand(1, link.model_copy(update={"background_bits_per_second": 1e9}))
    assert (full.headroom_ratio, full.paths, full.resync_seconds) == (float("-inf"), None, float("inf"))


@pytest.mark.parametrize("rate", [1, 155.52e6, 1e15])
@pytest.mark.parametrize("seconds", [1e-3, 3600, 1e12])
def test_whatever_changed_needs_at_least_one_path(rate, seconds):
    link = Link(groups=("a",), path_bits_per_second=rate, resync_seconds=seconds, compression_ratio=100)
    least = demand(1, link)
    assert least.paths >= 1
    assert least.planned_paths >= 1
    assert claims(1, 1, Question(seconds, path_bits_per_second=rate)).paths >= 1


def test_nothing_that_changed_needs_no_path_but_those_planned_as_spare():
    link = Link(groups=("a",), path_bits_per_second=1000, spare_paths=1)
    nothing = demand(0, link)
    assert (nothing.paths, nothing.planned_paths, nothing.resync_seconds) == (0, 1, 0)
    assert nothing.headroom_ratio == 1
    assert claims(0, 0, Question(path_bits_per_second=1000)).paths == 0


def interval(group, index, written, covered=1.0, revision=0):
    """A closed base interval in which each volume wrote these tracks."""
    start_us = index * LENGTH_US
    spans = [(start_us, start_us + round(LENGTH_US * covered))]
    entries = tuple(
        Entry(volume, None, TRACK, BitTable.of(tracks), len(tracks), 512 * len(tracks), spans)
        for volume, tracks in sorted(written.items())
    )
    return Interval(group, 1, 300, start_us, revision, False, entries, 10, None, 0, 0)


@pytest.fixture
def measured(topics, tmp_path, monkeypatch):
    """Two groups on the topics, and a command that reads them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINKGAUGE_BROKER__TOPIC_PREFIX", topics.prefix)
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    for group, volume in (("oracle", "one/v"), ("mail", "two/v")):
        array, name = volume.split("/")
        version = Version(1, None, 0, Definition(group, (Member(array, name),)))
        rows = [("groups", 0, encode_version(version))]
        for closed in (
            interval(group, 2, {volume: {0, 1, 2}}),
            interval(group, 3, {volume: {1}}),
            interval(group, 3, {volume: {1, 5}}, revision=1),
            interval(group, 5, {volume: set()}, covered=0.5),
        ):
            partition = partition_of(writes_key(group), 2)
            rows += [("tables", partition, record) for record in encode_tables(closed)]
        for suffix, partition, record in rows:
            producer.produce(
                topics.name(suffix), record.value, record.key, partition, headers=list(record.headers)
            )
    assert producer.flush(30) == 0

    def run(*arguments, code=0):
        ended = CliRunner().invoke(app, ["report", *arguments, "--bootstrap", topics.bootstrap])
        assert ended.exit_code == code, ended.output
        return ended

    return run


@pytest.mark.broker
def test_group_as_json(measured):
    said = json.loads(measured("group", "oracle", "--json", "--paths", "2").stdout)
    assert (said["start"], said["end"]) == ("1970-01-01T00:10:00Z", "1970-01-01T00:30:00Z")
    assert (said["intervals"], said["volumes"], said["interval_seconds"]) == (3, 1, 300)
    assert [(gap["start"], gap["end"], gap["coverage"]) for gap in said["gaps"]] == [
        ("1970-01-01T00:20:00Z", "1970-01-01T00:25:00Z", 0),
        ("1970-01-01T00:27:30Z", "1970-01-01T00:30:00Z", 0),
    ]
    assert said["coverage"] == 2.5 / 4
    assert (said["writes"], said["written_bytes"], said["fold_ratio"]) == (5, 2560, 5 / 4)
    assert (said["sum"]["changed_tracks"], said["or"]["changed_tracks"]) == (5, 4)
    assert said["or"]["required_bits_per_second"] == 8 * 4 * TRACK / 3600
    assert said["or"]["per_path_bits_per_second"] == 4 * 4 * TRACK / 3600
    assert "paths" not in said["or"]  # nobody asked


@pytest.mark.broker
def test_a_range_of_a_group(measured):
    asked = ["group", "oracle", "--json", "--from", "1970-01-01T00:15:00Z", "--to", "1970-01-01T00:20:00Z"]
    said = json.loads(measured(*asked).stdout)
    assert (said["or"]["changed_tracks"], said["sum"]["changed_tracks"], said["gaps"]) == (2, 2, [])
    assert (said["start"], said["end"]) == ("1970-01-01T00:15:00Z", "1970-01-01T00:20:00Z")
    later = ["group", "oracle", "--json", "--to", "1970-01-01T00:45:00Z"]
    assert "least_coverage asks for 50 %" in flat(measured(*later, code=2).stderr)
    beyond = json.loads(measured(*later, "--least-coverage", "0.3").stdout)
    assert beyond["gaps"][-1]["end"] == "1970-01-01T00:45:00Z"
    assert beyond["end"] == "1970-01-01T00:45:00Z"


@pytest.mark.broker
def test_group_as_csv(measured):
    rows = list(csv.DictReader(io.StringIO(measured("group", "oracle", "--csv").stdout)))
    assert [(row["basis"], row["changed_bytes"]) for row in rows] == [
        ("sum", str(5 * TRACK)),
        ("or", str(4 * TRACK)),
    ]
    volumes = measured("group", "oracle", "--csv", "--table", "by_volume").stdout
    assert [row["volume"] for row in csv.DictReader(io.StringIO(volumes))] == ["one/v"]
    refused = measured("group", "oracle", "--csv", "--table", "tracks", code=2)
    assert "this report has by_volume, claims, fold" in flat(refused.stderr)


@pytest.mark.broker
def test_group_as_text_is_the_same_every_time(measured):
    asked = ["group", "oracle", "--path-bits-per-second", "100", "--paths", "3"]
    first, second = measured(*asked), measured(*asked)
    assert first.stdout == second.stdout
    assert first.stdout == golden("report_group.txt", first.stdout)


@pytest.mark.broker
def test_a_range_in_which_nothing_changed_says_so(measured):
    sentence = "Nothing changed in this range: no bandwidth and no path is needed for it.\n"
    idle = ["--from", "1970-01-01T00:25:00Z"]
    shown = measured("group", "oracle", "--path-bits-per-second", "100", *idle).stdout
    assert sentence in shown
    assert "Coverage is below 100 %" in shown
    Path("linkgauge.toml").write_text('[links.east]\ngroups = ["oracle"]\npath_bits_per_second = 1000\n')
    assert sentence in measured("link", "east", *idle).stdout
    assert sentence not in measured("link", "east").stdout


@pytest.mark.broker
def test_link(measured):
    Path("linkgauge.toml").write_text(
        '[links.east]\ngroups = ["oracle", "mail"]\npath_bits_per_second = 1000\nefficiency = 1\npaths = 2\n'
    )
    said = json.loads(measured("link", "east", "--json").stdout)
    assert (said["sum"]["changed_bytes"], said["or"]["changed_bytes"]) == (10 * TRACK, 8 * TRACK)
    assert [group["group"] for group in said["groups"]] == ["oracle", "mail"]
    assert (said["coverage"], said["fold_ratio"], said["bound"]) == (0.625, 1.25, "line")
    assert (said["mode"], said["basis"]) == ("bitmap_resync", "unique bytes")
    assert said["or"]["required_bits_per_second"] == 8 * 8 * TRACK / 3600
    assert said["or"]["headroom_ratio"] == pytest.approx(1 - 8 * 8 * TRACK / 3600 / 1400)
    assert (said["or"]["paths"], said["sum"]["paths"]) == (2, 3)
    shown = measured("link", "east").stdout
    assert shown == golden("report_link.txt", shown)
    wider = json.loads(measured("link", "east", "--json", "--paths", "1", "--resync-seconds", "7200").stdout)
    assert (wider["paths_installed"], wider["asked_resync_seconds"], wider["or"]["paths"]) == (1, 7200, 1)
    rows = list(csv.DictReader(io.StringIO(measured("link", "east", "--csv").stdout)))
    assert [row["changed_bytes"] for row in rows] == [str(10 * TRACK), str(8 * TRACK)]


@pytest.mark.broker
def test_what_was_never_measured(measured):
    assert "there are: mail, oracle" in flat(measured("group", "nothing", code=2).stderr)
    assert "did you mean oracle?" in flat(measured("group", "orakle", code=2).stderr)
    empty = flat(measured("group", "oracle", "--from", "1980-01-01", code=2).stderr)
    assert (
        "group oracle: nothing was measured from 1980-01-01T00:00:00Z; what is stored goes from "
        "1970-01-01T00:10:00Z to 1970-01-01T00:30:00Z: choose --from and --to in there" in empty
    )
    assert "link 'west' is not known; there is none" in flat(measured("link", "west", code=2).stderr)


def flat(output):
    """A message as one line, out of the frame that a terminal shows it in."""
    return " ".join(output.replace("│", " ").split())


@pytest.mark.parametrize(
    "flags",
    [
        ["--resync-seconds", "0"],
        ["--paths", "0"],
        ["--path-bits-per-second", "-1"],
        ["--path-bits-per-second", "inf"],
        ["--from", "noon"],
        ["--csv", "--json"],
        ["--table", "fold"],
        ["--hours", "8"],
        ["--hours", "8-25"],
        ["--weekdays", "monday-frday"],
        ["--zone", "Europe/Roma"],
        ["--least-coverage", "1.5"],
        ["--bits-per-second", "0"],
    ],
)
def test_wrong_usage(flags):
    assert CliRunner().invoke(app, ["report", "group", "g", *flags]).exit_code == 2


def test_a_page_in_a_folder_that_is_not_there_is_refused_before_anything_is_read(tmp_path):
    ended = CliRunner().invoke(app, ["report", "group", "g", "--html", str(tmp_path / "no" / "x.html")])
    assert ended.exit_code == 2
    assert "make it first" in flat(ended.stderr)


@pytest.mark.broker
def test_a_page_that_cannot_be_written(measured):
    Path("x.html").symlink_to("no/x.html")
    assert "name a file that can be written" in flat(
        measured("group", "oracle", "--least-coverage", "0", "--html", "x.html", code=2).stderr
    )


@pytest.mark.broker
def test_groups_of_a_link_that_overlap_are_refused(topics, measured):
    again = Version(1, None, 0, Definition("copy", (Member("one", "v"),)))
    record = encode_version(again)
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    producer.produce(topics.name("groups"), record.value, record.key, headers=list(record.headers))
    assert producer.flush(30) == 0
    Path("linkgauge.toml").write_text(
        '[links.east]\ngroups = ["oracle", "copy"]\npath_bits_per_second = 1000\npaths = 2\n'
    )
    refused = measured("link", "east", code=2)
    assert "groups copy and oracle overlap on one/v" in flat(refused.stderr)
