"""One pass over the tables of all groups: SUM and OR by volume, fold curve, windows, blocks, advice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.gathered import Gathered, GroupRange
from streams.model.sizing.advisor import Advice, advise
from streams.model.sizing.exact import ceil_div, exact
from streams.model.sizing.foldcurve import FoldCurve, ZeroRuns
from streams.model.sizing.granularity import BlockFigures, block_figures, doubled_blocks
from streams.model.sizing.history import History, coarsen
from streams.model.sizing.occurrences import feed
from streams.model.sizing.rollups import Changes, VolumeChanges, total
from streams.model.sizing.windows import Unions, WindowSums
from streams.store import StoredVolume

__all__ = ["GroupChanges", "Sets", "block_changes", "lengths_of", "sets_of"]

Progress = Callable[[str, int, int], None]
Sizes = NDArray[np.int64]

_LARGEST_BLOCK = 1 << 20
_USUAL_SECONDS = (900, 3600, 86_400)


@dataclass(frozen=True, slots=True, eq=False)
class GroupChanges:
    """What changed in the volumes of one group, and in each of its base intervals (bytes)."""

    group: str
    track_bytes: int
    volumes: Sequence[VolumeChanges]
    changed_by_interval: Sizes


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """All set-based figures of a report; `unions` has the windows of `lengths_of`."""

    groups: Sequence[GroupChanges]
    curve: FoldCurve
    unions: Unions
    blocks: Sequence[BlockFigures]
    advice: Sequence[Advice]

    @property
    def volumes(self) -> list[VolumeChanges]:
        """Of all groups, by name."""
        return sorted((each for group in self.groups for each in group.volumes), key=lambda v: v.volume)


def lengths_of(intervals: int, interval_seconds: int) -> list[int]:
    """The window lengths that reports show: doubles of the base interval, usual ones and their doubles."""
    doubles = {1 << power for power in range(intervals.bit_length())}
    usual = {seconds // interval_seconds for seconds in _USUAL_SECONDS if not seconds % interval_seconds}
    wanted = doubles | usual | {2 * length for length in usual} | {intervals}
    return sorted(length for length in wanted if 1 <= length <= intervals)


def sets_of(gathered: Gathered, cycle_seconds: float, progress: Progress) -> Sets:
    """The pass; advice is for cycles of about `cycle_seconds`.

    Raises:
        ValueError: the tables cannot be read together; the message says why.
    """
    grid = gathered.grid
    cycle = min(max(int(cycle_seconds // grid.interval_seconds), 1), len(grid))
    walk = _Walk(gathered, cycle, progress)
    tracks = math.lcm(*(size for group in gathered.groups for size in _track_sizes(group)))
    sizes = doubled_blocks(tracks, max(_LARGEST_BLOCK, tracks))
    blocks = block_figures(walk.histories(), sizes)
    written = total([volume for group in walk.groups for volume in group.volumes]).written_bytes
    if written:
        blocks = [replace(each, changed_per_written=each.changed_bytes_sum / written) for each in blocks]
    return Sets(walk.groups, walk.runs.curve(), walk.sums.unions(), blocks, walk.advice)


def block_changes(gathered: Gathered, block_bytes: int | None = None) -> BlockChanges:
    """What all volumes changed in blocks of this size; without one in the smallest common track."""
    return BlockChanges(gathered.grid, list(_coarse_histories(gathered, block_bytes)))


def _coarse_histories(gathered: Gathered, block_bytes: int | None) -> Iterator[History]:
    sizes = {size for group in gathered.groups for size in _track_sizes(group)}
    block = block_bytes or math.lcm(*sizes)
    for group in gathered.groups:
        for _, history in gathered.volumes(group):
            factor = ceil_div(exact(block), exact(history.track_bytes))
            yield coarsen(gathered.on_common_grid(history), factor)


class _Walk:
    """The volumes of all groups while they pass, and what is kept of them."""

    def __init__(self, gathered: Gathered, cycle_intervals: int, progress: Progress) -> None:
        grid = gathered.grid
        self.groups: list[GroupChanges] = []
        self.advice: list[Advice] = []
        self.runs = ZeroRuns(grid)
        self.sums = WindowSums(grid, lengths_of(len(grid), grid.interval_seconds))
        self._gathered = gathered
        self._cycle_intervals = cycle_intervals
        self._progress = progress

    def histories(self) -> Iterator[History]:
        """Every volume's history, once all else has seen it."""
        for group in self._gathered.groups:
            changed = np.zeros(len(group.grid), np.int64)
            volumes: list[VolumeChanges] = []
            track_bytes = 0
            for stored, history in self._gathered.volumes(group):
                self._progress(f"group {group.name}", len(volumes), len(volumes) + 1)
                volumes.append(_changes(stored, history))
                changed += history.changed_bytes()
                track_bytes = history.track_bytes
                common = self._gathered.on_common_grid(history)
                own = ZeroRuns(self._gathered.grid)
                feed(common, own, self.sums)
                self.runs.merge(own)
                self.advice.append(
                    advise(stored.volume, own.curve(), stored.written_bytes, self._cycle_intervals)
                )
                yield common
            self.groups.append(GroupChanges(group.name, track_bytes, volumes, changed))


def _track_sizes(group: GroupRange) -> set[int]:
    return {
        size for each in group.stored.intervals for part in each.parts for size in np.unique(part.track_bytes)
    }


def _changes(stored: StoredVolume, history: History) -> VolumeChanges:
    size = history.union_bytes()
    short = history.short_bytes if len(history.last_track().interval) else 0
    changes = Changes(
        volumes=1,
        changed_tracks_sum=int(history.changed_tracks().sum()),
        changed_tracks_or=(size + short) // history.track_bytes,
        changed_bytes_sum=int(history.changed_bytes().sum()),
        changed_bytes_or=size,
        writes=stored.writes,
        written_bytes=stored.written_bytes,
    )
    return VolumeChanges(stored.volume, stored.vouched_us, changes)
