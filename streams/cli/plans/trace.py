"""A trace as a plan takes it: its series and its histories, counted here, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces import TraceOptions, read_trace
from streams.errors import MissingData
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.runs import merged_runs
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.series import Series
from streams.model.tracks import track_spans
from streams.model.writes import WriteBatch

__all__ = ["geometry_of", "grid_of_writes", "histories_of_writes", "series_of_writes", "writes_of_trace"]


def writes_of_trace(
    files: Sequence[Path],
    options: TraceOptions,
    times: tuple[int | None, int | None],
    report: Callable[[str, int, int], None],
) -> WriteBatch:
    """The writes of a trace from one moment to another (exclusive), discards left out.

    Raises:
        TraceError: a line does not parse.
        MissingData: the trace has no write then.
    """
    writes = read_trace(list(files), options, lambda done, total: report("reading", done, total)).writes
    chosen = np.ones(len(writes), np.bool_)
    if times[0] is not None:
        chosen &= writes.time_us >= times[0]
    if times[1] is not None:
        chosen &= writes.time_us < times[1]
    if writes.discard is not None:
        chosen &= ~writes.discard
    writes = writes.take(chosen)
    if not len(writes):
        raise MissingData("the trace has no write in this range; widen --from and --to")
    return writes


def grid_of_writes(writes: WriteBatch, interval_seconds: int) -> Grid:
    """The base intervals from the first write to the last, all of them measured."""
    step_us = interval_seconds * US
    first, last = (int(edge) // step_us for edge in (writes.time_us.min(), writes.time_us.max()))
    return Grid(first * step_us, interval_seconds, np.ones(last - first + 1, np.bool_))


def series_of_writes(writes: WriteBatch, grid: Grid, slot_seconds: int) -> Series:
    """The bytes written in each slot of the grid."""
    slot = (writes.time_us - grid.start_us) // (slot_seconds * US)
    sizes: NDArray[np.int64] = np.zeros(grid.seconds // slot_seconds, np.int64)
    np.add.at(sizes, slot, writes.length_bytes.astype(np.int64))
    return Series(grid.start_us, slot_seconds, sizes, np.ones(len(sizes)))


def histories_of_writes(writes: WriteBatch, grid: Grid, track_bytes: int) -> list[History]:
    """What each volume's writes touched in each base interval, by the name of the volume."""
    interval = (writes.time_us - grid.start_us) // (grid.interval_seconds * US)
    found = []
    for code, volume in sorted(enumerate(writes.volumes), key=lambda each: each[1]):
        some = (writes.volume_codes == code) & (writes.length_bytes > 0)
        place = interval[some]
        order = np.argsort(place, kind="stable")
        spans = track_spans(writes.offset_bytes[some][order], writes.length_bytes[some][order], track_bytes)
        places, begins = np.unique(place[order], return_index=True)
        runs = [
            merged_runs(spans[0][low:high], spans[1][low:high])
            for low, high in pairwise([*begins.tolist(), len(order)])
        ]
        where = np.repeat(places, [len(low) for low, _ in runs])
        none = [np.empty(0, np.uint64)]
        low = np.concatenate([low for low, _ in runs] or none)
        high = np.concatenate([high for _, high in runs] or none)
        found.append(History(grid, volume, None, track_bytes, where.astype(np.int64), low, high))
    return found


def geometry_of(track_bytes: int | None, interval_seconds: int | None, slot_seconds: int | None) -> Geometry:
    """What a group for this trace would be measured with.

    Raises:
        DefinitionError: no group may have that.
    """
    geometry = Geometry.for_interval(interval_seconds or 300, track_bytes or 65_536)
    return geometry if slot_seconds is None else replace(geometry, slot_seconds=slot_seconds)
