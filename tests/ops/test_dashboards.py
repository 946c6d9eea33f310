"""Dashboards: what Grafana is given is what is written here, and laws of every panel."""

import json
import re
from pathlib import Path

import pytest
import yaml

from ops.dashboards.__main__ import FOLDER
from ops.dashboards.boards import BOARDS
from ops.dashboards.rendering import rendered

ROOT = Path(__file__).parents[2]
METRICS = set(re.findall(r"^\| `(linkgauge_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
UIDS = ["linkgauge-array", "linkgauge-estate", "linkgauge-group", "linkgauge-link", "linkgauge-pipeline"]
"""Bookmarks and links of others point at them: they never change."""
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
LABELS = {"group": "data_group"}

each_panel = pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=lambda value: getattr(value, "title", None) or value.name
)


def expressions(board):
    return [query.expr for panel in board.panels for query in panel.queries]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_committed_file_is_that_of_the_generator(board):
    assert (FOLDER / f"{board.uid}.json").read_text() == rendered(board), "python -m ops.dashboards"


def test_uids_stay_and_no_other_file_is_there():
    assert sorted(board.uid for board in BOARDS) == UIDS
    assert sorted(file.stem for file in FOLDER.iterdir()) == UIDS


@each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(board, panel):
    assert panel.title
    assert panel.description.endswith(".")
    assert panel.unit
    assert panel.queries


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_what_grafana_reads_has_title_description_unit_and_source(board):
    for drawn in json.loads((FOLDER / f"{board.uid}.json").read_text())["panels"]:
        assert drawn["title"]
        assert drawn["description"]
        assert drawn["fieldConfig"]["defaults"]["unit"]
        assert drawn["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in drawn["targets"]}) == len(drawn["targets"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_rows_of_panels_fill_the_page(board):
    drawn = json.loads((FOLDER / f"{board.uid}.json").read_text())["panels"]
    covered = [(x, y) for each in drawn for x, y in cells(each["gridPos"])]
    assert len(covered) == len(set(covered)), "two panels overlap"
    assert max(x for x, _ in covered) == 23


def cells(place):
    for x in range(place["x"], place["x"] + place["w"]):
        yield from ((x, y) for y in range(place["y"], place["y"] + place["h"]))


@each_panel
def test_every_metric_exists(board, panel):
    for query in panel.queries:
        used = set(re.findall(r"linkgauge_\w+", query.expr))
        assert used <= METRICS


@each_panel
def test_nothing_is_averaged_and_ratios_are_not_added(board, panel):
    for query in panel.queries:
        assert not re.search(r"\b(avg|avg_over_time|quantile|stddev)\b", query.expr)
        assert not re.search(r"sum[^(]*\(\s*linkgauge_\w*_ratio", query.expr)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_variables_are_those_that_are_used(board):
    texts = [*expressions(board), *(variable.values for variable in board.variables)]
    used = {name for text in texts for name in re.findall(r"\$(\w+)", text)}
    assert used == {variable.name for variable in board.variables}


@each_panel
def test_a_click_leads_to_a_dashboard_that_is_there(board, panel):
    if not panel.leads_to:
        return
    label = LABELS.get(panel.leads_to, panel.leads_to)
    assert label in {v.name for each in BOARDS if each.name == panel.leads_to for v in each.variables}
    assert all(re.search(rf"by \([^)]*\b{label}\b", query.expr) for query in panel.queries)


def test_grafana_is_told_of_the_folder_and_the_source():
    provisioning = ROOT / "ops" / "grafana" / "provisioning"
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "linkgauge.yml").read_text())["providers"]
    assert f"./ops/grafana/dashboards:{provider['options']['path']}:ro" in compose["volumes"]
    assert (provider["disableDeletion"], provider["allowUiUpdates"]) == (True, False)
    home = compose["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/linkgauge-estate.json"
    [source] = yaml.safe_load((provisioning / "datasources" / "linkgauge.yml").read_text())["datasources"]
    rules = (provisioning / "alerting" / "rules.yml").read_text()
    assert set(re.findall(r"datasourceUid: (\w+)", rules)) == {source["uid"], "__expr__"}
    assert source["url"].removeprefix("$") in compose["environment"]
