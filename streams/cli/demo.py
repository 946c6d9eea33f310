"""The demo: a synthetic day of three arrays goes through the whole product and meets its known answer.

The measured side is what reports and the reporter say. The answer comes from the fleet's closed form and
plain arithmetic, so that no formula is compared with itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import typer
from prometheus_client.parser import text_string_to_metric_families

from streams.agents.load import publish_fleet
from streams.agents.replay import ReplayOptions
from streams.agents.synthetic import Answer, FleetSpec, demo_fleet
from streams.cli.measured import measured_groups
from streams.cli.output import Layout, print_rows, progress_of
from streams.cli.probing import fetch
from streams.cli.reports.demand import demand
from streams.cli.units import bits_per_second_text, bytes_text, percent_text, seconds_text
from streams.errors import LinkgaugeError
from streams.model.sizing.ranges import RangeFigures, fold_ratio
from streams.settings import Lake, Link
from streams.store import Source

__all__ = ["DEMO_LINK", "Figure", "compared", "demo_environment", "example_query", "run_demo"]

DEMO_LINK = Link(
    groups=("demo-oltp", "demo-batch", "demo-files"),
    path_bits_per_second=155_520_000,
    paths=2,
    medium="fcip1500",
    resync_seconds=3600,
)
"""Two OC-3 paths that carry Fibre Channel over IP."""

_USABLE = 155_520_000 * 1448 / 1538 * 2048 / 2112 * 0.7
_NAME = "demo"
_DAY_US = 86_400_000_000
_HOUR_INTERVALS = 12
_SHOWN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was measured and as it must be; None was not measured at all."""

    name: str
    measured: float | None
    known: float
    text: Callable[[float], str] = str

    @property
    def agrees(self) -> bool:
        """Whole numbers exactly, others to one part in 10^9."""
        if self.measured is None or isinstance(self.known, int):
            return self.measured == self.known
        return math.isclose(self.measured, self.known, rel_tol=1e-9)


def demo_environment() -> dict[str, str]:
    """What makes the services know the demo's link."""
    link = DEMO_LINK.model_dump(mode="json", exclude_unset=True)
    return {"LINKGAUGE_LINKS": orjson.dumps({_NAME: link}).decode()}


def example_query(lake: Lake) -> str:
    """A question to the lake that a user can paste into a shell: hours of the day by changed bytes."""
    scan = {
        "delta": f"pl.scan_delta('{lake.table_uri('interval_summary')}')",
        "parquet": f"pl.scan_parquet('{lake.table_uri('interval_summary')}/day=*/*.parquet')",
        "iceberg": f"pl.scan_iceberg(catalog.load_table('{lake.namespace}.interval_summary'))",
    }[lake.format]
    return (
        "ask the lake, for instance which hours changed most (pip install polars):\n"
        f"python -c \"import polars as pl; print({scan}.filter(pl.col('interval_seconds') == 3600,"
        " ~pl.col('is_gap')).sort('revision', 'ingested_at').unique(['data_group', 'interval_start'],"
        " keep='last', maintain_order=True)"
        ".select('data_group', 'interval_start', 'changed_bytes_or', 'changed_bytes_sum')"
        ".sort('changed_bytes_or', descending=True).head(5).collect())\""
    )


def run_demo(source: Source, url: str, check: Callable[[], None]) -> bool:
    """Publishes yesterday's writes of the fleet, waits for their summaries, prints all figures.

    `url` is the reporter's; `check` is called all along. Returns whether every figure is right.
    """
    day_us = (time.time_ns() // 1000 // _DAY_US - 1) * _DAY_US
    fleet = dict(zip(DEMO_LINK.groups, demo_fleet(day_us), strict=True))
    for group, spec in fleet.items():
        _publish(source, group, spec, check)
    measured = measured_groups(source, DEMO_LINK.groups, day_us, day_us + _DAY_US)
    answers = {group: spec.expected() for group, spec in fleet.items()}
    shown = _await_metrics(url, day_us + _DAY_US, check)
    figures = list(compared(measured, answers, shown))
    _print(figures)
    return all(figure.agrees for figure in figures)


def compared(
    measured: Mapping[str, RangeFigures], answers: Mapping[str, Answer], shown: Mapping[str, float]
) -> Iterator[Figure]:
    """All figures of the demo: each group's, the link's over the day, and what `/metrics` says of it."""
    for group, figures in measured.items():
        answer = answers[group]
        union = answer.changed_tracks_or() * answer.track_bytes
        total = answer.changed_tracks_sum() * answer.track_bytes
        yield Figure(f"{group}: writes", figures.writes, answer.writes())
        yield from _sum_and_or(group, figures.changed_bytes_sum, total, figures.changed_bytes_or, union)
        yield Figure(f"{group}: coverage", figures.coverage, 1, percent_text)
    yield from _link_figures(measured, answers)
    last = range(288 - _HOUR_INTERVALS, 288)
    hour = sum(answer.changed_tracks_or(last) * answer.track_bytes for answer in answers.values())
    yield from _shown_figures(shown, 8 * hour / 3600)


def _link_figures(measured: Mapping[str, RangeFigures], answers: Mapping[str, Answer]) -> Iterator[Figure]:
    union = sum(answer.changed_tracks_or() * answer.track_bytes for answer in answers.values())
    total = sum(answer.changed_tracks_sum() * answer.track_bytes for answer in answers.values())
    shipped = sum(figures.changed_bytes_sum for figures in measured.values())
    asked = demand(sum(figures.changed_bytes_or for figures in measured.values()), DEMO_LINK)
    yield from _sum_and_or("link", shipped, total, asked.changed_bytes, union)
    yield Figure("link: coverage", min(f.coverage for f in measured.values()), 1, percent_text)
    rate, seconds = 8 * union / 3600, 8 * union / (2 * _USABLE)
    need = asked.required_bits_per_second
    yield Figure("link: bandwidth for OR in an hour", need, rate, bits_per_second_text)
    yield Figure("link: paths of 155.52 Mbit/s for it", asked.paths, math.ceil(rate / _USABLE))
    yield Figure("link: time on the two paths it has", asked.resync_seconds, seconds, seconds_text)


def _shown_figures(shown: Mapping[str, float], rate: float) -> Iterator[Figure]:
    required = None if "required" not in shown else 8 * shown["required"]
    headroom = 1 - rate / (2 * _USABLE)
    yield Figure("metrics: bandwidth for the last hour's OR", required, rate, bits_per_second_text)
    yield Figure("metrics: headroom for it", shown.get("headroom"), headroom, percent_text)
    yield Figure("metrics: coverage of it", shown.get("coverage"), 1, percent_text)


def _sum_and_or(name: str, total: int, known_total: int, union: int, known_union: int) -> Iterator[Figure]:
    yield Figure(f"{name}: SUM", total, known_total, bytes_text)
    yield Figure(f"{name}: OR", union, known_union, bytes_text)
    yield Figure(f"{name}: fold factor", fold_ratio(total, union), known_total / known_union, "{:.4f}".format)


def _publish(source: Source, group: str, spec: FleetSpec, check: Callable[[], None]) -> None:
    with progress_of(group) as show:

        def progress(stage: str, done: int, total: int) -> None:
            show(stage, done, total)
            check()

        publish_fleet(source, [spec], group, ReplayOptions(), progress)


def _await_metrics(url: str, day_end_us: int, check: Callable[[], None]) -> dict[str, float]:
    """The demo link's figures, once the reporter shows those of the day's last hour."""
    end = time.monotonic() + _SHOWN_SECONDS
    while time.monotonic() < end:
        shown = _link_metrics(fetch(f"{url}/metrics") or "")
        is_whole = shown.get("missing") == 0  # with a group missing its figures are those of the others
        if is_whole and shown.get("end") == day_end_us / 1e6 and shown.get("range") == 3600:
            return shown
        check()
        time.sleep(0.2)
    raise LinkgaugeError(f"{url}/metrics does not show the last hour after {_SHOWN_SECONDS:g} s")


def _link_metrics(text: str) -> dict[str, float]:
    names = {
        "linkgauge_link_required_bytes_per_second": "required",
        "linkgauge_link_headroom_ratio": "headroom",
        "linkgauge_link_coverage_ratio": "coverage",
        "linkgauge_link_interval_end_timestamp_seconds": "end",
        "linkgauge_link_members_missing": "missing",
    }
    shown: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name not in names or sample.labels["link"] != _NAME:
                continue
            if sample.labels.get("mode", "bitmap_resync") == "bitmap_resync":
                shown[names[sample.name]] = sample.value
                if "range_seconds" in sample.labels:
                    shown["range"] = float(sample.labels["range_seconds"])
    return shown


def _print(figures: Sequence[Figure]) -> None:
    columns = ["figure", "measured", "known answer", ""]
    rows = (
        [
            figure.name,
            "nothing" if figure.measured is None else figure.text(figure.measured),
            figure.text(figure.known),
            "✓" if figure.agrees else "✗",
        ]
        for figure in figures
    )
    print_rows(columns, rows, Layout.TABLE, columns[1:3])
    wrong = [figure for figure in figures if not figure.agrees]
    typer.echo(f"\n{len(figures) - len(wrong)} of {len(figures)} figures agree with the known answer")
