"""What a matrix of plans rests on: the bytes written by slot, and the tables of all volumes on one grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from streams.agents.traces import TraceFormat, TraceOptions
from streams.cli.plans.parameters import Parameters
from streams.cli.plans.trace import (
    geometry_of,
    grid_of_writes,
    histories_of_writes,
    series_of_writes,
    writes_of_trace,
)
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.gathered import gather
from streams.cli.reports.sets import track_bytes_of
from streams.cli.usage import time_range
from streams.errors import SettingsError
from streams.model.groups import Definition
from streams.model.intervals import US, Spans
from streams.model.sizing.cautions import LEAST_COVERAGE
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.series import Series
from streams.store import LakeSource, Place

__all__ = ["Measured", "Progress", "measured_stored", "measured_trace"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The data of a plan; `series` is None where nobody counted the bytes that were written.

    `histories` gives the volumes one at a time, so that memory holds one of them; about as many as `volumes`.
    `track_bytes` is the smallest common multiple of their tracks; `source` tells people where they are from.
    """

    title: str
    series: Series | None
    grid: Grid
    histories: Callable[[], Iterable[History]]
    volumes: int
    coverage: float
    track_bytes: int
    source: str

    @property
    def gaps(self) -> Spans:
        """Spans of the range in which a group was not measured."""
        missing = Grid(self.grid.start_us, self.grid.interval_seconds, ~self.grid.measured)
        step_us = self.grid.interval_seconds * US
        starts, ends = (self.grid.start_us + edges * step_us for edges in missing.stretches())
        return list(zip(starts.tolist(), ends.tolist(), strict=True))


def measured_stored(
    source: Place, definitions: Mapping[str, Definition], asked: Parameters, report: Progress
) -> Measured:
    """The data of groups as they are stored, on the grid that all of them share.

    Raises:
        MissingData: nothing was measured in the range, or less than is asked for.
    """
    least = LEAST_COVERAGE if asked.least_coverage is None else float(asked.least_coverage)
    choice = Choice(*time_range(asked.from_, asked.to), calendar_of(None, None, "UTC"), least)
    if asked.definition is not None:
        choice = choice.of_definition(next(iter(definitions.values())))
    names = list(definitions)
    gathered = gather(source, names, choice, report)

    def histories() -> Iterator[History]:
        for group in gathered.groups:
            for _, history in gathered.volumes(group):
                yield gathered.on_common_grid(history)

    title = f"link {asked.link}" if asked.link else f"group {', '.join(names)}"
    if isinstance(source, LakeSource):
        title = f"{title}, read from {source}"
    volumes = {name for group in gathered.groups for name in group.stored.names}
    coverage, tracks = gathered.coverage, track_bytes_of(gathered)
    return Measured(
        title, gathered.written, gathered.grid, histories, len(volumes), coverage, tracks, str(source)
    )


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
    volumes = histories_of_writes(writes, grid, geometry.track_bytes)
    series = series_of_writes(writes, grid, geometry.slot_seconds)
    title = f"trace {', '.join(file.name for file in files)}"
    return Measured(title, series, grid, lambda: volumes, len(volumes), 1.0, geometry.track_bytes, "a trace")
