"""Dashboards as Grafana reads them."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from ops.dashboards.panels import Board, Panel, Variable

__all__ = ["rendered"]

_SOURCE = "datasource"
_HEIGHTS = {"time": 8, "stat": 4, "bar": 8}
_LABELS = {"group": "data_group"}
_Drawn = timeseries.Panel | stat.Panel | bargauge.Panel


def rendered(board: Board) -> str:
    """The JSON of a dashboard; the same every time."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["linkgauge"])
        .readonly()
        .refresh("1m")
        .time("now-24h", "now")
        .timezone("utc")
        .with_variable(dashboard.DatasourceVariable(_SOURCE).label("Prometheus").type("prometheus"))
        .link(
            dashboard.DashboardLink("linkgauge")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["linkgauge"])
            .as_dropdown(True)
            .keep_time(True)
        )
    )
    for variable in board.variables:
        builder.with_variable(_variable(variable))
    builder.with_variable(
        dashboard.AdHocVariable("site")
        .label("Only where")
        .description("A site among several: its cluster, namespace, or whatever labels its targets have.")
        .datasource(_reference())
    )
    for panel in board.panels:
        builder.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(builder.build()) + "\n"


def _reference() -> model.DataSourceRef:
    return model.DataSourceRef(type_val="prometheus", uid=f"${{{_SOURCE}}}")


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(_reference())
        .query(f"label_values({variable.values}, {variable.name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _panel(panel: Panel) -> _Drawn:
    drawn = _drawn(panel)
    drawn.title(panel.title).description(panel.description).datasource(_reference()).unit(panel.unit)
    drawn.span(panel.width).height(_HEIGHTS[panel.kind])
    for number, query in enumerate(panel.queries):
        target = (
            prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number)).datasource(_reference())
        )
        target.legend_format(query.legend or "__auto")
        drawn.with_target(target.range() if panel.kind == "time" else target.instant())
    if panel.red_below is not None or panel.red_from is not None:
        drawn.thresholds(_thresholds(panel))
        if panel.kind != "time":
            drawn.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    if panel.leads_to:
        drawn.data_links([_link(panel.leads_to)])
    return drawn


def _drawn(panel: Panel) -> _Drawn:
    if panel.kind == "stat":
        reduced = options.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().reduce_options(reduced).graph_mode(common.BigValueGraphMode.NONE)
    if panel.kind == "bar":
        reduced = options.ReduceDataOptions().calcs(["lastNotNull"])
        flat = bargauge.Panel().reduce_options(reduced).orientation(common.VizOrientation.HORIZONTAL)
        return flat.display_mode(common.BarGaugeDisplayMode.BASIC)
    legend = options.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    tooltip = options.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    lines = timeseries.Panel().legend(legend).tooltip(tooltip).line_width(1).fill_opacity(5)
    if panel.red_below is None and panel.red_from is None:
        return lines
    return lines.thresholds_style(
        options.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.LINE)
    )


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    below = panel.red_below is not None
    limit = panel.red_below if below else panel.red_from
    first, second = ("red", "green") if below else ("green", "red")
    steps = [model.Threshold(value=None, color=first), model.Threshold(value=limit, color=second)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _link(name: str) -> dashboard.DashboardLink:
    label = _LABELS.get(name, name)
    chosen = f"var-{label}=${{__field.labels.{label}:percentencode}}"
    url = f"/d/linkgauge-{name}?{chosen}&${{__url_time_range}}"
    return dashboard.DashboardLink(f"Open this {name}").url(url)
