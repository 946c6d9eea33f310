"""Recording rules and alerts, once, for Prometheus and for Grafana.

Two reporters side by side show the same series, so everything is taken as the worst of all of them. Alerts of
a group carry the link of the group, once for each that carries it, so that they can be routed and inhibited
by link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops.alerting.knobs import Knobs

__all__ = ["Alert", "Record", "alerts", "records"]

_SHARE_OF_READY = 0.9


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
    window = knobs.scaled(knobs.lag_window_seconds)
    return [
        Record(
            "link_mode:linkgauge_headroom_ratio:min", "min by (link, mode) (linkgauge_link_headroom_ratio)"
        ),
        Record("link:linkgauge_coverage_ratio:min", "min by (link) (linkgauge_link_coverage_ratio)"),
        Record(
            "link_mode:linkgauge_exposure_ratio:max",
            "max by (link, mode) (linkgauge_link_exposure_seconds)\n"
            "/ on (link) group_left () max by (link) (linkgauge_link_rpo_seconds)",
        ),
        Record(
            "link_mode:linkgauge_exhaustion_days:min",
            "(min by (link, mode) (linkgauge_link_exhaustion_timestamp_seconds) - time()) / 86400",
        ),
        Record(
            "link_data_group:linkgauge_member:max", "max by (link, data_group) (linkgauge_link_member_info)"
        ),
        Record("data_group:linkgauge_coverage_ratio:min", "min by (data_group) (linkgauge_coverage_ratio)"),
        Record(
            "data_group:linkgauge_interval_age_seconds:min",
            "time() - max by (data_group) (linkgauge_interval_end_timestamp_seconds)",
        ),
        Record(
            "data_group:linkgauge_changed_bytes:rate",
            f"max by (data_group) (rate(linkgauge_changed_bytes_total[{window}]))",
        ),
        Record(
            "array:linkgauge_changed_bytes:rate",
            f"sum by (array) (\n  max by (data_group) (rate(linkgauge_changed_bytes_total[{window}]))\n"
            "  * on (data_group) group_right ()\n"
            "  max by (data_group, array) (linkgauge_data_group_array_info)\n)",
        ),
        Record("cluster:linkgauge_worker_lag_messages:sum", "sum(linkgauge_worker_lag_messages)"),
    ]


def alerts(knobs: Knobs) -> list[Alert]:
    """All alerts, in the order of what hurts most."""
    return [*_of_links(knobs), *_of_groups(knobs), *_of_the_pipeline(knobs)]


def _of_links(knobs: Knobs) -> list[Alert]:
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
            f"unless on (link) link:linkgauge_coverage_ratio:min < {knobs.least_coverage}\n"
            "unless on (link) max by (link) (linkgauge_link_members_missing) > 0",
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
    ]


def _of_groups(knobs: Knobs) -> list[Alert]:
    ended = "max by (data_group) (linkgauge_data_group_ended) == 1"
    stale = (
        "data_group:linkgauge_interval_age_seconds:min\n"
        "> on (data_group) (\n"
        f"  {knobs.stale_intervals} * max by (data_group) (linkgauge_interval_seconds)"
        f" + {knobs.stale_seconds}\n"
        "  or on (data_group)\n"
        f"  0 * data_group:linkgauge_interval_age_seconds:min + {knobs.stale_fallback_seconds}\n"
        ")\n"
        f"unless on (data_group) {ended}"
    )
    return [
        Alert(
            "LinkgaugeCoverageLow",
            "warning",
            3 * knobs.interval_seconds,
            _with_link(
                f"data_group:linkgauge_coverage_ratio:min < {knobs.least_coverage}\n"
                f"unless on (data_group) {ended}"
            ),
            "Only {{ $value | humanizePercentage }} of group {{ $labels.data_group }} is observed",
            "Agents do not vouch for the rest of its newest interval, so all of its figures are lower "
            "bounds.",
        ),
        Alert(
            "LinkgaugeAgentSilent",
            "warning",
            120,
            _with_link("max by (data_group) (linkgauge_agents_silent) > 0"),
            "{{ $value }} agent(s) of group {{ $labels.data_group }} say nothing",
            "They were expected, or were there, and have sent nothing for the group's silent_after_seconds. "
            "What they should have seen is missing from the figures; it is not zero.",
        ),
        Alert(
            "LinkgaugeGroupStale",
            "warning",
            300,
            _with_link(stale),
            "Group {{ $labels.data_group }} has closed no interval for {{ $value | humanizeDuration }}",
            "Its newest figures are as old as that, and links that carry it show no newer ones either.",
        ),
    ]


def _of_the_pipeline(knobs: Knobs) -> list[Alert]:
    window = knobs.scaled(knobs.lag_window_seconds)
    letters = knobs.scaled(knobs.letters_window_seconds)
    lag = "cluster:linkgauge_worker_lag_messages:sum"
    kept = 'linkgauge_dead_letters_kept{reason=~"ahead-of-clock|watermark-ahead"}'
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
            "LinkgaugeDeadLetters",
            "warning",
            0,
            f"max(increase(linkgauge_dead_letters_written_total[{letters}])) > 0",
            "Messages are refused: {{ $value | humanize }} dead letters",
            "What is in them is missing from the figures until its cause is mended and it is sent again.",
        ),
        Alert(
            "LinkgaugeClockSkew",
            "warning",
            60,
            f"max by (reason) (delta({kept}[{letters}])) > 0\n"
            # A reason that was never there before has no delta: it began later than the reporter did.
            f"or max by (reason) (count_over_time({kept}[{letters}]))\n"
            "  < on () group_left ()\n"
            f"  {_SHARE_OF_READY} * max(sum_over_time(linkgauge_reporter_ready[{letters}]))\n"
            "or (max by (data_group) (linkgauge_watermark_timestamp_seconds) - time()"
            f" > {knobs.clock_ahead_seconds})",
            "The clock of an agent is ahead",
            "Writes or watermarks of {{ with $labels.data_group }}group {{ . }}{{ else }}some agent (dead "
            "letters {{ $labels.reason }}){{ end }} lie in the future. They count for the wrong interval, "
            "or are refused.",
        ),
        Alert(
            "LinkgaugeReporterDown",
            "critical",
            300,
            "absent(linkgauge_reporter_ready == 1)",
            "No reporter is there, or none has read its topics",
            "No figure of linkgauge is scraped, so none of its other alerts can fire.",
        ),
    ]


def _with_link(by_group: str) -> str:
    """A condition by group, once for each link that carries the group, or without one."""
    inner = by_group.replace("\n", "\n  ")
    return (
        f"(\n  {inner}\n)\n* on (data_group) group_right () link_data_group:linkgauge_member:max\n"
        f"or on (data_group) (\n  {inner}\n)"
    )
