"""Names and help of the metrics: the page says the same, and Prometheus' own linter has nothing to say."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from streams.agents.publisher import PublisherStatistics
from streams.agents.telemetry import _page as agent_page
from streams.cli.metrics_page import metrics_page
from streams.lake.feed import Counts
from streams.lake.readings import Own
from streams.lake.readings import metrics_page as lake_page
from streams.model.partition import Partition
from streams.processor.place import Place
from streams.processor.vitals import Vitals
from streams.reporter.board import Board
from streams.reporter.families import FAMILIES
from streams.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
PAGE_OF_A_SCRAPE = Path(__file__).parent / "golden" / "metrics.txt"


def test_the_page_is_that_of_the_table():
    assert PAGE.read_text("utf-8") == metrics_page(), "python -m streams.cli.metrics_page > docs/metrics.md"


def test_names_by_kind():
    for name, family in FAMILIES.items():
        assert name.endswith("_total") == (family.kind == "counter")
        assert name.endswith("_info") == (family.kind == "info")
        assert family.help.endswith(".")


def test_the_golden_scrape_has_every_family():
    text = PAGE_OF_A_SCRAPE.read_text()
    assert [name for name in FAMILIES if f"\n# TYPE linkgauge_{name} " not in f"\n{text}"] == []


@pytest.mark.external
def test_promtool_has_nothing_to_say():
    vitals = Vitals()
    vitals.look([Place(0, Partition(7))], [10], assigned=1)
    publisher = SimpleNamespace(
        name=("g", "a", "x"), statistics=PublisherStatistics(1, 2, 3, 4), has_failed=False
    )
    feed = SimpleNamespace(
        source=SimpleNamespace(table=SimpleNamespace(name="t")),
        counts=Counts(last_commit_seconds=1),
        waiting_bytes=0,
    )
    pages = [
        Board(Settings()).page([]),
        vitals.page(False),
        lake_page({"t": feed}, Own(0, 0, is_ready=True), open_metrics=False),
        agent_page([publisher], open_metrics=False),
    ]
    for text in (PAGE_OF_A_SCRAPE.read_bytes(), *("".join(page).encode() for page in pages)):
        checked = subprocess.run(
            [shutil.which("promtool") or "promtool", "check", "metrics"],
            input=text,
            capture_output=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
