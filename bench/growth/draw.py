"""Draws one benchmark of a file of growth figures: `draw.py FIGURES FOLDER BENCHMARK [FORMAT]`.

Dots are medians, their bars reach from the lowest to the highest run, dashed lines are the laws.
"""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found]  # the environment that this runs in has it

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib import ticker

__all__: list[str] = []

_COST, _LAW = "CPU s/M writes", "law"
_COLOURS = {"collector": "#1f6fb2", "worker": "#c2541b"}
_PATTERNS = {"scattered": "#1f6fb2", "uniform": "#c2541b", "hot spots": "#2f8f4e", "sequential": "#8a4fa3"}

Results = list[dict[str, Any]]
"""Comparisons of one benchmark, each with the figures of its contenders."""


def _main(figures: Path, folder: Path, name: str, kind: str = "svg") -> None:
    content = json.loads(figures.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(
        {
            "svg.fonttype": "none",  # text stays text: small files, which can be searched
            "svg.hashsalt": "linkgauge",
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
        }
    )
    results = [r for r in content["results"] if r["benchmark"] == name and r["figures"]]
    axes = plt.figure(figsize=(5.6, 3.4), layout="constrained").add_subplot()
    if name == "memory":
        _draw_memory(axes, results)
    else:
        _draw_curve(axes, results, content["curves"][name])
    path = folder / f"{name}.{kind}"
    plt.savefig(path, metadata={"Date": None} if kind == "svg" else None, dpi=110)
    if kind == "svg":
        path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def _draw_curve(axes: Any, results: Results, about: dict[str, str]) -> None:
    for contender, colour in _COLOURS.items():
        rows = [r["figures"][contender] for r in results if contender in r["figures"]]
        if not rows:
            continue
        rows.sort(key=lambda row: median(row[about["axis"]]))
        x = [median(row[about["axis"]]) for row in rows]
        _dots(axes, x, [row[_COST] for row in rows], contender, colour)
        law = f"{about['law']}, fitted to the {contender}"
        axes.plot(x, [row[_LAW][0] for row in rows], "--", color=colour, lw=1, label=law)
    if about["axis"] == "touched tracks per write":
        _name_points(axes, results, about["axis"])
    else:
        axes.set_xscale("log")
    _scale_costs(axes, [value for r in results for row in r["figures"].values() for value in row[_COST]])
    axes.set(title=about["title"], xlabel=about["axis"], ylabel="CPU seconds per million writes")
    axes.legend()


def _scale_costs(axes: Any, costs: list[float]) -> None:
    """A scale of magnitudes where there are some, else one from 0."""
    if max(costs) < 8 * min(costs):
        axes.set_ylim(0, 1.15 * max(costs))
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())


def _name_points(axes: Any, results: Results, axis: str) -> None:
    axes.margins(x=0.15)
    rows = sorted(results, key=lambda result: median(result["figures"]["collector"][axis]))
    for number, result in enumerate(rows):
        row = result["figures"]["collector"]
        place = median(row[axis]), median(row[_COST])
        beside = (4, 5 if number % 2 else -10)  # neighbours' names keep apart
        axes.annotate(result["comparison"], place, xytext=beside, textcoords="offset points", fontsize=7)


def _draw_memory(axes: Any, results: Results) -> None:
    goal = []
    for pattern, colour in _PATTERNS.items():
        rows = [r["figures"]["collector"] for r in results if r["comparison"].startswith(f"{pattern},")]
        x = [median(row["touched tracks"]) for row in rows]
        _dots(axes, x, [row["most MiB"] for row in rows], pattern, colour)
        axes.plot(x, [median(row["most MiB"]) for row in rows], color=colour, lw=0.8, alpha=0.5)
        goal += [(median(row["touched tracks"]), median(row["goal MiB"])) for row in rows]
    axes.plot(*zip(*sorted(goal), strict=True), "k--", lw=1, label="goal: 4 B per track + 64 KiB per volume")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set(
        title="Memory of an open interval of 16 volumes",
        xlabel="touched tracks",
        ylabel="resident MiB at most",
    )
    axes.legend()


def _dots(axes: Any, x: list[float], runs: list[list[float]], label: str, colour: str) -> None:
    middle = [median(values) for values in runs]
    below = [m - min(values) for m, values in zip(middle, runs, strict=True)]
    above = [max(values) - m for m, values in zip(middle, runs, strict=True)]
    axes.errorbar(x, middle, [below, above], fmt="o", ms=4, lw=1, capsize=2, color=colour, label=label)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
