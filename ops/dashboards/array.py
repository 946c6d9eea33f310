"""One array: what its groups change and write, how much of it is seen, and which links carry it."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query, Variable, chosen

__all__ = ["ARRAY"]

_GROUPS = f"max by (data_group) (linkgauge_data_group_array_info{{{chosen('array')}}})"
_LINKS = (
    "max by (link) (max by (link, data_group) (linkgauge_link_member_info)"
    f" * on (data_group) group_left () {_GROUPS})"
)


def _of_array(expr: str) -> str:
    """A figure by group, of the array's groups alone."""
    return f"{expr} * on (data_group) {_GROUPS}"


def _rate(counted: str) -> str:
    return _of_array(f"max by (data_group) (data_group:linkgauge_{counted}:rate)")


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
            (Query(f"min({_of_array('min by (data_group) (data_group:linkgauge_coverage_ratio:min)')})"),),
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
            (Query(f"8 * {_rate('changed_bytes')}", "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Written by group",
            "Bytes of all writes, overwrites included.",
            "bps",
            (Query(f"8 * {_rate('written_bytes')}", "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Writes by group",
            "Writes counted.",
            "wps",
            (Query(_rate("writes"), "{{data_group}}"),),
            leads_to="group",
        ),
        Panel(
            "time",
            "Coverage by group",
            "Share of the newest interval's volume-seconds that agents vouch for.",
            "percentunit",
            (
                Query(
                    _of_array("min by (data_group) (data_group:linkgauge_coverage_ratio:min)"),
                    "{{data_group}}",
                ),
            ),
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
                    "sort(min by (link, mode) (link_mode:linkgauge_headroom_ratio:min)"
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
