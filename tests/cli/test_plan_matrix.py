"""A matrix of plans from measured data: figures that are checked by hand, layouts, refusals."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from tests.cli.goldens import golden

MIB = 1 << 20
MINUTES = ((0, MIB), (0, MIB), (0, 4 * MIB), (0, 4 * MIB), (4 * MIB, MIB), (0, 0))
"""Offset and length of the one write of each minute: 11 MiB written, 5 MiB of them different."""

ASKED = (
    "--interval 1min --slot 1min --rpo 1min,3min,5min --percentile 100 "
    "--mode continuous,cycle_multi,bitmap_resync --cycle 1min,2min --time 10s --path 1Mbit/s --paths 1,2"
)
PER_MINUTE = MIB * 8 / 60


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """`plan("--json")`: the six minutes of the worked example, or of another trace."""
    monkeypatch.chdir(tmp_path)
    start = 12_816_637_200
    lines = [f"{start + 60 * k}0000000,web,0,Write,{at},{n},50\n" for k, (at, n) in enumerate(MINUTES)]
    Path("six.csv").write_text("".join(lines))

    def plan(options, code=0, asked=ASKED):
        line = shlex.split(f"--trace six.csv --format msr {asked} {options}")
        ended = CliRunner().invoke(app, ["plan", *line])
        assert ended.exit_code == code, ended.output
        return ended.stdout if code == 0 else " ".join(ended.stderr.replace("│", " ").split())

    return plan


def rows_of(said):
    return {
        (row["mode"], row["rpo_seconds"], row["cycle_seconds"], row["paths"]): row
        for row in json.loads(said)["rows"]
    }


def test_figures_by_hand(plan):
    rows = rows_of(plan("--json"))

    def need(*place):
        return rows[(*place, 1)]["need_bits_per_second"]

    assert need("continuous", 60, None) == pytest.approx(8 / 3 * PER_MINUTE, rel=1e-9)  # both large minutes
    assert need("continuous", 180, None) == pytest.approx(8 / 5 * PER_MINUTE, rel=1e-9)
    assert need("continuous", 300, None) == pytest.approx(8 / 7 * PER_MINUTE, rel=1e-9)
    assert need("cycle_multi", 60, 60) is None
    assert need("cycle_multi", 180, 60) == pytest.approx(8 / 3 * PER_MINUTE, rel=1e-9)
    # Begun with minute 1, cycles of two minutes ship 4 MiB in one minute; begun with minute 2, 4 and then 5.
    assert need("cycle_multi", 180, 120) == pytest.approx(5 / 1 * PER_MINUTE, rel=1e-9)
    assert need("cycle_multi", 300, 60) == pytest.approx(8 / 5 * PER_MINUTE, rel=1e-9)
    assert need("cycle_multi", 300, 120) == pytest.approx(9 / 5 * PER_MINUTE, rel=1e-9)
    two = rows["cycle_multi", 300, 120, 1]
    assert two["luckiest_bits_per_second"] == pytest.approx(4 / 3 * PER_MINUTE, rel=1e-9)
    assert (two["phases"], two["is_cheapest"]) == (2, False)
    assert two["safe_bits_per_second"] == pytest.approx(9 / 5 * PER_MINUTE, rel=1e-9)
    one = rows["cycle_multi", 300, 60, 1]
    # Between the minutes, cycles may ship what two of them hold: 4, 4 and 5 MiB in six minutes.
    assert one["safe_bits_per_second"] == pytest.approx(13 / 6 * PER_MINUTE, rel=1e-9)
    assert (one["phases"], one["is_cheapest"]) == (1, True)
    assert need("bitmap_resync", None, None) == pytest.approx(5 * MIB * 8 / 10, rel=1e-9)


def test_what_some_paths_do(plan):
    rows = rows_of(plan("--json --bare"))
    one, two = rows["bitmap_resync", None, None, 1], rows["bitmap_resync", None, None, 2]
    assert one["kept_seconds"] == pytest.approx(5 * MIB * 8 / 1e6)
    assert two["kept_seconds"] == pytest.approx(5 * MIB * 8 / 2e6)
    assert one["headroom_ratio"] == pytest.approx(1 - 5 * MIB * 8 / 10 / 1e6)
    late = rows["cycle_multi", 300, 120, 1]
    assert late["kept_seconds"] == pytest.approx(120 + 5 * MIB * 8 / 1e6)


def test_reduction_and_margins(plan):
    plain, half = rows_of(plan("--json")), rows_of(plan("--json --compression 2 --growth 0"))
    for place, row in plain.items():
        if row["need_bits_per_second"] is not None:
            assert half[place]["need_bits_per_second"] == pytest.approx(row["need_bits_per_second"] / 2)
            assert row["planned_bits_per_second"] == pytest.approx(row["need_bits_per_second"] * 1.56)


def test_what_the_data_were_and_what_is_usually_done_with_them(plan):
    said = json.loads(plan("--json"))
    data = said["data"]
    assert (data["changed_bytes_sum"], data["changed_bytes_or"], data["fold_ratio"]) == (
        11 * MIB,
        5 * MIB,
        2.2,
    )
    assert (data["start"], data["end"]) == ("2007-02-22T17:00:00Z", "2007-02-22T17:06:00Z")
    usual = {each["rpo_seconds"]: each for each in said["usual_methods"]}
    assert usual[60]["rolling_average_bits_per_second"] == pytest.approx(4 * PER_MINUTE)
    assert usual[60]["fixed_overlap_bits_per_second"] == pytest.approx(4 * 0.7 * PER_MINUTE)
    assert usual[60]["mean_bits_per_second"] == pytest.approx(11 / 6 * PER_MINUTE)
    assert any("coarser than a tenth" in caution for caution in said["cautions"])


def test_golden_g5(plan):
    """100, 100, 400, 400, 100, 0 MB in six minutes."""
    sizes = [100, 100, 400, 400, 100, 0]
    lines = [f"{12_816_637_200 + 60 * k}0000000,web,0,Write,0,{n}000000,50\n" for k, n in enumerate(sizes)]
    Path("six.csv").write_text("".join(lines).replace(",0000000,", ",0,"))
    said = json.loads(
        plan("--json", asked="--interval 1min --slot 1min --rpo 60 --percentile 100 --mode continuous")
    )
    assert said["rows"][0]["need_bits_per_second"] == pytest.approx(800e6 / 3 * 8 / 60, rel=1e-9)
    assert said["rows"][0]["safe_bits_per_second"] == pytest.approx(800e6 * 8 / 60, rel=1e-9)
    assert said["usual_methods"][0]["rolling_average_bits_per_second"] == pytest.approx(400e6 * 8 / 60)


def test_text_is_the_same_every_time(plan):
    options = "--price-path 10 --price-gb 0.1 --journal 6MiB"
    assert plan(options) == plan(options) == golden("plan_matrix.txt", plan(options))


def test_csv_has_a_row_for_every_place_and_number_of_paths(plan):
    rows = list(csv.DictReader(io.StringIO(plan("--csv"))))
    assert len(rows) == (3 + 3 * 2 + 1) * 2
    assert [row["paths"] for row in rows[:4]] == ["1", "2", "1", "2"]


def test_a_plan_printed_as_json_is_planned_again(plan):
    Path("a.json").write_text(plan("--json"))
    assert json.loads(plan("--file a.json --json", asked=""))["rows"] == json.loads(plan("--json"))["rows"]


def test_a_range_of_the_trace(plan):
    said = json.loads(plan("--json --from 2007-02-22T17:02:00Z --to 2007-02-22T17:04:00Z"))
    assert (said["data"]["changed_bytes_sum"], said["data"]["changed_bytes_or"]) == (8 * MIB, 4 * MIB)


def test_after_an_outage_the_largest_window_that_it_can_touch_is_shipped(plan):
    """An outage of two minutes touches three: at most 0 to 5 MiB, as minutes 3 to 5 do."""
    said = json.loads(plan("--json --outage 2min"))
    assert said["data"]["resync_bytes"] == 5 * MIB
    one = json.loads(plan("--json --outage 1min"))
    assert one["data"]["resync_bytes"] == 5 * MIB  # minutes 4 and 5
    early = json.loads(plan("--json --outage 1min --to 2007-02-22T17:04:00Z"))
    assert early["data"]["resync_bytes"] == 4 * MIB
    need = {row["mode"]: row["need_bits_per_second"] for row in early["rows"]}
    assert need["bitmap_resync"] == pytest.approx(4 * MIB * 8 / 10)
    longer = json.loads(plan("--json --outage 1h"))
    assert longer["data"]["resync_bytes"] == 5 * MIB
    assert any("an outage of 1 h is longer than the range of 360 s" in c for c in longer["cautions"])


def test_a_profile_brings_its_mode_and_cycle(plan):
    said = json.loads(
        plan("--json --profile global-mirror-change-volumes", asked="--interval 1min --rpo 15min")
    )
    assert {(row["mode"], row["cycle_seconds"]) for row in said["rows"]} == {("cycle_single", 300)}
    assert said["data"]["block_bytes"] == 256 << 10


def test_a_profile_without_a_cycle_gets_those_that_it_may_have(plan):
    asked = "--interval 1min --rpo 11min --profile vsphere-replication"
    said = json.loads(plan("--json", asked=asked))
    assert {row["cycle_seconds"] for row in said["rows"]} == {300}  # the range holds none of twice that
    too_short = plan("", code=2, asked="--interval 5min --rpo 1min --profile remote-copy-periodic")
    assert "rpo_seconds 60: cycles from the base interval of 300 s on leave no time" in too_short


def test_without_a_path_the_needs_alone_are_told(plan):
    said = json.loads(plan("--json", asked="--interval 1min --rpo 15min"))
    assert {row["mode"] for row in said["rows"]} == {
        "synchronous",
        "continuous",
        "cycle_single",
        "cycle_multi",
        "bitmap_resync",
    }
    assert all(row["paths_now"] is None for row in said["rows"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--cycle 30s", "cycle_seconds 30: it is shorter than the base interval of 60 s"),
        ("--cycle 1h", "cycle_seconds 3600: it is longer than the range of 360 s"),
        ("--rpo 0", "--rpo '0': it must be more than zero"),
        ("--percentile 100.5", "--percentile '100.5': a percentage, from 0 to 100"),
        ("--mode journal", "--mode 'journal': choose one of synchronous"),
        ("--profile zert", "profile 'zert' is not known; choose one of zerto"),
        ("--block 100000", "blocks of 100000 bytes, and tracks of 65536 bytes were captured"),
        ("--mode continuous --block 100000", "blocks of 100000 bytes, and tracks of 65536 bytes"),
        ("--track 100", "track_bytes 100: 512 to 1048576"),
        ("--slot 7s", "slot_seconds 7: must divide the interval of 60 s"),
        ("--format tar", "format tar: choose one of msr"),
        ("--trace no.csv", "there is no file no.csv"),
        ("--from 2010-01-01", "the trace has no write in this range"),
        ("--from noon", "'noon' is no time"),
    ],
)
def test_what_cannot_be_planned_is_refused(plan, options, said):
    assert said in plan(options, code=2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("--rpo 5min --paths 2", "--paths: what a path carries is not known; give its line rate with --path"),
        ("--rpo 5min --price-path 9", "--price-path: what a path carries is not known; give its line rate"),
        ("--rpo 5min --changed 1GB", "--changed: measured data say what changed"),
    ],
)
def test_what_would_change_nothing_is_refused(plan, asked, said):
    assert said in plan("", code=2, asked=asked)


def test_bytes_and_buffers_have_a_price_without_a_path(plan):
    asked = "--interval 1min --rpo 5min --percentile 100 --price-buffer 1000 --json"
    rows = json.loads(plan("", asked=asked))["rows"]
    for row in rows:
        assert row["cost_per_month"] == pytest.approx(1000 * (row["buffer_bytes"] or 0) / 1e9)


def test_the_cheapest_cycle_is_named_among_those_shown(plan):
    asked = "--interval 1min --rpo 5min --percentile 100 --mode cycle_single,cycle_multi --json"
    said = json.loads(plan("", asked=asked))
    for mode in ("cycle_single", "cycle_multi"):
        rows = [row for row in said["rows"] if row["mode"] == mode]
        (best,) = [row for row in rows if row["is_cheapest"]]
        least = min(row["need_bits_per_second"] for row in rows)
        assert best["need_bits_per_second"] == pytest.approx(least, rel=1e-9)


def test_cycles_off_the_marks_are_said_to_be_so(plan):
    asked = "--interval 1min --rpo 5min --percentile 100 --mode cycle_multi --cycle 90s --json"
    said = json.loads(plan("", asked=asked))
    (row,) = said["rows"]
    assert row["floor_bits_per_second"] <= row["need_bits_per_second"] <= row["safe_bits_per_second"]
    assert any("cycles of 90 s are no multiple of the base interval of 60 s" in c for c in said["cautions"])


def test_each_mode_has_its_own_caution(plan):
    asked = "--interval 1min --slot 1min --rpo 5min --percentile 100 --json"
    said = " ".join(json.loads(plan("", asked=asked))["cautions"])
    assert "base intervals of 60 s are coarser than a tenth of the RPO of 300 s" in said
    assert "slots of 60 s level out shorter peaks, and in synchronous mode" in said


def test_a_trace_needs_its_format(plan):
    ended = CliRunner().invoke(app, ["plan", "--trace", "six.csv", "--rpo", "1min"])
    assert (ended.exit_code, "--format msr" in ended.stderr) == (2, True)
