"""What is counted of each volume while volumes pass, in any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.cli.processes import cores, spread
from streams.cli.reports.gathered import Gathered
from streams.model.sizing.advisor import Advice, advise
from streams.model.sizing.exact import ceil_div, exact
from streams.model.sizing.foldcurve import ZeroRuns
from streams.model.sizing.granularity import BlockSums
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
        self, gathered: Gathered, place: int, stored: StoredVolume, history: History, last_seen: LastSeen
    ) -> None:
        """Adds a volume of the group at this place."""
        group, counting = gathered.groups[place], self._counting
        common = gathered.on_common_grid(history)
        zero_runs = ZeroRuns(common.grid)
        union = last_seen.feed(common, zero_runs, self.windows)
        self.zero_runs.merge(zero_runs)
        self.blocks.take(common, union)
        if counting.shipped_block is not None and self.shipped is not None:
            last_seen.feed(blocks_of(common, counting.shipped_block), self.shipped)
        self.runs_by_interval += np.bincount(common.interval, minlength=len(common.grid))
        self.sizes_known &= stored.volume_bytes is not None
        if counting.cycle_intervals is not None:
            curve, written = zero_runs.curve(), stored.written_bytes
            self.advice.append(advise(stored.volume, curve, written, counting.cycle_intervals))
        changed = history.changed_bytes()
        written_by_interval = None if stored.written_bytes is None else stored.written_by_interval(group.grid)
        is_counted = stored.writes is not None and stored.written_bytes is not None
        track_writes = stored.track_writes_by_interval(group.grid) if is_counted else None
        changes = Changes(
            volumes=1,
            changed_tracks_sum=int(history.changed_tracks().sum()),
            changed_tracks_or=tracks_of(*union),
            changed_bytes_sum=int(changed.sum()),
            changed_bytes_or=common.bytes_of(*union),
            writes=stored.writes,
            written_bytes=stored.written_bytes,
        )
        of_volume = [VolumeChanges(stored.volume, stored.vouched_us, changes)]
        self.groups[place].merge(
            GroupCounts(
                group.name, history.track_bytes, changed, written_by_interval, track_writes, of_volume
            )
        )

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
    shelves = [
        (place, shelf) for place, group in enumerate(gathered.groups) for shelf in group.stored.shelves
    ]
    total = sum(len(group.stored.names) for group in gathered.groups)
    wanted = processes or (cores() if gathered.is_large else 1)
    number = max(min(wanted, len(shelves)), 1)
    work = [_Share(gathered, counting, shelves[first::number]) for first in range(number)]
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
    gathered: Gathered
    counting: Counting
    shelves: Sequence[tuple[int, int]]


def _counted(share: _Share, step: Step) -> Counted:
    counted, last_seen = Counted(share.gathered, share.counting), LastSeen(share.gathered.loops)
    for place, shelf in share.shelves:
        for stored, history in share.gathered.volumes(share.gathered.groups[place], [shelf]):
            counted.take(share.gathered, place, stored, history, last_seen)
            step()
    return counted


def _plus(left: Sizes | None, right: Sizes | None) -> Sizes | None:
    return None if left is None or right is None else left + right
