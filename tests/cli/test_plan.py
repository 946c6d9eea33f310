"""`linkgauge plan`: the golden vectors through the command, every margin as a step, refusals by name."""

from __future__ import annotations

import csv
import io
import json
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.plan import parameters_of
from streams.cli.plans.claim import claim_object, claim_plan
from streams.cli.plans.parameters import read_options
from tests.cli.goldens import golden

G1 = "--changed 65536000000 --path 155.52Mbit/s --time 1h"


def typed(line, code=0):
    ended = CliRunner().invoke(app, ["plan", *shlex.split(line)])
    assert ended.exit_code == code, ended.output
    return ended.stdout


def solved(line, code=0):
    return json.loads(typed(f"{line} --json", code))


def test_golden_g1():
    bare = solved(f"{G1} --bare")
    assert (bare["solved"], bare["now"]["paths"], bare["planned"]["paths"]) == ("paths", 1, 1)
    assert bare["now"]["need_bits_per_second"] == pytest.approx(145_635_555.555_555_56, rel=1e-12)
    real = solved(f"{G1} --efficiency 0.91295")
    assert real["now"]["paths"] == 2
    assert real["now"]["usable_path_bits_per_second"] == pytest.approx(99_387_388.8, rel=1e-12)
    more = "--changed 91750400000 --path OC-3 --time 3600 --efficiency 0.91295"
    assert solved(more)["now"]["paths"] == 3


def test_golden_g2():
    found = solved("--changed 65536000000 --path OC-3 --paths 2 --bare")
    assert found["now"]["resync_seconds"] == pytest.approx(1685.596_707_818_930_1, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "hours"), [("T1", 143.926_309_729_418), ("10Mbps", 22.222_222_222), ("12.5MB/s", 2.222_222_222)]
)
def test_golden_g7(rate, hours):
    found = solved(f"--changed 100GB --paths 1 --path {rate} --bare")
    assert found["now"]["resync_seconds"] / 3600 == pytest.approx(hours, rel=1e-9)


def test_the_plan_as_the_terminal_shows_it_is_the_same_every_time():
    line = (
        f"{G1} --medium fcip1500 --rtt 40ms --loss 0.01% --streams 64 --window 256KiB --heartbeat 100kbit/s "
        "--background 5Mbit/s --compression 1.5 --dedupe 1.1 --horizon 2 --spare 1 "
        "--price-path 850 --price-gb 0.02"
    )
    assert typed(line) == typed(line) == golden("plan.txt", typed(line))


def test_every_margin_is_a_step_and_each_follows_from_the_one_before():
    found = solved(f"{G1} --compression 2 --dedupe 1.25 --heartbeat 1Mbit/s --background 2Mbit/s")
    need = [step["bits_per_second"] for step in found["steps"] if step["of"] == "need"]
    by = [1 / 2, 1 / 1.25, 1.2, 1.3]
    assert [after / before for before, after in pairwise(need)] == pytest.approx(by)
    path = {step["step"]: step["bits_per_second"] for step in found["steps"] if step["of"] == "path"}
    planned = 155.52e6 * 1448 / 1538 * 0.7
    assert path["under the utilisation ceiling"] == pytest.approx(planned)
    assert path["usable"] == pytest.approx(planned - 3e6)


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        ("", "line"),
        ("--rtt 80ms --window 64KiB", "window"),
        ("--rtt 80ms --window 1MB --loss 0.1%", "loss"),
        ("--measured 10Mbit/s", "measured"),
    ],
)
def test_the_term_that_binds_is_named(options, bound):
    assert solved(f"{G1} {options}")["now"]["bound"] == bound
    assert f"Each path is bound by {bound}" in typed(f"{G1} {options}")


def test_csv_has_a_row_for_now_and_one_for_the_plan():
    rows = list(csv.DictReader(io.StringIO(typed(f"{G1} --spare 1 --csv"))))
    assert [(row["basis"], row["solved"], row["paths"]) for row in rows] == [
        ("now", "paths", "2"),
        ("planned", "paths", "4"),
    ]


def test_cost():
    found = solved(f"{G1} --compression 2 --price-path 850 --price-gb 0.05")
    assert found["now"]["cost_per_month"] == 850
    assert found["planned"]["cost_per_month"] == 2 * 850
    assert found["now"]["cost_per_shipment"] == pytest.approx(65.536 / 2 * 0.05)


def test_where_nothing_is_enough_the_limit_is_told_and_the_exit_code_is_3():
    said = typed("--changed 1TiB --time 1h --paths 2 --rtt 80ms --window 64KiB", 3)
    assert "a path gives at most 4.59 Mbit/s, bound by window" in " ".join(
        said.split()
    )  # 0.7 x 8 x 65536 / 0.08
    full = "--changed 1TiB --time 1h --path 10Mbit/s --background 1Gbit/s"
    assert "leave nothing of a path" in typed(full, 3)
    assert solved(full, 3)["now"]["paths"] is None


def test_a_plan_printed_as_json_is_a_parameter_file(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(typed(f"{G1} --rtt 40ms --loss 0.01% --efficiency 0.9 --json"))
    assert typed(f"--file {file} --json") == file.read_text()
    assert solved(f"--file {file} --growth 0")["asked"]["growth_per_year"] == 0


def test_a_parameter_file_in_toml(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(
        'changed = "61.03515625GiB"\npath = "OC-3"\nresync_seconds = 3600\nefficiency = 0.91295\n'
    )
    assert solved(f"--file {file}")["now"]["paths"] == 2
    assert solved(f"--file {file} --path 1Gbit/s")["now"]["paths"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path = 0", "path '0': it must be more than zero"),
        ("pathe = 1", "pathe is no parameter of a plan; there are path"),
        ("path = true", "neither a number nor a text"),
        ("path = ", "plan.toml"),
        ('path = ["OC-3", "T1"]', "one value"),
        ('rpo = "1min"', "--rpo: only with measured data"),
    ],
)
def test_a_wrong_parameter_file_is_refused_with_the_place(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)  # a long path would be broken into lines
    Path("plan.toml").write_text(text)
    ended = CliRunner().invoke(app, ["plan", "--file", "plan.toml"])
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())


@given(
    st.integers(1, 10**15),
    st.integers(1, 40),
    st.integers(10**3, 10**12),
    st.integers(1, 10**7),
)
def test_solving_again_gives_back_what_was_put_in(changed, paths, rate, seconds):
    texts = {
        "changed_bytes": str(changed),
        "paths": str(paths),
        "path_bits_per_second": str(rate),
        "resync_seconds": str(seconds),
    }
    for unknown in texts:
        asked = {**texts, unknown: None}
        first = claim_plan(parameters_of(read_options(asked)))
        if unknown == "paths":
            assert first.planned.working_paths * first.planned.usable.bits_per_second >= (
                first.planned.need_bits_per_second
            )
            continue
        other = "paths"
        values = {key: value for key, value in read_options(asked).items() if key != other}
        values[unknown] = getattr(first.planned, unknown)
        assert claim_plan(parameters_of(values)).planned.paths == paths
        assert claim_object(first)["solved"] == unknown


EXTREME = "--ceiling 1e-60 --efficiency 1e-60 --safety 1e6 --growth 10 --horizon 99.5"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{G1} --growth 1e60 --horizon 100", "--growth '1e60': growth in a year, from 0 to 1000%"),
        (f"{G1} --safety 1e7", "a factor of at most 1000000"),
        ("--changed 1e60 --path OC-3 --time 1h", "--changed '1e60': at most 9223372036854775807"),
        (f"{G1} --spare 1e60", "--spare '1e60': at most 9223372036854775807"),
        ("--changed 1PB --path 1bit/s --time 1us --json", "give a faster --path, more time or less growth"),
        (
            f"--changed {2**60} --path 1e-60 --paths 1 {EXTREME}",
            "the amounts lie so far apart",
        ),
    ],
)
def test_what_no_figure_holds_is_refused_with_the_remedy(line, said):
    ended = CliRunner().invoke(app, ["plan", *line.split()])
    assert ended.exit_code == 2, ended.output
    assert said in " ".join(ended.stderr.replace("│", " ").split())


@pytest.mark.parametrize("horizon", ["100", "99.5"])
def test_the_most_growth_for_the_longest_time_is_answered(horizon):
    line = f"--changed 1GB --paths 1 --time 1h --growth 1000% --horizon {horizon} --json"
    assert solved(line)["planned"]["path_bits_per_second"] > 1e100


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("--rtt 0ms", "--rtt '0ms': it must be more than zero"),
        ("--rtt=-1ms", "--rtt '-1ms': it must be more than zero"),
        ("--rtt 10ms --loss 1", "--loss '1': a share of the packets, from 0 to below 1"),
    ],
)
def test_round_trips_and_losses_that_cannot_be(options, complaint):
    ended = CliRunner().invoke(app, ["plan", *shlex.split(f"{G1} {options}")])
    assert ended.exit_code == 2
    assert complaint in " ".join(ended.stderr.replace("│", " ").split())
