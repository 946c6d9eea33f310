"""Dashboards: what Grafana is given is what is written here, and laws of every panel."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ops.alerting.knobs import Knobs
from ops.alerting.source import alerts, records
from ops.dashboards.__main__ import FOLDER
from ops.dashboards.boards import BOARDS
from ops.dashboards.rendering import rendered
from streams.reporter.families import FAMILIES

ROOT = Path(__file__).parents[2]
RECORDED = {record.name for record in records(Knobs())}
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
        assert set(re.findall(r"(?<![\w:])linkgauge_\w+", query.expr)) <= METRICS
        assert set(re.findall(r"\w+:linkgauge_\w+:\w+", query.expr)) <= RECORDED


def test_every_recorded_series_is_for_a_dashboard_or_an_alert():
    texts = [*(query.expr for _, panel in PANELS for query in panel.queries)]
    texts += [alert.expr for alert in alerts(Knobs())]
    assert [name for name in RECORDED if not any(name in text for text in texts)] == []
    assert [name for name in RECORDED if any(name in expr for board in BOARDS for expr in expressions(board))]


def test_rates_of_groups_are_those_of_the_rules():
    """For they know how long intervals are: a group's counter rises once in one."""
    counters = {name for name, family in FAMILIES.items() if family.labels[:1] == ("data_group",)}
    for _, panel in PANELS:
        for query in panel.queries:
            assert not set(re.findall(r"\brate\(linkgauge_(\w+)", query.expr)) & counters


HOSTILE = "o\"ra\\cle {{.}}\n'数' $1 ${x}"


@each_panel
def test_names_reach_prometheus_as_they_are(board, panel):
    """In backticks, and without Grafana's own escaping, which leaves double quotes as they are."""
    for query in panel.queries:
        assert not re.search(r"\$(?!\{\w+:raw\})", query.expr)
        for name in re.findall(r"\$\{(\w+):raw\}", query.expr):
            assert f"{name}=`${{{name}:raw}}`" in query.expr


@pytest.mark.external
def test_prometheus_reads_hostile_names_in_every_query(tmp_path):
    rules = [
        {"record": f"q{number}", "expr": re.sub(r"\$\{\w+:raw\}", lambda _: HOSTILE, query.expr)}
        for number, query in enumerate(query for _, panel in PANELS for query in panel.queries)
    ]
    asked = "linkgauge_coverage_ratio{data_group=`" + HOSTILE + "`}"
    written = "linkgauge_coverage_ratio{data_group=" + json.dumps(HOSTILE, ensure_ascii=False) + "}"
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    case = {
        "interval": "1m",
        "input_series": [{"series": written, "values": "0.5x5"}],
        "promql_expr_test": [
            {"expr": asked, "eval_time": "1m", "exp_samples": [{"labels": written, "value": 0.5}]}
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [case]}))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@each_panel
def test_nothing_is_averaged_and_ratios_are_not_added(board, panel):
    for query in panel.queries:
        assert not re.search(r"\b(avg|avg_over_time|quantile|stddev)\b", query.expr)
        assert not re.search(r"sum[^(]*\(\s*linkgauge_\w*_ratio", query.expr)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_variables_are_those_that_are_used(board):
    texts = [*expressions(board), *(variable.values for variable in board.variables)]
    used = {name for text in texts for name in re.findall(r"\$\{(\w+):raw\}", text)}
    assert used == {variable.name for variable in board.variables}


@each_panel
def test_a_click_leads_to_a_dashboard_that_is_there(board, panel):
    if not panel.leads_to:
        return
    label = LABELS.get(panel.leads_to, panel.leads_to)
    assert label in {v.name for each in BOARDS if each.name == panel.leads_to for v in each.variables}
    assert all(re.search(rf"by \([^)]*\b{label}\b", query.expr) for query in panel.queries)
    [link] = json.loads(rendered(board))["panels"][board.panels.index(panel)]["fieldConfig"]["defaults"][
        "links"
    ]
    assert f"var-{label}=${{__field.labels.{label}:percentencode}}&" in link["url"], "any name survives"


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
