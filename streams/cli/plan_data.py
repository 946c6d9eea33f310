"""What a matrix of plans rests on: the bytes written by slot, and the tables of all volumes on one grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from streams.agents.traces import TraceFormat, TraceOptions
from streams.cli.plan_parameters import Parameters
from streams.cli.plan_trace import (
    geometry_of,
    grid_of_writes,
    histories_of_writes,
    series_of_writes,
    writes_of_trace,
)
from streams.cli.usage import time_range
from streams.errors import SettingsError
from streams.model.intervals import Spans
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.series import Series

__all__ = ["Measured", "Progress", "measured_trace"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The data of a plan; `series` is None where nobody counted the bytes that were written."""

    title: str
    series: Series | None
    grid: Grid
    histories: Sequence[History]
    coverage: float
    gaps: Spans

    @property
    def track_bytes(self) -> int:
        """Of the coarsest volume: blocks are multiples of it."""
        return max((history.track_bytes for history in self.histories), default=0)

    @property
    def changed_bytes_sum(self) -> int:
        """What the base intervals changed, added up."""
        return sum(int(history.changed_bytes().sum()) for history in self.histories)

    @property
    def changed_bytes_or(self) -> int:
        """What changed in the range, each track counted once."""
        return sum(history.union_bytes() for history in self.histories)


def measured_trace(asked: Parameters, report: Progress) -> Measured:
    """The data of a trace.

    Raises:
        SettingsError: the format is missing or unknown, or a file is not there.
        DefinitionError: a track, interval or slot that no group may have.
        TraceError: a line does not parse.
    """
    if asked.format is None:
        raise SettingsError("--trace: say what it holds, such as --format msr")
    files = [Path(file) for file in asked.trace]
    if missing := [file for file in files if not file.is_file()]:
        raise SettingsError(f"--trace: there is no file {missing[0]}")
    geometry = geometry_of(asked.track_bytes, asked.interval_seconds, asked.slot_seconds)
    options = TraceOptions(format=cast("TraceFormat", asked.format))
    writes = writes_of_trace(files, options, time_range(asked.from_, asked.to), report)
    grid = grid_of_writes(writes, geometry.interval_seconds)
    return Measured(
        title=f"trace {', '.join(file.name for file in files)}",
        series=series_of_writes(writes, grid, geometry.slot_seconds),
        grid=grid,
        histories=histories_of_writes(writes, grid, geometry.track_bytes),
        coverage=1.0,
        gaps=[],
    )
