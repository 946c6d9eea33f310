"""Recording rules and alerts, once, for Prometheus and for Grafana.

Two reporters side by side show the same series, so everything is taken as the worst of all of them: without
the labels by which replicas differ. All other labels stay, so that sites in one Prometheus stay apart.
Alerts of a group carry the link of the group, once for each that carries it, so that they can be routed and
inhibited by link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops.alerting.knobs import Knobs
from streams.reporter.families import USUAL

__all__ = ["Alert", "Record", "alerts", "records"]


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; `hold_seconds` is how long its expression must hold. Texts are Prometheus templates."""

    name: str
    severity: Literal["critical", "warning"]
    hold_seconds: float
    expr: str
    summary: str
    description: str


def records(knobs: Knobs) -> list[Record]:
    """Series that alerts and dashboards share."""
    one = f"without ({knobs.replica_labels})"
    rate = knobs.scaled(knobs.rate_seconds)
    return [
        Record("link_mode:linkgauge_headroom_ratio:min", f"min {one} (linkgauge_link_headroom_ratio)"),
        Record("link:linkgauge_coverage_ratio:min", f"min {one} (linkgauge_link_coverage_ratio)"),
        Record(
            "link_mode:linkgauge_exposure_ratio:max",
            f"max {one} (linkgauge_link_exposure_seconds)\n"
            f"/ ignoring (mode) group_left () max {one} (linkgauge_link_rpo_seconds)",
        ),
        Record(
            "link_mode:linkgauge_exhaustion_days:min",
            f"(min {one} (linkgauge_link_exhaustion_timestamp_seconds) - time()) / 86400",
        ),
        Record("link_data_group:linkgauge_member:max", f"max {one} (linkgauge_link_member_info)"),
        Record("data_group:linkgauge_coverage_ratio:min", f"min {one} (linkgauge_coverage_ratio)"),
        Record(
            "data_group:linkgauge_interval_age_seconds:min",
            f"time() - max {one} (linkgauge_interval_end_timestamp_seconds)",
        ),
        *(
            Record(
                f"data_group:linkgauge_{counted}:rate",
                f"max {one} (rate(linkgauge_{counted}_total[{rate}]))",
            )
            for counted in ("changed_bytes", "written_bytes", "writes")
        ),
        Record(
            "array:linkgauge_changed_bytes:rate",
            f"sum without (data_group) (\n  max {one} (rate(linkgauge_changed_bytes_total[{rate}]))\n"
            f"  * ignoring (array) group_right ()\n  max {one} (linkgauge_data_group_array_info)\n)",
        ),
        Record(
            "job:linkgauge_worker_lag_messages:sum",
            f"sum without ({knobs.replica_labels}, partition) (linkgauge_worker_lag_messages)",
        ),
        Record("job:linkgauge_dead_letters_written:max", f"max {one} (linkgauge_dead_letters_written_total)"),
    ]


def alerts(knobs: Knobs) -> list[Alert]:
    """All alerts, in the order of what hurts most."""
    return [*_of_links(knobs), *_of_groups(knobs), *_of_the_pipeline(knobs)]


def _of_links(knobs: Knobs) -> list[Alert]:
    one = f"without ({knobs.replica_labels})"
    return [
        Alert(
            "LinkgaugeLinkUndersized",
            "critical",
            knobs.undersized_intervals * knobs.interval_seconds,
            "link_mode:linkgauge_headroom_ratio:min < 0",
            "Link {{ $labels.link }} is too narrow for {{ $labels.mode }}",
            "Its groups need more than the installed paths carry: headroom is "
            "{{ $value | humanizePercentage }}. Where coverage is low the true need is higher still, "
            "never lower.",
        ),
        Alert(
            "LinkgaugeLinkExhaustionNear",
            "warning",
            3600,
            f"link_mode:linkgauge_exhaustion_days:min < {knobs.exhaustion_days}\n"
            f"unless ignoring (mode) link:linkgauge_coverage_ratio:min < {knobs.least_coverage}",
            "Link {{ $labels.link }} will be too narrow in {{ $value | humanize }} days",
            "The trend of its need for {{ $labels.mode }} reaches what the installed paths carry within "
            f"{knobs.exhaustion_days} days. The order of a path takes longer than that.",
        ),
        Alert(
            "LinkgaugeRpoAtRisk",
            "warning",
            2 * knobs.interval_seconds,
            f"link_mode:linkgauge_exposure_ratio:max > {knobs.exposure_share}",
            "The RPO of link {{ $labels.link }} is at risk",
            "With {{ $labels.mode }} the copy at the other site was as old as "
            "{{ $value | humanizePercentage }} of the RPO within the range of the link's figures.",
        ),
        Alert(
            "LinkgaugeLinkUnmeasured",
            "warning",
            3 * knobs.interval_seconds,
            # What is absent cannot be below a threshold: without this a link with a mistyped group is as
            # quiet as one that is wide enough.
            # So is one whose agents all left in good order, which stands still at its last figures.
            f"max {one} (linkgauge_link_members_missing) > 0\n"
            f"or max {one} (linkgauge_link_mode_unmeasured) > 0\n"
            "or count without (data_group) (\n"
            f"  (\n    {_indented(_indented(_old(knobs, one)))}\n    and {_ended(one)}\n  )\n"
            "  * ignoring (link) group_right () link_data_group:linkgauge_member:max\n)",
            "Nobody knows whether link {{ $labels.link }} is wide enough",
            "{{ with $labels.mode }}What {{ . }} ships was not captured{{ else }}Nothing is known now of "
            "{{ $value }} of its groups{{ end }}, so its headroom is absent or old, and the other alerts of "
            "the link may stay silent.",
        ),
    ]


def _of_groups(knobs: Knobs) -> list[Alert]:
    one = f"without ({knobs.replica_labels})"
    ended = _ended(one)
    return [
        Alert(
            "LinkgaugeCoverageLow",
            "warning",
            3 * knobs.interval_seconds,
            _with_link(f"data_group:linkgauge_coverage_ratio:min < {knobs.least_coverage}\nunless {ended}"),
            "Only {{ $value | humanizePercentage }} of group {{ $labels.data_group }} is observed",
            "Agents do not vouch for the rest of its newest interval, so all of its figures are lower "
            "bounds.",
        ),
        Alert(
            "LinkgaugeAgentSilent",
            "warning",
            120,
            _with_link(f"max {one} (linkgauge_agents_silent) > 0"),
            "{{ $value }} agent(s) of group {{ $labels.data_group }} say nothing",
            "They were expected, or were there, and have sent nothing for the group's silent_after_seconds. "
            "What they should have seen is missing from the figures; it is not zero.",
        ),
        Alert(
            "LinkgaugeGroupStale",
            "warning",
            300,
            _with_link(f"{_old(knobs, one)}\nunless {ended}"),
            "Group {{ $labels.data_group }} has closed no interval for {{ $value | humanizeDuration }}",
            "Its newest figures are as old as that, and links that carry it show no newer ones either.",
        ),
    ]


def _of_the_pipeline(knobs: Knobs) -> list[Alert]:
    one = f"without ({knobs.replica_labels})"
    window, letters, gone = map(
        knobs.scaled, (knobs.lag_window_seconds, knobs.letters_window_seconds, knobs.gone_seconds)
    )
    lag = "job:linkgauge_worker_lag_messages:sum"
    written = "job:linkgauge_dead_letters_written:max"
    newest = 'linkgauge_dead_letters_newest_timestamp_seconds{reason=~"ahead-of-clock|watermark-ahead"}'
    return [
        Alert(
            "LinkgaugeLagGrowing",
            "warning",
            knobs.lag_window_seconds,
            f"{lag} > {knobs.lag_messages}\nand deriv({lag}[{window}]) > 0",
            "Workers fall behind: {{ $value | humanize }} messages wait",
            "More is written than the workers take, and the backlog grows. Figures come later and later; "
            "once the writes topic lets go of what was not taken, coverage is lost.",
        ),
        Alert(
            "LinkgaugeWorkerDown",
            "warning",
            300,
            _one_is_not_ready("worker", one, gone),
            "A worker is not there, or has not loaded its partitions"
            "{{ with $labels.instance }}: {{ . }}{{ end }}",
            "The others take its partitions over, where there are any, and have less to spare. Without a "
            "worker no interval closes.",
        ),
        Alert(
            "LinkgaugeLakeDown",
            "warning",
            900,
            _one_is_not_ready("lake", one, gone),
            "A lake is not there, or its storage takes no commits"
            "{{ with $labels.instance }}: {{ . }}{{ end }}",
            "Nothing is lost while the topics keep what it has not read; retention then removes it for good. "
            "Links and their alerts do not need the lake.",
        ),
        Alert(
            "LinkgaugeDeadLetters",
            "warning",
            0,
            # Not `increase`: a reporter in another place has another series, and what came between is lost.
            f"{written} - min_over_time({written}[{letters}]) > 0",
            "Messages are refused: {{ $value }} new in the dead letters",
            "What is in them is missing from the figures until its cause is mended and it is sent again.",
        ),
        Alert(
            "LinkgaugeClockSkew",
            "warning",
            60,
            f"time() - max {one} ({newest}) < {knobs.scaled_seconds(knobs.letters_window_seconds):g}\n"
            f"or (max {one} (linkgauge_watermark_timestamp_seconds) - time() > {knobs.clock_ahead_seconds})",
            "The clock of an agent is ahead",
            "Writes or watermarks of {{ with $labels.data_group }}group {{ . }}{{ else }}some agent (dead "
            "letters {{ $labels.reason }}){{ end }} lie in the future. They count for the wrong interval, "
            "or are refused.",
        ),
        Alert(
            "LinkgaugeSettingsRefused",
            "warning",
            600,
            f"min {one} (linkgauge_reporter_settings_reload_successful) == 0",
            "A reporter goes by old settings",
            "It refused those that it read last, or cannot put them in force. Links and paths are judged by "
            "the settings before, and a reporter that is started anew does not come up with a mistake.",
        ),
        Alert(
            "LinkgaugeReporterDown",
            "critical",
            300,
            f"{_none_is_ready('reporter', one, gone)}\n"
            # None was ever there, or for so long that nothing is known of it.
            "or (\n  absent(linkgauge_reporter_ready == 1)\n"
            f"  unless on () max_over_time(linkgauge_reporter_ready[{gone}])\n)",
            "No reporter is there, or none has read its topics",
            "No figure of links and groups is scraped here, so alerts of linkgauge about anything but its "
            "workers cannot fire.",
        ),
    ]


def _old(knobs: Knobs, one: str) -> str:
    """Groups that have closed no interval for longer than is usual."""
    usual = knobs.stale_intervals * USUAL["interval_seconds"] + knobs.stale_seconds
    return (
        "data_group:linkgauge_interval_age_seconds:min\n"
        "> (\n"
        f"  {knobs.stale_intervals} * max {one} (linkgauge_interval_seconds) + {knobs.stale_seconds}\n"
        "  or\n"
        f"  0 * data_group:linkgauge_interval_age_seconds:min + {usual:g}\n"
        ")"
    )


def _ended(one: str) -> str:
    """Groups whose agents all said bye."""
    return f"max {one} (linkgauge_data_group_ended) == 1"


def _indented(expr: str) -> str:
    return expr.replace("\n", "\n  ")


def _one_is_not_ready(service: str, one: str, gone: str) -> str:
    """One that does not answer, or answers and is not ready; or a site in which nothing is left to answer."""
    ready = f"linkgauge_{service}_ready"
    return (
        f"up == 0 and max_over_time({ready}[{gone}])\n"
        f"or {ready} == 0\n"
        f"or {_none_is_ready(service, one, gone)}"
    )


def _none_is_ready(service: str, one: str, gone: str) -> str:
    """A site in which the service was scraped lately and is ready nowhere now."""
    ready = f"linkgauge_{service}_ready"
    return f"(\n  max {one} (max_over_time({ready}[{gone}]))\n  unless max {one} ({ready}) == 1\n)"


def _with_link(by_group: str) -> str:
    """A condition by group, once for each link that carries the group, or without one."""
    inner = _indented(by_group)
    return (
        f"(\n  {inner}\n)\n* ignoring (link) group_right () link_data_group:linkgauge_member:max\n"
        f"or ignoring (link) (\n  {inner}\n)"
    )
