"""The same alerts for those who alert in Grafana: provisioning files of rules and a contact point.

Each rule names its contact point and how it is grouped by itself. A file of notification policies would be
the whole policy tree of the organisation: it would replace what others have there.

Grafana evaluates an alert as a chain: the query, whether it gave anything at all (our conditions stand in the
query, and a value may be negative or infinite), and a threshold. It knows no recording rules, so those stand
in the place of their names. It knows no inhibition either: what a link's alerts need of it is in the queries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ops.alerting.knobs import Knobs
from ops.alerting.source import Alert, alerts, records

__all__ = ["contact_points", "grafana_rules", "inlined"]

DATASOURCE = "prometheus"
"""The uid of the data source, which ops/grafana provisions."""

_GRAFANA_TICK_SECONDS = 10
_ANY = "is_number($A) || is_nan($A) || is_inf($A)"
_HEAD = "# Made by `python -m ops.alerting` from ops/alerting/source.py."


def grafana_rules(knobs: Knobs) -> str:
    """Alert rules, in the folder `linkgauge`.

    Raises:
        ValueError: Grafana cannot evaluate that often.
    """
    if knobs.evaluation_seconds % _GRAFANA_TICK_SECONDS and knobs.time_scale == 1:
        raise ValueError(
            f"evaluation_seconds {knobs.evaluation_seconds}: a multiple of {_GRAFANA_TICK_SECONDS}, "
            "for Grafana evaluates no finer"
        )
    lines = [
        _HEAD,
        "apiVersion: 1",
        "groups:",
        "  - orgId: 1",
        "    name: linkgauge",
        "    folder: linkgauge",
        f"    interval: {knobs.evaluation_seconds}s",
        "    rules:",
    ]
    return "\n".join([*lines, *(line for alert in alerts(knobs) for line in _rule(alert, knobs))]) + "\n"


def contact_points() -> str:
    """Where alerts go: a webhook whose address comes from Grafana's environment."""
    return f"""{_HEAD}
apiVersion: 1
contactPoints:
  - orgId: 1
    name: linkgauge
    receivers:
      - uid: linkgauge-webhook
        type: webhook
        settings:
          url: $LINKGAUGE_ALERT_WEBHOOK
"""


def inlined(expr: str, knobs: Knobs) -> str:
    """An expression in which recording rules stand in the place of their names."""
    for record in records(knobs):
        inner = f"({' '.join(record.expr.split())})"
        # A range of a recorded series is a subquery of what it records.
        expr = re.sub(rf"{re.escape(record.name)}(?=\[)", f"{inner}", expr)
        expr = re.sub(r"(?<=\))\[(\w+)\]", r"[\1:]", expr).replace(record.name, inner)
    return expr


def _rule(alert: Alert, knobs: Knobs) -> Iterator[str]:
    words = re.findall(r"[A-Z][a-z]+", alert.name)
    query = " ".join(inlined(alert.expr, knobs).split())
    # The texts name the value of the query, which is Grafana's `$values.A`.
    summary, description = (re.sub(r"\$value\b", "$values.A.Value", text) for text in _texts(alert))
    yield f"      - uid: {'-'.join(words).lower()}"
    yield f"        title: {alert.name}"
    yield "        condition: C"
    yield f"        for: {knobs.scaled(alert.hold_seconds)}"
    yield "        noDataState: OK"
    yield "        execErrState: Error"
    yield f"        labels: {{severity: {alert.severity}}}"
    yield "        notification_settings:"
    yield "          receiver: linkgauge"
    yield f"          group_by: [{', '.join(_GROUP_BY)}]"
    yield f"          repeat_interval: {_REPEAT[alert.severity]}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(summary)}"
    yield f"          description: {json.dumps(description)}"
    yield f"          runbook_url: {json.dumps(f'{knobs.runbooks}/{alert.name}.md')}"
    yield "        data:"
    yield "          - refId: A"
    yield "            relativeTimeRange: {from: 600, to: 0}"
    yield f"            datasourceUid: {DATASOURCE}"
    yield f"            model: {json.dumps({'refId': 'A', 'instant': True, 'expr': query})}"
    for ref, model in (
        ("B", {"refId": "B", "type": "math", "expression": _ANY}),
        ("C", {"refId": "C", "type": "threshold", "expression": "B", "conditions": [_ABOVE_ZERO]}),
    ):
        yield f"          - refId: {ref}"
        yield "            datasourceUid: __expr__"
        yield f"            model: {json.dumps(model)}"


_GROUP_BY = ("grafana_folder", "alertname", "link", "cluster", "namespace", "site")
_REPEAT = {"critical": "1h", "warning": "4h"}
_ABOVE_ZERO = {"evaluator": {"type": "gt", "params": [0]}}


def _texts(alert: Alert) -> tuple[str, str]:
    return alert.summary, alert.description
