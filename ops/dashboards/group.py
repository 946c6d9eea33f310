"""One data group: what it changed and wrote, how often the same tracks again, how much of it is seen."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query, Variable, chosen

__all__ = ["GROUP"]

_GROUP = chosen("data_group")
_WINDOW = f"{_GROUP}, {chosen('window_seconds')}"


def _of_window(metric: str) -> str:
    return f"max(linkgauge_{metric}{{{_WINDOW}}})"


def _of_group(metric: str, of: str = "max") -> str:
    return f"{of} (linkgauge_{metric}{{{_GROUP}}})"


def _in_an_hour(counter: str) -> str:
    return f"max(increase(linkgauge_{counter}{{{_GROUP}}}[1h]))"


GROUP = Board(
    "group",
    "linkgauge: data group",
    "What a data group changed and wrote in its newest intervals, and how well it is seen.",
    (
        Variable("data_group", "Data group", "linkgauge_coverage_ratio"),
        Variable(
            "window_seconds",
            "Interval in seconds",
            f"linkgauge_window_changed_bytes{{{_GROUP}}}",
        ),
    ),
    (
        Panel(
            "stat",
            "Changed",
            "Bytes of tracks changed at least once in the newest interval of this length (OR).",
            "bytes",
            (Query(_of_window("window_changed_bytes")),),
            width=5,
        ),
        Panel(
            "stat",
            "Written",
            "Bytes of all writes in it.",
            "bytes",
            (Query(_of_window("window_written_bytes")),),
            width=5,
        ),
        Panel(
            "stat",
            "Coverage",
            "Share of its newest base interval that agents vouch for.",
            "percentunit",
            (Query(_of_group("coverage_ratio", "min")),),
            width=4,
            red_below=0.99,
        ),
        Panel(
            "stat",
            "Silent agents",
            "Expected agents that were not heard.",
            "none",
            (Query(_of_group("agents_silent")),),
            width=4,
            red_from=1,
        ),
        Panel(
            "stat",
            "Newest interval ended",
            "Up to when the group is measured.",
            "dateTimeAsIso",
            (Query(f"1000 * {_of_group('interval_end_timestamp_seconds')}"),),
            width=6,
        ),
        Panel(
            "time",
            "Changed, shipped and written",
            "OR: what a resynchronisation moves. SUM: what shipping every base interval moves. All writes.",
            "bytes",
            (
                Query(_of_window("window_changed_bytes"), "changed (OR)"),
                Query(_of_window("window_shipped_bytes"), "shipped (SUM)"),
                Query(_of_window("window_written_bytes"), "written"),
            ),
            width=24,
        ),
        Panel(
            "time",
            "Fold factor",
            "SUM over OR: how often the same tracks change again within the interval.",
            "none",
            (Query(_of_window("fold_ratio"), "fold factor"),),
        ),
        Panel(
            "time",
            "Coverage",
            "Missing data is a gap, idle is a zero: below 1 the figures are lower bounds.",
            "percentunit",
            (Query(_of_group("coverage_ratio", "min"), "coverage"),),
            red_below=0.99,
        ),
        Panel(
            "bar",
            "Volumes that change most",
            "In the newest base interval; of groups that reporter.volumes_of names.",
            "bytes",
            (
                Query(
                    f"sort_desc(topk(15, max by (volume) (linkgauge_volume_changed_bytes{{{_GROUP}}})))",
                    "{{volume}}",
                ),
            ),
        ),
        Panel(
            "time",
            "Late, twice, lost, refused",
            "In an hour: late writes revise intervals, known messages count once, lost ones lower coverage.",
            "none",
            (
                Query(_in_an_hour("late_writes_total"), "late writes"),
                Query(_in_an_hour("duplicate_messages_total"), "messages twice"),
                Query(_in_an_hour("lost_writes_total"), "lost writes"),
                Query(_in_an_hour("dead_letters_total"), "dead letters"),
            ),
        ),
        Panel(
            "bar",
            "Headroom of its links",
            "Of the links that carry the group, least first.",
            "percentunit",
            (
                Query(
                    "sort(min by (link, mode) (link_mode:linkgauge_headroom_ratio:min)"
                    f" * on (link) group_left () max by (link) (linkgauge_link_member_info{{{_GROUP}}}))",
                    "{{link}} {{mode}}",
                ),
            ),
            width=24,
            red_below=0,
            leads_to="link",
        ),
    ),
)
