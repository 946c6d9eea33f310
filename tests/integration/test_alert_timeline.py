"""The life of an alert on a real Prometheus, while everything in between is killed and started again.

Nothing that was ever scraped may be false: it is held afterwards against what stands on the topics.
"""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections.abc import Iterable

import pytest

from ops.alerting.knobs import Knobs
from streams.errors import MissingData
from streams.model.entries import Summary
from streams.model.intervals import US
from streams.reporter.rpo import mode_figures
from streams.settings import Link
from streams.store import read_summaries
from tests.integration.watched import Watched, watching
from tests.programs import LINKGAUGE
from tests.waiting import eventually

pytestmark = [pytest.mark.broker, pytest.mark.external, pytest.mark.long, pytest.mark.timeout(600)]

GROUP = 'o"ra\\cle {{.}} 数'
UNDERSIZED = ("LinkgaugeLinkUndersized",)
INTERVAL = 2
KNOBS = Knobs(interval_seconds=300, evaluation_seconds=1, time_scale=4 / 900)
"""Undersized after 4 s, no reporter after 1 s, a silent agent after 1 s."""
DEFINITION = f"""
[groups.{json.dumps(GROUP, ensure_ascii=False)}]
interval_seconds = {INTERVAL}
slot_seconds = 1
rungs_seconds = []
late_window_seconds = 60
tick_seconds = 1
silent_after_seconds = 10
members = [{{ array = "box", volume = "v", volume_bytes = {4096 * 65536} }}]

[groups.never]
interval_seconds = {INTERVAL}
slot_seconds = 1
rungs_seconds = []
tick_seconds = 1
silent_after_seconds = 10
members = [{{ array = "box", volume = "w" }}]
"""


class Story:
    """What is awaited, and when it came."""

    def __init__(self, site: Watched) -> None:
        self.site = site
        self.begun = time.monotonic()
        self.lines: list[str] = []

    def tell(self, what: str) -> None:
        self.lines.append(f"{time.monotonic() - self.begun:6.1f} s  {what}")

    def until(self, state: str, name: str = UNDERSIZED[0], **labels: str) -> None:
        eventually(lambda: self.site.prometheus.alert(name, **labels), lambda found: found == state)
        self.tell(f"{name} {state}")

    def until_shown(self, expression: str, what: str) -> None:
        eventually(lambda: self.site.prometheus.now(expression))
        self.tell(what)


def headroom(mode: str = "continuous") -> str:
    return f'linkgauge_link_headroom_ratio{{link="east",mode="{mode}"}}'


def test_the_life_of_an_alert(tmp_path):
    with watching(tmp_path, GROUP, DEFINITION, KNOBS, INTERVAL) as site:
        story = Story(site)
        try:
            old = grow_and_fire(story)
            kill_everything_once(story)
            widen(story)
            assert old.wait(120) == 0, "the replay of old data failed"
            fall_silent(story)
            hold_against_the_topics(site)
        finally:
            print("\n".join(story.lines))  # noqa: T201  # shown with -s, and where the test fails


def grow_and_fire(story: Story) -> subprocess.Popen[bytes]:
    site = story.site
    story.until_shown(f"{headroom()} > 0", "the link has headroom")
    assert site.prometheus.alert(*UNDERSIZED) == "inactive"
    # Meanwhile old data is replayed: four intervals of it in every second.
    replayed = ["--group", "old", "--start", "2020-01-01T00:00:00Z", "--duration", "400", "--interval", "10"]
    with (site.folder / "old.log").open("wb") as log:
        old = subprocess.Popen(
            [LINKGAUGE, "agent", "synthetic", *replayed, "--rate", "10", "--speed", "40"],
            cwd=site.folder,
            stdout=log,
            stderr=log,
        )
    site.load.writes_each = 10
    story.tell("the load grows to eight times the link")
    story.until("pending")
    story.until("firing", link="east", mode="continuous")
    return old


def kill_everything_once(story: Story) -> None:
    site = story.site
    site.reporter.kill()
    story.tell("the reporter is killed")
    story.until("firing", "LinkgaugeReporterDown")
    site.reporter.start()
    story.until("inactive", "LinkgaugeReporterDown")
    story.until("firing")
    site.prometheus.kill()
    site.prometheus.start()
    story.tell("Prometheus is killed and started")
    story.until("firing")
    (before,) = site.prometheus.now("max(linkgauge_interval_end_timestamp_seconds{data_group!='old'})")
    site.restart_broker()
    story.tell("Kafka is killed and started")
    story.until_shown(
        f"max(linkgauge_interval_end_timestamp_seconds{{data_group!='old'}}) > {before + 10}",
        "intervals go on",
    )
    story.until("firing")


def widen(story: Story) -> None:
    site = story.site
    rules = site.folder / "rules.yml"
    right = rules.read_text()
    rules.write_text(right.replace("< 0", "< )"))
    site.prometheus.hang_up()
    eventually(lambda: "prometheus_config_last_reload_successful 0" in site.prometheus.says())
    story.tell("a mistake in the rules is refused")
    assert site.prometheus.alert(*UNDERSIZED) == "firing", "the old rules stay in force"
    rules.write_text(right)
    site.prometheus.hang_up()
    eventually(lambda: "prometheus_config_last_reload_successful 1" in site.prometheus.says())
    refused = "linkgauge_reporter_settings_reload_successful == 0"
    site.configure(paths=-20)
    site.reporter.hang_up()
    story.until_shown(refused, "a mistake in the settings is refused")
    assert site.reload() == 400
    assert site.prometheus.now(f"{headroom()} < 0"), "the old settings stay in force"
    site.configure(paths=20)
    assert site.reload() == 200
    story.until_shown(f"{headroom()} > 0", "the link is widened and reloaded")
    assert not site.prometheus.now(refused)
    story.until("inactive")


def fall_silent(story: Story) -> None:
    story.site.load.fall_silent()
    story.tell("the agent says nothing more")
    story.until("firing", "LinkgaugeAgentSilent", link="east", data_group=GROUP)
    mine = 'data_group!~"old|never"'
    story.until_shown(f"linkgauge_coverage_ratio{{{mine}}} == 0", "coverage is 0")
    eventually(
        lambda: story.site.prometheus.now(f"linkgauge_window_changed_bytes{{{mine}}}"),
        lambda found: not found,
    )
    eventually(lambda: story.site.prometheus.now(headroom()), lambda found: not found)
    story.tell("no bandwidth is shown, which is not a bandwidth of 0")
    never = '{data_group="never"}'
    story.until_shown(f"linkgauge_coverage_ratio{never} == 0", "a group that was never fed is not covered")
    story.until("firing", "LinkgaugeAgentSilent", data_group="never")
    assert not story.site.prometheus.samples(f"linkgauge_window_changed_bytes{never}")


def hold_against_the_topics(site: Watched) -> None:
    """Every sample of the group and its link is a figure of some prefix of what stands on the topics."""
    rows = read_summaries(site.source, GROUP)

    def scraped(name: str, group: str = GROUP) -> list[float]:
        found = site.prometheus.samples(f"linkgauge_{name}")
        return [value for labels, _, value in found if labels.get("data_group") == group]

    ends = scraped("interval_end_timestamp_seconds")
    assert len(ends) > 50
    assert ends == sorted(ends)
    assert set(ends) <= {row.end_us / US for row in rows}
    written = scraped("written_bytes_total")
    assert written == sorted(written)
    assert set(written) <= {float(row.totals.written_bytes) for row in rows} | {0.0}
    assert set(scraped("coverage_ratio")) <= {row.coverage for row in rows}
    changed = {float(row.changed_bytes_or) for row in rows if row.coverage > 0}
    assert set(scraped("window_changed_bytes")) <= changed
    possible = list(possible_headrooms(rows))
    for _, _, value in site.prometheus.samples(headroom()):
        assert any(math.isclose(value, one, rel_tol=1e-9) for one in possible), value
    assert len(set(scraped("interval_end_timestamp_seconds", "old"))) == 1, "a replay walked through history"


def possible_headrooms(rows: list[Summary]) -> Iterable[float]:
    """Of every moment at which an interval was the newest, with one path and with twenty."""
    for paths in (1, 20):
        link = Link(
            groups=(GROUP,),
            path_bits_per_second=800_000,
            medium="raw",
            utilisation_ceiling=1.0,
            rpo_seconds=2,
            paths=paths,
        )
        for count in range(1, len(rows) + 1):
            try:
                found = mode_figures(
                    link, "continuous", {GROUP: {INTERVAL: rows[max(count - 9, 0) : count]}}, 8
                )
            except MissingData:
                continue
            if found is not None:
                yield found.headroom_ratio
