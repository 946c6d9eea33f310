"""All that the tables of a report's groups say: SUM and OR by volume, fold curve, windows, blocks, advice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.counting import Counting, GroupCounts, count
from streams.cli.reports.gathered import Gathered
from streams.model.sizing.advisor import Advice
from streams.model.sizing.foldcurve import FoldCurve
from streams.model.sizing.granularity import BlockFigures, doubled_blocks
from streams.model.sizing.rollups import VolumeChanges, total
from streams.model.sizing.windows import Unions

__all__ = ["Sets", "Shipped", "lengths_of", "sets_of", "track_bytes_of"]

Progress = Callable[[str, int, int], None]

_LARGEST_BLOCK = 1 << 20
_USUAL_SECONDS = (900, 3600, 86_400)


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a replicator asks of the tables: windows of these lengths, in its blocks; None: in tracks."""

    lengths: Sequence[int] = ()
    block_bytes: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """All set-based figures of a report; `unions` has the windows of `lengths_of`.

    `changes` has what a replicator ships, and the way to replays.
    """

    groups: Sequence[GroupCounts]
    curve: FoldCurve
    unions: Unions
    blocks: Sequence[BlockFigures]
    advice: Sequence[Advice]
    changes: BlockChanges

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


def sets_of(
    gathered: Gathered,
    progress: Progress,
    shipped: Shipped | None = None,
    cycle_seconds: float | None = None,
) -> Sets:
    """One pass over all volumes; with advice for cycles of about `cycle_seconds`.

    Raises:
        ValueError: the tables cannot be read together; the message says why.
    """
    grid = gathered.grid
    tracks, wish = track_bytes_of(gathered), shipped or Shipped()
    # In their own tracks volumes are counted anyway.
    is_own = wish.block_bytes in (None, tracks) and len(gathered.track_sizes()) == 1
    lengths = lengths_of(len(grid), grid.interval_seconds)
    counting = Counting(
        lengths=lengths,
        block_sizes=doubled_blocks(tracks, max(_LARGEST_BLOCK, tracks)),
        cycle_intervals=None if cycle_seconds is None else _cycle_intervals(gathered, cycle_seconds),
        shipped_lengths=wish.lengths,
        shipped_block=None if is_own else wish.block_bytes or tracks,
    )
    counted = count(gathered, counting, progress)
    for group in counted.groups:
        group.volumes.sort(key=lambda each: each.volume)
    unions = counted.windows.unions()
    written = total([volume for group in counted.groups for volume in group.volumes]).written_bytes
    return Sets(
        groups=counted.groups,
        curve=counted.zero_runs.curve(),
        unions=unions.some(lengths),
        blocks=counted.blocks.figures(written),
        advice=sorted(counted.advice, key=lambda each: each.volume),
        changes=BlockChanges(
            gathered,
            wish.block_bytes or tracks,
            unions if counted.shipped is None else counted.shipped.unions(),
            counted.runs_by_interval,
            sizes_known=counted.sizes_known,
        ),
    )


def track_bytes_of(gathered: Gathered) -> int:
    """The smallest block that consists of whole tracks of every volume."""
    return math.lcm(*gathered.track_sizes())


def _cycle_intervals(gathered: Gathered, cycle_seconds: float) -> int:
    grid = gathered.grid
    return min(max(int(cycle_seconds // grid.interval_seconds), 1), len(grid))
