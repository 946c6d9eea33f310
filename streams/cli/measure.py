"""`linkgauge measure`: the figures straight from a trace, without a broker, counted in another way."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.agents.brute import measure as brute_measure
from streams.cli.output import CsvFlag, JsonFlag, layout_of, print_rows
from streams.cli.traces import (
    ActionOption,
    ArrayOption,
    FilesArgument,
    FormatOption,
    MappingOption,
    SkipBadFlag,
    StartOption,
    progress_bar,
    trace_from,
    trace_options,
)
from streams.cli.usage import usage
from streams.model.groups import Geometry
from streams.wire.times import format_time

__all__ = ["MEASURED_COLUMNS", "register"]

MEASURED_COLUMNS = ("volume", "start", "end", "changed_tracks", "changed_bytes", "writes", "written_bytes")
"""The first columns of `linkgauge entries`, so that both can be compared line by line."""


def register(app: typer.Typer) -> None:
    """Adds `measure` to the command."""
    app.command()(measure)


def measure(  # noqa: PLR0913  # one parameter for each option
    files: FilesArgument,
    trace_format: FormatOption,
    *,
    track: Annotated[int, typer.Option(metavar="BYTES", help="Size of a track.")] = 65_536,
    interval: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="Length of an interval.")] = 300,
    array: ArrayOption = None,
    start: StartOption = None,
    action: ActionOption = "Q",
    mapping: MappingOption = None,
    skip_bad: SkipBadFlag = False,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """Count changed tracks, writes and bytes per volume and interval straight from a trace.

    The counting shares nothing with the pipeline's: its result is what a replay must lead to.
    """
    layout = layout_of(csv=csv, json=json)
    with usage():
        geometry = Geometry.for_interval(interval, track)  # refuses what no group may have
        options = trace_options(trace_format, array, start, action, mapping, skip_bad=skip_bad)
    with progress_bar() as report:
        trace = trace_from(files, options, report)
    rows = brute_measure(trace.writes, geometry.track_bytes, geometry.interval_seconds)
    print_rows(
        MEASURED_COLUMNS,
        (
            (
                row.volume,
                format_time(row.start_us),
                format_time(row.end_us),
                row.changed_tracks,
                row.changed_bytes,
                row.writes,
                row.written_bytes,
            )
            for row in rows
        ),
        layout,
    )
