"""Alerts: files that come from one source, runbooks, and what Prometheus and Alertmanager say of them."""

# ruff: noqa: S310  # the addresses are those of our own programs

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ops.alerting.__main__ import files
from ops.alerting.grafana import inlined
from ops.alerting.knobs import Knobs
from ops.alerting.source import alerts, records
from streams.agents.telemetry import FAMILIES as AGENT
from streams.broker.ports import free_port
from streams.lake.readings import FAMILIES as LAKE
from streams.processor.families import FAMILIES as WORKER
from streams.reporter.families import ESSENTIAL, FAMILIES
from tests.waiting import eventually

OPS = Path(__file__).parents[2] / "ops"
RUNBOOKS = OPS / "runbooks"
RULES = OPS / "prometheus" / "linkgauge.rules.yml"
UNIT_TESTS = RULES.with_name("linkgauge.test.yml")
ALERTMANAGER = OPS / "alertmanager" / "alertmanager.yml"
NAMES = [alert.name for alert in alerts(Knobs())]


@pytest.mark.parametrize("place", files(Knobs()))
def test_the_files_are_those_of_the_source(place):
    assert (OPS / place).read_text("utf-8") == files(Knobs())[place], "python -m ops.alerting"


def test_every_alert_has_a_runbook_with_its_four_answers():
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == sorted(NAMES)
    for name in NAMES:
        titles = re.findall(r"^## (.*)$", (RUNBOOKS / f"{name}.md").read_text("utf-8"), re.MULTILINE)
        assert titles == [
            "What it means for the business",
            "How to see it",
            "What to do",
            "When to ignore it",
        ]


def metrics_in(text):
    return set(re.findall(r"(?<![\w:])linkgauge_(\w+)", text))


def test_every_metric_that_rules_and_runbooks_name_exists():
    known = FAMILIES.keys() | WORKER.keys() | AGENT.keys() | LAKE.keys()
    for rule in (*records(Knobs()), *alerts(Knobs())):
        assert metrics_in(rule.expr) <= known
    for path in RUNBOOKS.glob("*.md"):
        assert metrics_in(path.read_text("utf-8")) <= known, path.name


def test_alerts_of_groups_need_no_more_than_large_sites_show():
    """But one: clock skew then goes by dead letters."""
    of_groups = {name for name, family in FAMILIES.items() if family.labels[:1] == ("data_group",)}
    spare = {"watermark_timestamp_seconds"}
    for alert in alerts(Knobs()):
        assert (metrics_in(inlined(alert.expr, Knobs())) & of_groups) - spare <= ESSENTIAL


def test_unit_tests_show_each_alert_firing_and_not_and_what_low_coverage_does():
    text = UNIT_TESTS.read_text("utf-8")
    cases = re.findall(r'- name: "(\w+): .*?(?=\n  # |\Z)', text, re.DOTALL)
    assert set(cases) == set(NAMES)
    for name in NAMES:
        blocks = [block for block in text.split("\n  # ") if f'- name: "{name}: ' in block]
        assert any("exp_labels" in block and "exp_alerts: []" in block for block in blocks), name
        assert any("coverage_ratio" in block for block in blocks), name


@pytest.mark.parametrize(
    "wrong",
    [
        ["--least-coverage", "90"],
        ["--exhaustion-days", "0"],
        ["--runbooks", "wiki"],
        ["--lag-messages", "x"],
        ["--evaluation-seconds", "15"],  # Grafana evaluates at multiples of ten
        ["--replica-labels", "pod) or ("],
    ],
)
def test_a_wrong_threshold_is_refused_and_nothing_is_written(tmp_path, wrong):
    done = subprocess.run(
        [sys.executable, "-m", "ops.alerting", "--folder", tmp_path, *wrong],
        capture_output=True,
        text=True,
        check=False,
        cwd=OPS.parent,
    )
    assert done.returncode == 2
    assert wrong[0].removeprefix("--").split("-")[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_times_of_a_faster_copy():
    fast = Knobs(time_scale=0.001)
    assert [Knobs().scaled(seconds) for seconds in (0, 90, 900, 7200, 86_400)] == [
        "0s",
        "90s",
        "15m",
        "2h",
        "1d",
    ]
    assert fast.scaled(900) == "1s"
    assert "for: 1s" in files(fast)["prometheus/linkgauge.rules.yml"]


def test_rates_are_taken_over_several_intervals():
    """A group's counter rises once in an interval: over a shorter window its rate is 0 most of the time."""
    hourly = files(Knobs(interval_seconds=3600))["prometheus/linkgauge.rules.yml"]
    assert set(re.findall(r"rate\(\w+\[(\w+)\]\)", hourly)) == {"3h"}


def test_every_rule_keeps_the_labels_by_which_sites_differ():
    for rule in (*records(Knobs()), *alerts(Knobs())):
        assert not re.search(r"\bby \(|\bon \(\w", rule.expr), rule.name
    other = Knobs(replica_labels="replica")
    assert (
        "min without (replica) (linkgauge_link_headroom_ratio)"
        in files(other)["prometheus/linkgauge.rules.yml"]
    )


def test_the_example_sends_to_no_address_that_nobody_listens_on():
    """In a container 127.0.0.1 is the container itself."""
    receivers = yaml.safe_load(ALERTMANAGER.read_text())["receivers"]
    assert [receiver["name"] for receiver in receivers] == ["team", "pager", "planning"]
    assert not any(len(receiver) > 1 for receiver in receivers)


def test_inhibition_stays_within_a_site():
    for rule in yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]:
        assert {"cluster", "namespace", "site"} <= set(rule["equal"]), rule


def test_grafana_is_given_nothing_that_would_replace_what_others_have_there():
    assert not [place for place in files(Knobs()) if "polic" in place]
    rules = yaml.safe_load(files(Knobs())["grafana/provisioning/alerting/rules.yml"])["groups"][0]["rules"]
    for rule in rules:
        settings = rule["notification_settings"]
        assert settings["receiver"] == "linkgauge"
        assert {"alertname", "grafana_folder", "link"} <= set(settings["group_by"])
    [point] = yaml.safe_load(files(Knobs())["grafana/provisioning/alerting/contact-points.yml"])[
        "contactPoints"
    ]
    assert point["name"] == "linkgauge"


def test_grafana_has_the_same_conditions_with_records_in_their_place():
    text = files(Knobs())["grafana/provisioning/alerting/rules.yml"]
    queries = [json.loads(found) for found in re.findall(r'model: (\{"refId": "A".*\})$', text, re.MULTILINE)]
    names = re.findall(r"title: (\w+)", text)
    assert names == NAMES
    for alert, query in zip(alerts(Knobs()), queries, strict=True):
        assert query["expr"] == " ".join(inlined(alert.expr, Knobs()).split())
        assert not re.search(r"\w:linkgauge_", query["expr"]), "a recording rule is left"
    uids = re.findall(r"uid: (\S+)", text)
    assert len(set(uids) - {"prometheus"}) >= len(names)


def run(program, *arguments, cwd=None):
    path = shutil.which(program)
    assert path, f"{program} is needed: ops/install-test-programs"
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.external
def test_promtool_accepts_the_rules_and_their_unit_tests_pass(tmp_path):
    checked = run("promtool", "check", "rules", RULES)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
    tested = run("promtool", "test", "rules", UNIT_TESTS.name, cwd=UNIT_TESTS.parent)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    config = run("promtool", "check", "config", OPS / "prometheus" / "prometheus.yml")
    assert config.returncode == 0, config.stdout + config.stderr


@pytest.mark.external
def test_promtool_parses_what_grafana_asks(tmp_path):
    rules = [
        {"record": f"q{n}", "expr": inlined(alert.expr, Knobs())} for n, alert in enumerate(alerts(Knobs()))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "grafana", "rules": rules}]}))
    checked = run("promtool", "check", "rules", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.external
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "LinkgaugeLinkUndersized", "severity": "critical", "link": "east"}, "pager"),
        ({"alertname": "LinkgaugeReporterDown", "severity": "critical"}, "pager"),
        ({"alertname": "LinkgaugeLinkExhaustionNear", "severity": "warning"}, "planning"),
        ({"alertname": "LinkgaugeCoverageLow", "severity": "warning", "data_group": 'a"b'}, "team"),
    ],
)
def test_amtool_routes(labels, receiver):
    config = f"--config.file={ALERTMANAGER}"
    checked = run("amtool", "check-config", ALERTMANAGER)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    pairs = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
    routed = run("amtool", "config", "routes", "test", config, f"--verify.receivers={receiver}", *pairs)
    assert routed.returncode == 0, routed.stdout + routed.stderr


def with_templates_of(program):
    """What stands before the program: Debian's looks for its templates below /usr/share, wherever it is."""
    templates = Path(program).parents[1] / "share" / "prometheus" / "alertmanager"
    if templates.is_relative_to("/usr/share"):
        return []
    script = (
        "mount -t tmpfs none /usr/share && mkdir /usr/share/prometheus && "
        'cp -r "$1" /usr/share/prometheus/alertmanager && shift && exec "$@"'
    )
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", templates]


@pytest.fixture
def alertmanager(tmp_path):
    """Alertmanager itself with the example; asks its API."""
    port = free_port()
    program = shutil.which("prometheus-alertmanager")
    assert program, "prometheus-alertmanager is needed: ops/install-test-programs"
    process = subprocess.Popen(
        [
            *with_templates_of(program),
            program,
            f"--config.file={ALERTMANAGER}",
            f"--storage.path={tmp_path}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v2/{path}", data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.read() or b"{}"
        except OSError:
            return None

    try:
        eventually(lambda: ask("status"))
        yield ask
    finally:
        process.kill()
        process.wait()


def fired(name, **labels):
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, **labels},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
    }


@pytest.mark.external
def test_a_running_alertmanager_inhibits_by_link(alertmanager):
    hostile = 'a"b\nc{{.}} 数'
    alertmanager(
        "alerts",
        [
            fired("LinkgaugeLinkUndersized", severity="critical", link="east"),
            *(fired("LinkgaugeRpoAtRisk", severity="warning", link=link) for link in ("east", "west")),
            *(
                fired("LinkgaugeLinkExhaustionNear", severity="warning", link=link)
                for link in ("east", "west", "north")
            ),
            fired("LinkgaugeCoverageLow", severity="warning", link="north", data_group=hostile),
            fired("LinkgaugeCoverageLow", severity="warning", data_group="alone"),
            fired("LinkgaugeAgentSilent", severity="warning", data_group="alone"),
            fired("LinkgaugeLagGrowing", severity="warning", job="worker", namespace="one"),
            *(
                fired("LinkgaugeGroupStale", severity="warning", job="reporter", namespace=site, link=site)
                for site in ("one", "two")
            ),
            fired("LinkgaugeLinkUndersized", severity="critical", link="shared", mode="m", namespace="one"),
            *(
                fired("LinkgaugeRpoAtRisk", severity="warning", link="shared", mode="m", namespace=site)
                for site in ("one", "two")
            ),
        ],
    )

    def states():
        found = json.loads(alertmanager("alerts"))
        return {
            (
                a["labels"]["alertname"].removeprefix("Linkgauge"),
                a["labels"].get("link", a["labels"].get("data_group", ""))
                + a["labels"].get("namespace", "").replace(a["labels"].get("link", "-"), ""),
            ): a["status"]["state"]
            for a in found
        }

    wanted = {
        ("LinkUndersized", "east"): "active",
        ("RpoAtRisk", "east"): "suppressed",
        ("RpoAtRisk", "west"): "active",
        ("LinkExhaustionNear", "east"): "suppressed",
        ("LinkExhaustionNear", "west"): "active",
        ("LinkExhaustionNear", "north"): "suppressed",
        ("CoverageLow", "north"): "active",
        ("CoverageLow", "alone"): "suppressed",
        ("AgentSilent", "alone"): "active",
        ("LagGrowing", "one"): "active",
        ("GroupStale", "one"): "suppressed",
        ("GroupStale", "two"): "active",
        ("LinkUndersized", "sharedone"): "active",
        ("RpoAtRisk", "sharedone"): "suppressed",
        ("RpoAtRisk", "sharedtwo"): "active",
    }
    assert eventually(states, lambda found: found == wanted)
    names = {a["labels"].get("data_group") for a in json.loads(alertmanager("alerts"))}
    assert hostile in names
