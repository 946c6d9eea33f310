"""The rules file of Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ops.alerting.knobs import Knobs
from ops.alerting.source import Alert, alerts, records

__all__ = ["prometheus_rules"]


def prometheus_rules(knobs: Knobs) -> str:
    """The YAML of recording rules and alerts."""
    return "\n".join(_lines(knobs)) + "\n"


def _lines(knobs: Knobs) -> Iterator[str]:
    yield "# Made by `python -m ops.alerting` from ops/alerting/source.py; the thresholds are options of it."
    yield "groups:"
    yield "  - name: linkgauge  # one group: alerts see what was recorded in the same moment"
    yield f"    interval: {knobs.evaluation_seconds}s"
    yield "    rules:"
    for record in records(knobs):
        yield f"      - record: {record.name}"
        yield from _block("expr", record.expr, 8)
    for alert in alerts(knobs):
        yield from _alert(alert, knobs)


def _alert(alert: Alert, knobs: Knobs) -> Iterator[str]:
    yield f"      - alert: {alert.name}"
    yield from _block("expr", alert.expr, 8)
    yield f"        for: {knobs.scaled(alert.hold_seconds)}"
    yield "        labels:"
    yield f"          severity: {alert.severity}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(alert.summary)}"
    yield f"          description: {json.dumps(alert.description)}"
    yield f"          runbook_url: {json.dumps(f'{knobs.runbooks}/{alert.name}.md')}"


def _block(key: str, text: str, indent: int) -> Iterator[str]:
    margin = " " * indent
    yield f"{margin}{key}: |-"
    for line in text.splitlines():
        yield f"{margin}  {line}"
