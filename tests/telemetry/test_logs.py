"""Logs of services: stable names, JSON off a terminal, no secrets, and a counter beside every warning."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

import streams
from streams.broker.ports import free_port
from streams.processor.families import FAMILIES as WORKER
from streams.reporter.families import FAMILIES as REPORTER
from tests.programs import LINKGAUGE

ROOT = Path(streams.__file__).parent
SERVICES = ("processor", "reporter")

COUNTED = {
    "row_refused": "reporter_refused_rows_total",
    "link_mode_unmeasured": "reporter_link_errors_total",
    "past_not_read": "reporter_broker_errors_total",
    "reload_waits_for_kafka": "reporter_broker_errors_total",
    "settings_refused": "reporter_settings_reload_successful",
    "seek_back": "worker_seeks_total",
    "kafka_trouble": "worker_kafka_errors_total",
    "messages_expired": "worker_expired_messages_total",
}
"""The metric beside each warning that may come again."""

ONCE = {"worker_failed", "stopped_without_farewell"}
"""What a process says as it ends."""


def events():
    """`(level, event)` of every call of a logger in the services; None for an event that is no literal."""
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
                    yield node.func.attr, first.value if isinstance(first, ast.Constant) else None


def test_events_are_stable_names():
    found = list(events())
    assert len(found) > 10
    assert [event for _, event in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event or "")] == []


def test_every_warning_has_its_counter():
    warned = {event for level, event in events() if level in ("warning", "error")}
    assert warned == COUNTED.keys() | ONCE
    assert set(COUNTED.values()) <= WORKER.keys() | REPORTER.keys()


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
