"""All of it on one page: which links are too narrow, which arrays change most, who is not seen."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query

__all__ = ["ESTATE"]

_HEADROOM = "min by (link, mode) (link_mode:linkgauge_headroom_ratio:min)"
_MISSING = "max by (link) (linkgauge_link_members_missing)"
_UNMEASURED = "max by (link) (linkgauge_link_mode_unmeasured)"
_LETTERS = "job:linkgauge_dead_letters_written:max"
_COVERAGE = "min by (data_group) (data_group:linkgauge_coverage_ratio:min)"
_CHANGED = "8 * max by (data_group) (data_group:linkgauge_changed_bytes:rate)"
_AGE = "max by (data_group) (data_group:linkgauge_interval_age_seconds:min)"

ESTATE = Board(
    "estate",
    "linkgauge: estate",
    "Links, arrays and data groups of the whole site.",
    (),
    (
        Panel(
            "stat",
            "Links too narrow",
            "Links and modes whose need is above what the installed paths carry.",
            "none",
            (Query(f"sum({_HEADROOM} < bool 0)"),),
            width=3,
            red_from=1,
        ),
        Panel(
            "stat",
            "Links not measured",
            "Links with a group that nothing is known of, or a mode that was not captured.",
            "none",
            (Query(f"sum({_MISSING} + ({_UNMEASURED} or 0 * {_MISSING}) > bool 0)"),),
            width=3,
            red_from=1,
        ),
        Panel(
            "stat",
            "Next link exhausted",
            "When the trend of the first link reaches what its paths carry; empty where none grows.",
            "dateTimeAsIso",
            (Query("1000 * min(linkgauge_link_exhaustion_timestamp_seconds)"),),
            width=5,
        ),
        Panel(
            "stat",
            "Lowest coverage",
            "Of the newest interval of every group: figures below full coverage are lower bounds.",
            "percentunit",
            (Query("min(data_group:linkgauge_coverage_ratio:min)"),),
            width=3,
            red_below=0.99,
        ),
        Panel(
            "stat",
            "Silent agents",
            "Expected agents that were not heard and did not say bye.",
            "none",
            (Query("sum(max by (data_group) (linkgauge_agents_silent))"),),
            width=3,
            red_from=1,
        ),
        Panel(
            "stat",
            "Data groups",
            "Groups that are defined.",
            "none",
            (Query("max(linkgauge_data_groups)"),),
            width=3,
        ),
        Panel(
            "stat",
            "Dead letters",
            "Messages refused in the last hour: writes in them are not measured.",
            "none",
            (Query(f"sum({_LETTERS} - min_over_time({_LETTERS}[1h]))"),),
            width=4,
            red_from=1,
        ),
        Panel(
            "bar",
            "Headroom of links",
            "Share of each link that is left, least first; below 0 it is too narrow. Without growth.",
            "percentunit",
            (Query(f"sort({_HEADROOM})", "{{link}} {{mode}}"),),
            red_below=0,
            leads_to="link",
        ),
        Panel(
            "bar",
            "Least covered groups",
            "The ten groups of which agents saw least in their newest interval.",
            "percentunit",
            (Query(f"sort(bottomk(10, {_COVERAGE}))", "{{data_group}}"),),
            red_below=0.99,
            leads_to="group",
        ),
        Panel(
            "time",
            "What links need",
            "Payload that each link must carry, for the strictest percentile of its mode.",
            "bps",
            (
                Query(
                    "8 * max by (link, mode) (linkgauge_link_required_bytes_per_second)", "{{link}} {{mode}}"
                ),
            ),
            leads_to="link",
        ),
        Panel(
            "time",
            "Changed by array",
            "Changed bytes of the groups of an array; one that spans several counts at each of them.",
            "bps",
            (
                Query(
                    "topk(10, 8 * max by (array) (array:linkgauge_changed_bytes:rate))",
                    "{{array}}",
                ),
            ),
            leads_to="array",
        ),
        Panel(
            "time",
            "Groups that change most",
            "The ten groups with most changed bytes over the last quarter of an hour, or three intervals.",
            "bps",
            (Query(f"topk(10, {_CHANGED})", "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Age of the newest interval",
            "The ten groups furthest behind. With an interval of 5 minutes, up to that is as it must be.",
            "s",
            (Query(f"topk(10, {_AGE})", "{{data_group}}"),),
            leads_to="group",
        ),
    ),
)
