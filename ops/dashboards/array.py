"""One array: what its groups change and write, how much of it is seen, and which links carry it."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query, Variable

__all__ = ["ARRAY"]

_GROUPS = 'max by (data_group) (linkgauge_data_group_array_info{array="$array"})'
_LINKS = (
    "max by (link) (max by (link, data_group) (linkgauge_link_member_info)"
    f" * on (data_group) group_left () {_GROUPS})"
)


def _of_array(expr: str) -> str:
    """A figure by group, of the array's groups alone."""
    return f"{expr} * on (data_group) {_GROUPS}"


def _rate(counter: str) -> str:
    return _of_array(f"max by (data_group) (rate({counter}[15m]))")


ARRAY = Board(
    "array",
    "linkgauge: array",
    "The data groups with volumes of one array; a group that spans several arrays is shown whole.",
    (Variable("array", "Array", "linkgauge_data_group_array_info"),),
    (
        Panel(
            "stat",
            "Data groups",
            "Groups with volumes of the array.",
            "none",
            (Query(f"count({_GROUPS})"),),
            width=8,
        ),
        Panel(
            "stat",
            "Lowest coverage",
            "Of the newest interval of its groups.",
            "percentunit",
            (Query(f"min({_of_array('min by (data_group) (linkgauge_coverage_ratio)')})"),),
            width=8,
            red_below=0.99,
        ),
        Panel(
            "stat",
            "Silent agents",
            "Expected agents of its groups that were not heard.",
            "none",
            (Query(f"sum({_of_array('max by (data_group) (linkgauge_agents_silent)')})"),),
            width=8,
            red_from=1,
        ),
        Panel(
            "time",
            "Changed by group",
            "Bytes of tracks changed, added up over base intervals (SUM).",
            "bps",
            (Query(f"8 * {_rate('linkgauge_changed_bytes_total')}", "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Written by group",
            "Bytes of all writes, overwrites included.",
            "bps",
            (Query(f"8 * {_rate('linkgauge_written_bytes_total')}", "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Writes by group",
            "Writes counted.",
            "wps",
            (Query(_rate("linkgauge_writes_total"), "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Coverage by group",
            "Share of the newest interval's volume-seconds that agents vouch for.",
            "percentunit",
            (Query(_of_array("min by (data_group) (linkgauge_coverage_ratio)"), "{{data_group}}"),),
            red_below=0.99,
            leads_to="group",
        ),
        Panel(
            "bar",
            "Headroom of its links",
            "Of the links that carry a group of the array, least first.",
            "percentunit",
            (
                Query(
                    "sort(min by (link, mode) (linkgauge_link_headroom_ratio)"
                    f" * on (link) group_left () {_LINKS})",
                    "{{link}} {{mode}}",
                ),
            ),
            width=24,
            red_below=0,
            leads_to="link",
        ),
    ),
)
