"""Options that name a trace and say how it is read, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, cast, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streams.agents.traces import CsvMapping, Trace, TraceFormat, TraceOptions, read_trace
from streams.cli.output import say
from streams.cli.units import count_text, time_argument

__all__ = [
    "ActionOption",
    "ArrayOption",
    "FilesArgument",
    "FormatOption",
    "MappingOption",
    "SkipBadFlag",
    "StartOption",
    "progress_bar",
    "trace_from",
    "trace_options",
]

FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Trace files, together one trace; plain or compressed.",
        exists=True,
        dir_okay=False,
    ),
]
FormatOption = Annotated[
    str,
    typer.Option("--format", metavar="|".join(get_args(TraceFormat)), help="What the files hold."),
]
ArrayOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="The array, where the format names none; else `trace`.")
]
StartOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Moves the trace: where its first record, or its zero, shall lie."),
]
SkipBadFlag = Annotated[
    bool, typer.Option("--skip-bad", help="Count lines that do not parse, instead of stopping at the first.")
]
ActionOption = Annotated[
    str, typer.Option(metavar="Q|G|I|D|C", help="blkparse: the action that counts as the write.")
]
MappingOption = Annotated[
    str | None,
    typer.Option(
        metavar="KEY=VALUE,...",
        help="csv: which column is what, such as time=1,volume=2,offset=3,length=4,op=5,write=W.",
    ),
]

Report = Callable[[str, int, int], None]


def trace_options(
    trace_format: str,
    array: str | None = None,
    start: str | None = None,
    action: str = "Q",
    mapping: str | None = None,
    *,
    skip_bad: bool = False,
) -> TraceOptions:
    """The options of a command line as a value.

    Raises:
        SettingsError: one of them is wrong; the message names it.
    """
    return TraceOptions(
        format=cast("TraceFormat", trace_format),
        array=array,
        start_us=time_argument(start),
        skip_bad=skip_bad,
        action=action,
        mapping=None if mapping is None else CsvMapping.parse(mapping),
    )


def trace_from(files: list[Path], options: TraceOptions, report: Report) -> Trace:
    """Reads the trace and tells what it left out.

    Raises:
        TraceError: a line does not parse; names file, line and column.
    """
    trace = read_trace(files, options, lambda done, total: report("reading", done, total))
    if trace.skipped:
        verb = "does not parse and was" if trace.skipped == 1 else "do not parse and were"
        say(f"{count_text(trace.skipped, 'line')} {verb} left out")
    return trace


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A function that is told a phase, how much of it is done, and all of it; bars on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def report(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase)
            progress.update(tasks[phase], completed=done, total=max(total, 1))

        yield report
