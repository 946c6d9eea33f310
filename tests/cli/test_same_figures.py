"""The report of a link and the plan for it are two ways to ask the same: mode for mode the same figures."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from tests.cli.report_site import SLOTS, Site, put_site, random_tables

pytestmark = pytest.mark.broker

COUNT = 24
OUTAGE = 700
PERCENTS = ("100", "99", "90", "80", "60")
TERMS = (
    'groups = ["oracle", "mail"]\nmedium = "raw"\nutilisation_ceiling = 0.8\npath_bits_per_second = 40000\n'
    "paths = 2\nrpo_seconds = 1500\nresync_seconds = 120\napply_seconds = 20\ncompression_ratio = 2\n"
    "price_path_month = 100\nprice_gigabyte = 3\nprice_buffer_gigabyte = 7000\nspare_paths = 1\n"
)
MODES = ("synchronous", "continuous", "cycle_single", "cycle_multi", "bitmap_resync")


@pytest.fixture
def site(source, put):
    """Two groups with a gap in one of them; links without a cycle, with one, and with one off the marks."""
    draw = random.Random(11)
    tables = {
        "oracle": random_tables(4, ("one/a", "one/b"), COUNT),
        "mail": random_tables(5, ("two/a",), COUNT),
    }
    tables["mail"][7] = None
    written = {name: [draw.choice([0, 0, 1000, 90_000]) for _ in range(COUNT * SLOTS)] for name in tables}
    put_site(put, Site(tables, written))
    Path("linkgauge.toml").write_text(
        f"[links.free]\n{TERMS}[links.fixed]\n{TERMS}cycle_seconds = 600\n"
        f"[links.odd]\n{TERMS}cycle_seconds = 450\n"
    )


def said(*arguments):
    ended = CliRunner().invoke(app, [*arguments, "--json"])
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def planned(link, mode):
    line = ("--link", link, "--mode", mode, "--percentile", ",".join(PERCENTS), "--outage", str(OUTAGE))
    rows = said("plan", *line)["rows"]
    return {row["percent"]: row for row in rows if row["is_cheapest"] or len(rows) <= len(PERCENTS)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("link", ["free", "fixed", "odd"])
def test_plan_and_report_say_the_same(site, link, mode):
    percents = [word for percent in PERCENTS for word in ("--percent", percent)]
    told = said("report", "link", link, "--mode", mode, "--outage-seconds", str(OUTAGE), *percents)
    rows = planned(link, mode)
    plan, summary = rows[100], told["summary"]
    assert plan["changed_bits_per_second"] == pytest.approx(summary["bits_per_second"], rel=1e-12)
    assert plan["need_bits_per_second"] == pytest.approx(summary["payload_bits_per_second"], rel=1e-12)
    assert (plan["paths_now"], plan["paths_planned"]) == (summary["paths"], summary["planned_paths"])
    assert plan["headroom_ratio"] == pytest.approx(summary["headroom_ratio"], rel=1e-12)
    (side,) = [row for row in told["modes"] if row["mode"] == mode]
    assert side["bits_per_second"] == summary["bits_per_second"]
    assert (side["cycle_seconds"] or None) == plan["cycle_seconds"]
    assert plan["cost_per_month"] == pytest.approx(side["cost_per_month"], rel=1e-9)
    if mode.startswith("cycle") or mode == "continuous":
        assert side["held_bytes"] == pytest.approx(plan["buffer_bytes"], rel=1e-12)
        needs = {row["kept_for"]: row["bits_per_second"] for row in told["needs"]}
        for percent, row in rows.items():
            name = f"{percent:g} % of the time"
            assert row["changed_bits_per_second"] == pytest.approx(needs[name], rel=1e-9)
            kept = told["installed"][f"achievable_rpo_{percent:g}_seconds"]
            assert row["kept_seconds"] == pytest.approx(kept, rel=1e-9)
    if mode.startswith("cycle"):
        (chosen,) = [row for row in told["cycles"] if "chosen" in row["chosen"]]
        assert plan["luckiest_bits_per_second"] == pytest.approx(chosen["luckiest_bits_per_second"])
        assert plan["safe_bits_per_second"] == pytest.approx(chosen["ceiling_bits_per_second"])
