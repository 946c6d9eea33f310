"""docs/sizing.md: every command on the page prints what stands there, and its tables are what the code says.

LINKGAUGE_TRACES names the folder of the traces; without it the week of a real volume is not collected.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sizing.md").read_text("utf-8")
BLOCKS = [block.split("\n", 1) for block in re.findall(r"```console\n\$ (.*?)```", PAGE, re.DOTALL)]
TRACES = os.environ.get("LINKGAUGE_TRACES")
MIB = 1 << 20

METHODS = {
    "**B\\***, all of the time": ("rows", "need_bits_per_second", 100),
    "99 % of the bytes": ("rows", "by_bytes_bits_per_second", 99),
    "99 % of the time": ("rows", "need_bits_per_second", 99),
    "peak rolling average": ("usual_methods", "rolling_average_bits_per_second", None),
    "the same less 30 %": ("usual_methods", "fixed_overlap_bits_per_second", None),
    "P95 of 5 minutes": ("usual_methods", "percentile_95_bits_per_second", None),
    "mean": ("usual_methods", "mean_bits_per_second", None),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the trace that the page makes."""
    monkeypatch.chdir(tmp_path)
    made = [command for command, _ in BLOCKS if command.startswith("printf")]
    assert len(made) == 1
    subprocess.run(["bash", "-c", made[0]], check=True, timeout=20)  # as a reader would
    return tmp_path


def table(heading):
    """Rows of the first table that follows a text, without its header."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize(("command", "output"), [block for block in BLOCKS if "linkgauge" in block[0]])
def test_commands_print_what_the_page_shows(folder, command, output):
    ended = CliRunner().invoke(app, shlex.split(command)[1:])
    assert ended.exit_code == 0, ended.output
    assert [line.rstrip() for line in ended.stdout.splitlines()] == output.splitlines()


def test_the_page_has_both_worked_examples():
    assert sum(command.startswith("linkgauge plan") for command, _ in BLOCKS) == 2


def test_windows_by_hand():
    written = [1, 1, 4, 4, 1, 0]
    for row in table("must be shipped within w + 5 minutes"):
        length = int(row[0])
        most = max(sum(written[k : k + length]) for k in range(7 - length))
        assert row[2] == f"{most} MiB"
        assert row[3].strip("*") == f"{most / (length + 5):.3f}"


def test_the_rates_by_hand():
    for part, seconds, said in (
        (8, 420, "159.78 kbit/s"),
        (8, 300, "223.70 kbit/s"),
        (4, 180, "186.41 kbit/s"),
        (9, 300, "251.66 kbit/s"),
        (13, 360, "302.92 kbit/s"),
    ):
        assert f"{part * MIB * 8 / seconds / 1000:.2f} kbit/s" == said
        assert f"**{said}**" in PAGE


def test_every_formula_names_a_module_that_is_there():
    rows = table("## The formulas, and where each is from")
    for row in rows:
        assert (ROOT / "streams" / "model" / f"{row[3]}.py").is_file(), row


if TRACES:

    def test_the_usual_methods_on_a_real_week():
        line = "--rpo 1min,15min,1h --percentile 100,99 --mode continuous --json"
        trace = Path(TRACES) / "msr" / "rsrch_1.csv"
        ended = CliRunner().invoke(app, ["plan", "--trace", str(trace), "--format", "msr", *line.split()])
        said = json.loads(ended.stdout)
        rows = table("## The usual methods, on the same data")
        assert [row[0] for row in rows] == list(METHODS)
        for name, *cells in rows:
            part, field, percent = METHODS[name]
            found = [row[field] for row in said[part] if percent is None or row["percent"] == percent]
            assert cells == [f"{rate / 1000:,.2f}" for rate in found]
        assert said["data"]["changed_bytes_sum"] / MIB == pytest.approx(355.56, abs=0.005)
        assert said["data"]["changed_bytes_or"] / MIB == pytest.approx(138.38, abs=0.005)
