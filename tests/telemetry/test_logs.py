"""Logs of services: stable names, JSON off a terminal, no secrets, and a counter beside every warning."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

import streams
from streams.broker.ports import free_port
from streams.lake.readings import FAMILIES as LAKE
from streams.processor.families import FAMILIES as WORKER
from streams.reporter.families import FAMILIES as REPORTER
from tests.programs import LINKGAUGE

ROOT = Path(streams.__file__).parent
SERVICES = ("agents", "lake", "processor", "reporter")

COUNTED = {
    ("lake", "intervals_incomplete"): "lake_incomplete_intervals_total",
    ("lake", "kafka_trouble"): "lake_kafka_errors_total",
    ("lake", "message_refused"): "lake_refused_messages_total",
    ("lake", "messages_missed"): "lake_missed_messages_total",
    ("lake", "not_committed"): "lake_failed_commits_total",
    ("processor", "kafka_trouble"): "worker_kafka_errors_total",
    ("processor", "messages_expired"): "worker_expired_messages_total",
    ("processor", "seek_back"): "worker_seeks_total",
    ("reporter", "link_mode_unmeasured"): "reporter_link_errors_total",
    ("reporter", "past_not_read"): "reporter_broker_errors_total",
    ("reporter", "reload_waits_for_kafka"): "reporter_broker_errors_total",
    ("reporter", "row_refused"): "reporter_refused_rows_total",
    ("reporter", "settings_refused"): "reporter_settings_reload_successful",
}
"""The metric beside each warning that may come again."""

ONCE = {("processor", "worker_failed"), ("processor", "stopped_without_farewell")}
"""What a process says as it ends."""


def events():
    """`(service, level, event)` of every call of a logger; None for an event that is no literal."""
    for service in SERVICES:
        for path in sorted((ROOT / service).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "_log"
                ):
                    first = node.args[0]
                    yield service, node.func.attr, first.value if isinstance(first, ast.Constant) else None


def test_events_are_stable_names():
    found = list(events())
    assert len(found) > 10
    assert [event for *_, event in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event or "")] == []


def test_every_warning_has_its_counter():
    warned = {(service, event) for service, level, event in events() if level in ("warning", "error")}
    assert warned == COUNTED.keys() | ONCE
    assert set(COUNTED.values()) <= LAKE.keys() | WORKER.keys() | REPORTER.keys()


@pytest.mark.parametrize("service", ["reporter", "worker"])
def test_lines_are_json_off_a_terminal_and_keep_secrets(service, tmp_path):
    secret = "never-to-be-seen"  # noqa: S105  # it is the test's own
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "127.0.0.1:{free_port()}"\n[broker.client]\nsasl.username = "u"\n'
        f'sasl.password = "{secret}"\nsasl.mechanism = "PLAIN"\nsecurity.protocol = "SASL_PLAINTEXT"\n'
        "[reporter]\nport = 0\n"
    )
    done = subprocess.run(
        [LINKGAUGE, service], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode != 0
    assert secret not in done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    if service == "reporter":
        assert [line["event"] for line in lines] == ["reporter_listening"]
