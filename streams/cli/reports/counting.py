"""What is counted of each volume while volumes pass, in any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.cli.processes import cores, spread
from streams.cli.reports.gathered import Gathered, Stretches
from streams.model.sizing.advisor import Advice, advise
from streams.model.sizing.exact import ceil_div, exact
from streams.model.sizing.foldcurve import ZeroRuns
from streams.model.sizing.granularity import BlockSums
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History, coarsen, tracks_of
from streams.model.sizing.lastseen import LastSeen
from streams.model.sizing.rollups import Changes, VolumeChanges
from streams.model.sizing.windows import WindowSums
from streams.store import StoredVolume

__all__ = ["Counted", "Counting", "GroupCounts", "blocks_of", "count"]

Progress = Callable[[str, int, int], None]
Sizes = NDArray[np.int64]
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Counting:
    """What to count, on the common grid.

    Windows of tracks of these `lengths`; advice for cycles of `cycle_intervals`, None: none; SUM and OR in
    blocks of `block_sizes`; windows of `shipped_lengths`, in `shipped_block` bytes (None: in tracks).
    """

    lengths: Sequence[int]
    block_sizes: Sequence[int]
    cycle_intervals: int | None = None
    shipped_lengths: Sequence[int] = ()
    shipped_block: int | None = None


@dataclass(slots=True, eq=False)
class GroupCounts:
    """What changed in the volumes of one group, and in each of its base intervals (bytes).

    `written_by_interval` is None where nobody counted the bytes of a volume, and so is how often its tracks
    were written, where nobody counted the writes.
    """

    group: str
    track_bytes: int
    changed_by_interval: Sizes
    written_by_interval: Sizes | None
    track_writes_by_interval: Sizes | None
    volumes: list[VolumeChanges] = field(default_factory=list)

    def merge(self, other: GroupCounts) -> None:
        """Adds other volumes of the group."""
        self.track_bytes = max(self.track_bytes, other.track_bytes)
        self.changed_by_interval += other.changed_by_interval
        self.written_by_interval = _plus(self.written_by_interval, other.written_by_interval)
        self.track_writes_by_interval = _plus(self.track_writes_by_interval, other.track_writes_by_interval)
        self.volumes += other.volumes


class Counted:
    """All that is counted. Take every volume once."""

    def __init__(self, gathered: Gathered, counting: Counting) -> None:
        grid = gathered.grid
        tracks_too = () if counting.shipped_block is not None else counting.shipped_lengths
        self.groups = [
            GroupCounts(group.name, 0, *np.zeros((3, len(group.grid)), np.int64)) for group in gathered.groups
        ]
        self.advice: list[Advice] = []
        self.zero_runs = ZeroRuns(grid)
        self.windows = WindowSums(grid, [*counting.lengths, *tracks_too])
        self.shipped = (
            WindowSums(grid, counting.shipped_lengths)
            if counting.shipped_block is not None and counting.shipped_lengths
            else None
        )
        self.blocks = BlockSums(counting.block_sizes)
        self.runs_by_interval = np.zeros(len(grid), np.int64)
        self.sizes_known = True
        self._counting = counting

    def take(
        self, gathered: Gathered, place: int, stored: StoredVolume, stretches: Stretches, seen: _Seen
    ) -> None:
        """Adds a volume of the group at this place."""
        grid, zero_runs = gathered.groups[place].grid, ZeroRuns(gathered.grid)
        changed_tracks, changed_bytes = np.zeros((2, len(grid)), np.int64)
        for history, has_all in stretches.histories:
            self._take(gathered.on_common_grid(history), zero_runs, seen, is_all=not stretches.by_time)
            changed_tracks += history.changed_tracks()
            changed_bytes += history.changed_bytes()
            if not has_all:  # what was written to a part of a volume was not counted apart
                stored = replace(stored, writes=None, written_bytes=None, tracks_sum=None, bytes_sum=None)
        union = seen.tracks.end(zero_runs, self.windows)
        if self.shipped is not None:
            seen.blocks.end(self.shipped)
        self.zero_runs.merge(zero_runs)
        self.blocks.take_union(union)
        self.sizes_known &= stored.volume_bytes is not None
        if self._counting.cycle_intervals is not None:
            curve = zero_runs.curve()
            advice = advise(stored.volume, curve, stored.written_bytes, self._counting.cycle_intervals)
            self.advice.append(advice)
        changes = Changes(
            volumes=1,
            changed_tracks_sum=_sum_of(stored.tracks_sum, changed_tracks),
            changed_tracks_or=tracks_of(union.first, union.last),
            changed_bytes_sum=_sum_of(stored.bytes_sum, changed_bytes),
            changed_bytes_or=union.bytes_of(union.first, union.last),
            writes=stored.writes,
            written_bytes=stored.written_bytes,
        )
        self.groups[place].merge(
            GroupCounts(
                group=self.groups[place].group,
                track_bytes=stored.track_bytes,
                changed_by_interval=changed_bytes,
                written_by_interval=_written(stored, grid),
                track_writes_by_interval=_track_writes(stored, grid),
                volumes=[VolumeChanges(stored.volume, stored.vouched_us, changes)],
            )
        )

    def _take(self, common: History, zero_runs: ZeroRuns, seen: _Seen, *, is_all: bool) -> None:
        """Adds a stretch of a volume, or all of it, on the common grid."""
        seen.tracks.take(common, zero_runs, self.windows, is_all=is_all)
        if self.shipped is not None and (block_bytes := self._counting.shipped_block) is not None:
            seen.blocks.take(blocks_of(common, block_bytes), self.shipped, is_all=is_all)
        self.blocks.take_stretch(common)
        self.runs_by_interval += np.bincount(common.interval, minlength=len(common.grid))

    def merge(self, other: Counted) -> None:
        """Adds other volumes."""
        self.advice += other.advice
        self.zero_runs.merge(other.zero_runs)
        self.windows.merge(other.windows)
        if self.shipped is not None and other.shipped is not None:
            self.shipped.merge(other.shipped)
        self.blocks.merge(other.blocks)
        self.runs_by_interval += other.runs_by_interval
        self.sizes_known &= other.sizes_known
        for mine, theirs in zip(self.groups, other.groups, strict=True):
            mine.merge(theirs)


def count(
    gathered: Gathered, counting: Counting, progress: Progress, processes: int | None = None
) -> Counted:
    """Counts all volumes; in several processes where there are so many rows that it pays."""
    volumes = [
        (place, number) for place, group in enumerate(gathered.groups) for number in group.stored.numbers
    ]
    total = len(volumes)
    wanted = processes or (cores() if gathered.is_large else 1)
    number = max(min(wanted, total), 1)
    work = [_Share(gathered, counting, volumes[first::number]) for first in range(number)]
    if number == 1:
        done = iter(range(1, total + 1))
        return _counted(work[0], lambda: progress("volumes", next(done, total), total))
    whole, *others = spread(_counted, work, lambda done: progress("volumes", done, total))
    for other in others:
        whole.merge(other)
    return whole


def blocks_of(history: History, block_bytes: int) -> History:
    """The history in blocks of this size."""
    return coarsen(history, ceil_div(exact(block_bytes), exact(history.track_bytes)))


@dataclass(frozen=True, slots=True)
class _Share:
    """Volumes by the place of their group and their number."""

    gathered: Gathered
    counting: Counting
    volumes: Sequence[tuple[int, int]]


class _Seen(NamedTuple):
    """When the tracks of a volume were last written, and the blocks that a replicator ships."""

    tracks: LastSeen
    blocks: LastSeen


def _counted(share: _Share, step: Step) -> Counted:
    gathered = share.gathered
    counted, seen = Counted(gathered, share.counting), _Seen(*(LastSeen(gathered.loops) for _ in "tb"))
    for place, group in enumerate(gathered.groups):
        numbers = [number for at, number in share.volumes if at == place]
        for stored, stretches in gathered.passing(group, numbers):
            counted.take(gathered, place, stored, stretches, seen)
            step()
    return counted


def _sum_of(known: int | None, changed: Sizes) -> int:
    """SUM as it was captured, else as the bitmaps say by interval."""
    return int(changed.sum()) if known is None else known


def _written(stored: StoredVolume, grid: Grid) -> Sizes | None:
    return None if stored.written_bytes is None else stored.written_by_interval(grid)


def _track_writes(stored: StoredVolume, grid: Grid) -> Sizes | None:
    is_counted = stored.writes is not None and stored.written_bytes is not None
    return stored.track_writes_by_interval(grid) if is_counted else None


def _plus(left: Sizes | None, right: Sizes | None) -> Sizes | None:
    return None if left is None or right is None else left + right
