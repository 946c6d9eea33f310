"""A report as one page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from streams.cli.reports.document import Column, Report, Section, Unit, Value, text
from streams.cli.reports.svg import svg

__all__ = ["html_page"]

_STYLE = """\
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #d5dae1; --paper: #fff;
  --a: #0072b2; --b: #d55e00; --c: #009e73; --shade: #f2c1ac; --level: #55606e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #98a2b3; --line: #353c48;
  --paper: #14181f; --a: #56b4e9; --b: #e69f00; --c: #3fc9a0; --shade: #5c3728; --level: #a8b2c0; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1080px; margin: 24px auto; padding: 0 20px; }
h1 { font-size: 22px; margin: 0 0 12px; } h2 { font-size: 15px; margin: 30px 0 6px; }
p { margin: 4px 0; color: var(--soft); }
.scroll { overflow-x: auto; margin-top: 8px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; text-align: left; white-space: nowrap; }
th { font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
dl.facts { columns: 2; column-gap: 40px; margin: 0; }
dl.facts div { display: flex; gap: 12px; break-inside: avoid; padding: 2px 0; }
dt { color: var(--soft); flex: 0 0 230px; } dd { margin: 0; }
.number { text-align: right; } .name { color: var(--soft); font-weight: 400; border: 0; }
figure { margin: 0; overflow-x: auto; } svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
svg text.strong { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.grid { stroke: var(--line); stroke-width: 1; } .shade { fill: var(--shade); }
.level { stroke: var(--level); stroke-width: 1.2; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
@media (max-width: 760px) { dl.facts { columns: 1; } dt { flex-basis: 45%; } dd { overflow-wrap: anywhere; }
  svg { width: 720px; } h1 { overflow-wrap: anywhere; } }
.a { stroke: var(--a); } .b { stroke: var(--b); stroke-dasharray: 7 5; } .c { stroke: var(--c); }
"""


def html_page(report: Report) -> str:
    """The page; the same report gives the same text."""
    title = escape(report.title)
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    for remark in report.remarks:
        yield f"<p>{escape(remark)}</p>"
    about, *others = report.sections
    yield from _section(about)
    summaries = [section for section in others if section.key == "summary"]
    for section in summaries:
        yield from _section(section)
    for chart in report.charts:
        yield f"<h2>{escape(chart.title)}</h2>\n<figure>{svg(chart)}</figure>"
        if chart.note:
            yield f"<p>{escape(chart.note)}</p>"
    for section in others:
        if section not in summaries:
            yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if section.title:
        yield f"<h2>{escape(section.title)}</h2>"
    if section.shape == "listing":
        yield from _listing(section.columns, section.rows)
    elif section.shape == "facts":
        yield from _facts(section)
    else:
        yield from _beside(section)
    for note in section.notes:
        yield f"<p>{escape(note)}</p>"


def _listing(columns: tuple[Column, ...], rows: tuple[tuple[Value, ...], ...]) -> Iterator[str]:
    if not rows:
        return
    heads = "".join(f"<th{_kind(column)}>{escape(column.label)}</th>" for column in columns)
    yield f'<div class="scroll"><table><tr>{heads}</tr>'
    for row in rows:
        cells = (f"<td{_kind(c)}>{escape(text(c.unit, v))}</td>" for c, v in zip(columns, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table></div>"


def _facts(section: Section) -> Iterator[str]:
    if not section.columns:
        return
    yield '<dl class="facts">'
    for column, value in zip(section.columns, section.rows[0], strict=True):
        yield f"<div><dt>{escape(column.label)}</dt><dd>{escape(text(column.unit, value))}</dd></div>"
    yield "</dl>"


def _beside(section: Section) -> Iterator[str]:
    """Sides beside each other: a line for each figure."""
    names = "".join(f'<th class="number">{escape(str(row[0]).upper())}</th>' for row in section.rows)
    yield f'<div class="scroll"><table><tr><th></th>{names}</tr>'
    for place, column in enumerate(section.columns[1:], 1):
        values = (escape(text(column.unit, row[place])) for row in section.rows)
        cells = "".join(f'<td class="number">{value}</td>' for value in values)
        yield f'<tr><th class="name">{escape(column.label)}</th>{cells}</tr>'
    yield "</table></div>"


def _kind(column: Column) -> str:
    return "" if column.unit is Unit.TEXT else ' class="number"'
