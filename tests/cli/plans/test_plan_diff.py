"""`linkgauge plan diff`: what was asked differently, what follows, and plans that cannot be compared."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app

G1 = "--changed 65536000000 --path OC-3 --time 1h --efficiency 0.91295"
TOML = 'changed = 65536000000\npath = "OC-3"\ntime = "1h"\nefficiency = 0.91295\n'


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def plan(line, code=0):
        ended = CliRunner().invoke(app, ["plan", *shlex.split(line)])
        assert ended.exit_code == code, ended.output
        return ended.stdout if code == 0 else " ".join(ended.stderr.replace("│", " ").split())

    Path("a.json").write_text(plan(f"{G1} --json"))
    Path("b.json").write_text(plan(f"{G1} --compression 2 --json"))
    return plan


def test_what_differs_and_nothing_else(plan):
    said = json.loads(plan("diff a.json b.json --json"))
    found = {(each["part"], each["field"]): each for each in said["differences"]}
    assert ("asked", "compression_ratio") in found
    assert ("asked", "growth_per_year") not in found
    assert ("now", "path_bits_per_second") not in found
    paths = found["now", "paths"]
    assert (paths["a"], paths["b"], paths["change"], paths["change_ratio"]) == (2, 1, -1, -0.5)
    assert found["now", "need_bits_per_second"]["change_ratio"] == pytest.approx(-0.5)


def test_text(plan):
    first = plan("diff a.json b.json")
    assert first == plan("diff a.json b.json")
    lines = [" ".join(line.split()) for line in first.splitlines()]
    assert "compression ratio 1 2 +1 +100.00 %" in lines
    assert "paths 2 1 -1 -50.00 %" in lines
    assert "need 145.64 Mbit/s 72.82 Mbit/s -72.82 Mbit/s -50.00 %" in lines


def test_csv(plan):
    rows = list(csv.DictReader(io.StringIO(plan("diff a.json b.json --csv"))))
    assert {"part": "now", "place": "", "field": "paths", "a": "2", "b": "1"}.items() <= rows[1].items()


def test_the_same_plan_twice(plan):
    assert "the same plan with the same answer" in plan("diff a.json a.json")
    assert json.loads(plan("diff a.json a.json --json"))["differences"] == []


def test_parameter_files_are_planned_first(plan):
    Path("a.toml").write_text(TOML)
    Path("b.toml").write_text(f"{TOML}compression = 2\n")
    assert json.loads(plan("diff a.json a.toml --json"))["differences"] == []
    toml, printed = (json.loads(plan(f"diff {pair} --json")) for pair in ("a.toml b.toml", "a.json b.json"))
    assert toml["differences"] == printed["differences"]


def test_rows_of_a_matrix_are_compared_by_their_place(plan):
    lines = [f"{12_816_637_200 + 60 * k}0000000,web,0,Write,0,{k + 1}048576,50\n" for k in range(5)]
    Path("t.csv").write_text("".join(lines))
    asked = (
        "--trace t.csv --format msr --interval 1min --rpo 3min --percentile 100 --path T3 --paths 1 --json"
    )
    Path("m.json").write_text(plan(asked))
    Path("n.json").write_text(plan(f"{asked} --dedupe 4"))
    differences = json.loads(plan("diff m.json n.json --json"))["differences"]
    needs = [each for each in differences if each["field"] == "need_bits_per_second"]
    assert "continuous, RPO 3.00 min, 100 %, on 1 path" in {each["place"] for each in needs}
    assert {round(each["change_ratio"], 9) for each in needs} == {-0.75}
    assert not [each for each in differences if each["field"] == "changed_bits_per_second"]
    assert "have nothing to compare" in plan("diff m.json a.json", code=2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--csv diff a.json b.json", "--csv and --json go behind it"),
        ("diff a.json b.json --csv --json", "exclude each other"),
        ("diff a.json no.json", "'no.json' does not exist"),
        ("diff a.json", "Missing argument"),
        ("diff a.json bad.json", "bad.json"),
        ("diff a.json list.json", "it holds no parameters by name"),
        ("diff a.json short.toml", "under-determined"),
    ],
)
def test_what_cannot_be_compared(plan, line, said):
    Path("bad.json").write_text("{")
    Path("list.json").write_text("[1]")
    Path("short.toml").write_text('path = "OC-3"\n')
    assert said in plan(line, code=2)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ('{"plan":"matrix","rows":[1]}', "odd.json: rows, row 1: 1 has no fields"),
        ('{"plan":"matrix","rows":3}', "odd.json: rows: 3 has no fields"),
        ('{"plan":"matrix","rows":[{"rpo_seconds":"x"}]}', "row 1: rpo_seconds: 'x' is no number"),
        ('{"plan":"claim","now":{"paths":1e400}}', None),
        ('{"plan":"claim","now":{"paths":99999999999999999999}}', "now: paths: at most 9223372036854775807"),
    ],
)
def test_what_was_not_printed_by_a_plan_is_refused_with_its_place(plan, printed, said):
    Path("odd.json").write_text(printed)
    for line in ("diff odd.json odd.json", "diff odd.json a.json --json"):
        if said is None:
            plan(line)
        else:
            assert said in plan(line, code=2)
