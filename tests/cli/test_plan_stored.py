"""Plans from what is stored: as from the trace itself, links with their own terms, gaps, unknown names."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from streams.cli import app
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.definitions import encode_version
from streams.wire.keys import writes_key
from streams.wire.partitions import partition_of
from streams.wire.tables import encode_tables

pytestmark = pytest.mark.broker

MIB = 1 << 20
TRACK = 65_536
MINUTES = ((0, MIB), (0, MIB), (0, 4 * MIB), (0, 4 * MIB), (4 * MIB, MIB), (0, 0))
FIRST_US = 1_172_163_600 * US  # 2007-02-22T17:00:00Z
GEOMETRY = Geometry(interval_seconds=60, slot_seconds=60, rungs_seconds=(300,))
ASKED = "--rpo 3min,5min --percentile 100,90 --cycle 1min,2min --time 10s --path 1Mbit/s --paths 1 --json"


def closed(group, volume, minute, *, counted=True):
    """The minute as a base interval."""
    offset, length = MINUTES[minute]
    start_us = FIRST_US + minute * 60 * US
    tracks = BitTable.of(range(offset // TRACK, -(-(offset + length) // TRACK) if length else 0))
    written = length if counted else None
    entry = Entry(volume, None, TRACK, tracks, 1, written, [(start_us, start_us + 60 * US)])
    slots = (written,) if counted else None
    return Interval(group, 1, 60, start_us, 0, False, (entry,), 60, slots, 0, 0)


@pytest.fixture
def plan(topics, tmp_path, monkeypatch):
    """Groups on the topics: `web` as the worked example, `copy` the same again, `bits` uncounted, `gappy`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINKGAUGE_BROKER__TOPIC_PREFIX", topics.prefix)
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    kept = {"web": range(6), "copy": range(6), "bits": range(6), "gappy": (0, 1, 2, 5)}
    for group, minutes in kept.items():
        volume = f"{group}/0"
        version = Version(1, None, 0, Definition(group, (Member(group, "0"),), geometry=GEOMETRY))
        partition = partition_of(writes_key(group), 2)
        rows = [("groups", 0, encode_version(version))]
        for minute in minutes:
            interval = closed(group, volume, minute, counted=group != "bits")
            rows += [("tables", partition, record) for record in encode_tables(interval)]
        for suffix, place, record in rows:
            producer.produce(
                topics.name(suffix), record.value, record.key, place, headers=list(record.headers)
            )
    assert producer.flush(30) == 0
    lines = [
        f"{12_816_637_200 + 60 * k}0000000,web,0,Write,{at},{length},50\n"
        for k, (at, length) in enumerate(MINUTES)
    ]
    Path("six.csv").write_text("".join(lines))

    def plan(line, code=0):
        ended = CliRunner().invoke(app, ["plan", *shlex.split(line), "--bootstrap", topics.bootstrap])
        assert ended.exit_code == code, ended.output
        return json.loads(ended.stdout) if code == 0 else " ".join(ended.stderr.replace("│", " ").split())

    return plan


def test_a_group_is_planned_as_its_trace(plan):
    stored = plan(f"--group web {ASKED}")
    direct = plan(f"--trace six.csv --format msr --interval 1min --slot 1min {ASKED}")
    assert stored["rows"] == direct["rows"]
    assert stored["usual_methods"] == direct["usual_methods"]
    assert {**stored["data"], "title": "", "source": ""} == {**direct["data"], "title": "", "source": ""}
    assert stored["data"]["title"] == "group web"


def test_a_link_brings_its_groups_and_terms_and_options_go_before_them(plan):
    Path("linkgauge.toml").write_text(
        '[links.east]\ngroups = ["web", "copy"]\npath_bits_per_second = 1e6\npaths = 2\nrpo_seconds = 300\n'
        'mode = "cycle_multi"\ncycle_seconds = 120\ncompression_ratio = 2\n'
        "growth_per_year = 0\nspare_paths = 1\n"
    )
    said = plan("--link east --percentile 100 --json")
    assert [(row["mode"], row["cycle_seconds"], row["paths"]) for row in said["rows"]] == [
        ("cycle_multi", 120, 2)
    ]
    # Two groups with 4 and then 5 MiB each in successive cycles, halved by compression, in five minutes.
    assert said["rows"][0]["need_bits_per_second"] == pytest.approx(9 * MIB * 8 / 300, rel=1e-9)
    assert (said["planning_factor"], said["asked"]["spare_paths"]) == (1.2, 1)
    assert said["data"]["volumes"] == 2
    longer = plan("--link east --percentile 100 --rpo 8min --compression 1 --json")
    assert longer["rows"][0]["need_bits_per_second"] == pytest.approx(18 * MIB * 8 / 480, rel=1e-9)
    Path("a.json").write_text(json.dumps(said))
    assert plan("--file a.json --json") == said


def test_modes_that_need_counted_bytes_are_left_out_and_refused(plan):
    said = plan(f"--group bits {ASKED}")
    assert {row["mode"] for row in said["rows"]} == {"cycle_single", "cycle_multi", "bitmap_resync"}
    assert any("mode continuous ships every write" in caution for caution in said["cautions"])
    assert "were not captured" in plan("--group bits --rpo 5min --mode continuous", code=2)


def test_gaps_are_told_and_too_many_of_them_refused(plan):
    said = plan(f"--group gappy {ASKED}")
    assert said["data"]["coverage"] == pytest.approx(4 / 6)
    assert said["data"]["gaps"] == [{"start": "2007-02-22T17:03:00Z", "end": "2007-02-22T17:05:00Z"}]
    assert any("lower bounds" in caution for caution in said["cautions"])
    assert "least_coverage" in plan(f"--group gappy --least-coverage 90% {ASKED}", code=2)


def test_a_range(plan):
    said = plan(f"--group web {ASKED} --from 2007-02-22T17:02:00Z --to 2007-02-22T17:04:00Z")
    assert said["data"]["changed_bytes_sum"] == 8 * MIB
    assert "what is stored goes from" in plan("--group web --rpo 1min --from 2010-01-01", code=2)
    between = "--from 2007-02-22T17:02:10Z --to 2007-02-22T17:02:20Z"
    assert "no base interval starts in it" in plan(f"--group web --rpo 1min {between}", code=2)


def test_what_only_a_trace_may_be_asked_is_refused(plan):
    told = plan("--group web --rpo 1min --interval 7min --slot 7s", code=2)
    assert "--interval, --slot: only of a --trace" in told


def test_unknown_names_are_answered_with_the_nearest(plan):
    Path("linkgauge.toml").write_text('[links.east]\ngroups = ["web", "wob"]\npath_bits_per_second = 1e6\n')
    assert "group 'wep' is not known; did you mean web? there are: " in plan("--group wep --rpo 1min", code=2)
    assert "link 'eats' is not known; there are: east" in plan("--link eats --rpo 1min", code=2)
    assert "group 'wob' is not known" in plan("--link east --rpo 1min", code=2)
