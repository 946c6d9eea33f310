"""A report on stdout: text for people, JSON for programs, one of its tables as CSV."""

from __future__ import annotations

from typing import Any

import typer

from streams.cli.output import Cell, Layout, print_json, print_rows
from streams.cli.reports.document import Column, Report, Section, Unit, machine, text
from streams.cli.shaped import print_facts, print_shaped, print_text

__all__ = ["json_of", "show", "table_of"]


def show(report: Report, layout: Layout, table: str | None = None) -> None:
    """Prints the report; `table` names the section that CSV holds instead of the main one."""
    match layout:
        case Layout.JSON:
            print_json(json_of(report))
        case Layout.CSV:
            section = table_of(report, table)
            rows = (_cells(section.columns, row) for row in section.rows)
            print_rows([column.key for column in section.columns], rows, layout)
        case Layout.TABLE:
            _show_text(report)


def json_of(report: Report) -> dict[str, Any]:
    """The report as one object: the keys of its sections hold their rows."""
    said: dict[str, Any] = {}
    for section in report.sections:
        objects = [_object(section, row) for row in section.rows]
        match section.shape:
            case "facts":
                said.update(objects[0] if not section.key else {section.key: objects[0]})
            case "sides":
                said.update({str(each.pop("basis")): each for each in objects})
            case "listing":
                said[section.key] = objects
    notes = [note for section in report.sections for note in section.notes]
    return {**said, "remarks": [*report.remarks, *notes]}


def table_of(report: Report, table: str | None) -> Section:
    """The section that CSV is to hold.

    Raises:
        BadParameter: there is none of this name; the message lists them.
    """
    wanted = table or report.main
    for section in report.sections:
        if section.key == wanted:
            return section
    names = ", ".join(section.key for section in report.sections if section.key)
    raise typer.BadParameter(f"--table {wanted}: this report has {names}")


def _show_text(report: Report) -> None:
    typer.echo(report.title)
    for section in report.sections:
        typer.echo(f"\n{section.title}" if section.title else "")
        _show_section(section)
        for note in section.notes:
            print_text(note, "  ")
    typer.echo()
    for remark in report.remarks:
        print_text(remark)


def _show_section(section: Section) -> None:
    if not section.rows:
        return
    if section.shape == "listing":
        labels = [column.label for column in section.columns]
        rows = ([text(c.unit, v) for c, v in zip(section.columns, row, strict=True)] for row in section.rows)
        numbers = [column.label for column in section.columns if column.unit is not Unit.TEXT]
        print_shaped(labels, rows, numbers)
        return
    labelled = [column.label for column in section.columns]
    cells = [[text(c.unit, v) for c, v in zip(section.columns, row, strict=True)] for row in section.rows]
    if section.shape == "facts":
        print_facts(zip(labelled, cells[0], strict=True))
        return
    names = [row[0].upper() for row in cells]
    beside = ([label, *(row[place] for row in cells)] for place, label in enumerate(labelled) if place)
    print_shaped(["", *names], beside, names)


def _object(section: Section, row: tuple[Any, ...]) -> dict[str, Cell]:
    return {c.key: machine(c.unit, v) for c, v in zip(section.columns, row, strict=True)}


def _cells(columns: tuple[Column, ...], row: tuple[Any, ...]) -> list[Cell]:
    return [machine(column.unit, value) for column, value in zip(columns, row, strict=True)]
