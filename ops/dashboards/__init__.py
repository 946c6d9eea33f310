"""The Grafana dashboards, written in Python: `python -m ops.dashboards` makes ops/grafana/dashboards anew.

A panel is a value (`panels`), a dashboard a title, its variables and its panels (`boards`, and a module for
each); `rendering` alone knows Grafana's model. Every figure is taken as the worst of all reporters that show
it, since two side by side show the same. Rates are in bit/s, as links are sold; nothing is averaged.
"""
