"""Writes every dashboard below ops/grafana/dashboards."""

from __future__ import annotations

from pathlib import Path

from ops.dashboards.boards import BOARDS
from ops.dashboards.rendering import rendered

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        file = FOLDER / f"{board.uid}.json"
        file.write_text(rendered(board), "utf-8")
        print(file)
