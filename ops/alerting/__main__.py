"""Writes the files of rules: `python -m ops.alerting`, with thresholds as options."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from ops.alerting.grafana import contact_points, grafana_rules
from ops.alerting.knobs import Knobs
from ops.alerting.prometheus import prometheus_rules

__all__ = ["files", "main"]

OPS = Path(__file__).parents[1]


def files(knobs: Knobs) -> dict[str, str]:
    """What is written, by its place below the folder."""
    return {
        "prometheus/linkgauge.rules.yml": prometheus_rules(knobs),
        "grafana/provisioning/alerting/rules.yml": grafana_rules(knobs),
        "grafana/provisioning/alerting/contact-points.yml": contact_points(),
    }


def main() -> None:
    """Writes all of them."""
    parser = argparse.ArgumentParser(prog="python -m ops.alerting", description=__doc__)
    parser.add_argument("--folder", type=Path, default=OPS, help="where to; ops of this tree by default")
    for knob in fields(Knobs):
        name = f"--{knob.name.replace('_', '-')}"
        kind = type(knob.default)
        parser.add_argument(name, type=kind, default=knob.default, help=f"{knob.default} by default")
    chosen = vars(parser.parse_args())
    folder = chosen.pop("folder")
    try:
        texts = files(Knobs(**chosen))
    except ValueError as error:
        parser.error(f"--{str(error).replace('_', '-', 1)}")
    for place, text in texts.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
