"""One link: what it must carry against what is installed, how long that lasts, and what happens meanwhile."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query, Variable, chosen

__all__ = ["LINK"]


def _of_link(metric: str, *labels: str, of: str = "max") -> str:
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"{of}{by} (linkgauge_link_{metric}{{{chosen('link')}}})"


_MEMBERS = f"max by (data_group) (linkgauge_link_member_info{{{chosen('link')}}})"

LINK = Board(
    "link",
    "linkgauge: link",
    "A replication link: need, paths, trend, backlog and RPO of each mode that it has figures for.",
    (Variable("link", "Link", "linkgauge_link_usable_bytes_per_second"),),
    (
        Panel(
            "stat",
            "Headroom",
            "Share of the link that is left; below 0 it is too narrow. Without growth or safety.",
            "percentunit",
            (Query(_of_link("headroom_ratio", "mode", of="min"), "{{mode}}"),),
            width=5,
            red_below=0,
        ),
        Panel(
            "stat",
            "Paths required",
            "Paths that carry what is required.",
            "none",
            (Query(_of_link("paths_required", "mode"), "{{mode}}"),),
            width=4,
        ),
        Panel(
            "stat",
            "Paths installed",
            "Paths that the settings say are there.",
            "none",
            (Query(_of_link("paths_installed")),),
            width=3,
        ),
        Panel(
            "stat",
            "Exhausted",
            "When the trend of the daily need reaches what the paths carry; empty without growth.",
            "dateTimeAsIso",
            (Query(f"1000 * {_of_link('exhaustion_timestamp_seconds', 'mode', of='min')}", "{{mode}}"),),
            width=5,
        ),
        Panel(
            "stat",
            "Groups missing",
            "Groups that nothing is known of now: all figures are those of the others, and lower bounds.",
            "none",
            (Query(_of_link("members_missing")),),
            width=3,
            red_from=1,
        ),
        Panel(
            "stat",
            "Coverage",
            "The lowest of its groups over the range: below 1 the need is a lower bound.",
            "percentunit",
            (Query(_of_link("coverage_ratio", of="min")),),
            width=4,
            red_below=0.99,
        ),
        Panel(
            "time",
            "Required against installed",
            "Payload that must be carried, by mode and percentile of time, and what all paths may carry.",
            "bps",
            (
                Query(
                    f"8 * {_of_link('required_bytes_per_second', 'mode', 'percentile')}",
                    "needed {{mode}} {{percentile}}",
                ),
                Query(f"8 * {_of_link('usable_bytes_per_second')}", "installed"),
            ),
            width=24,
        ),
        Panel(
            "time",
            "Headroom",
            "The same as a share of the link.",
            "percentunit",
            (Query(_of_link("headroom_ratio", "mode", of="min"), "{{mode}}"),),
            red_below=0,
        ),
        Panel(
            "time",
            "Backlog",
            "What waits to be shipped at the end of the range on the installed paths.",
            "bytes",
            (Query(_of_link("backlog_bytes", "mode"), "{{mode}}"),),
        ),
        Panel(
            "time",
            "Exposure against RPO",
            "How old the other site's copy was at worst, and how old it may be.",
            "s",
            (
                Query(_of_link("exposure_seconds", "mode"), "exposure {{mode}}"),
                Query(_of_link("rpo_seconds", of="min"), "RPO"),
            ),
        ),
        Panel(
            "time",
            "Attainment of the RPO",
            "Share of the measured time in which the installed paths meet it.",
            "percentunit",
            (Query(_of_link("rpo_attainment_ratio", "mode", of="min"), "{{mode}}"),),
        ),
        Panel(
            "time",
            "Resynchronisation",
            "Time that the installed paths take for the changes of the range, and the time that they have.",
            "s",
            (
                Query(_of_link("resync_seconds"), "takes"),
                Query(_of_link("resync_target_seconds", of="min"), "may take"),
            ),
        ),
        Panel(
            "time",
            "Changed by group",
            "What its groups change: who makes the need.",
            "bps",
            (
                Query(
                    "8 * max by (data_group) (data_group:linkgauge_changed_bytes:rate)"
                    f" * on (data_group) {_MEMBERS}",
                    "{{data_group}}",
                ),
            ),
            leads_to="group",
        ),
    ),
)
