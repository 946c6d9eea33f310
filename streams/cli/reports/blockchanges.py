"""What all volumes of a report changed, on their common grid and in the blocks that a replicator ships."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.cli.reports.counting import blocks_of
from streams.cli.reports.gathered import Gathered
from streams.model.intervals import US
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History, clipped
from streams.model.sizing.windows import Unions

__all__ = ["BlockChanges"]

_MOST_RUNS = 1 << 24
"""So many runs of tracks are held for a replay: 400 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockChanges:
    """The way to windows and to replays: who needs either asks here, and tables are read in one place.

    `sizes_known`: whether the sizes of all volumes are. `most_runs` bounds what a replay may hold.
    """

    gathered: Gathered
    block_bytes: int
    counted: Unions
    runs_by_interval: NDArray[np.int64]
    sizes_known: bool = True
    most_runs: int = _MOST_RUNS

    @property
    def grid(self) -> Grid:
        """The common grid."""
        return self.gathered.grid

    def unions(self, lengths: Iterable[int]) -> Unions:
        """Bytes that changed in the windows of these lengths, in base intervals.

        Raises:
            ValueError: there is no length, or one that was not counted.
        """
        return self.counted.some(lengths)

    def replay_end(self, start: int) -> int:
        """Up to where (exclusive) a replay that begins at this interval can go: the range's end as a rule."""
        held = np.cumsum(self.runs_by_interval[start:])
        return start + int(np.searchsorted(held, self.most_runs, "right"))

    def histories(self, start: int, end: int) -> list[History]:
        """All volumes in the base intervals `start` to `end` (exclusive), on a grid of these alone."""
        step_us = self.grid.interval_seconds * US
        span = self.grid.start_us + start * step_us, self.grid.start_us + end * step_us
        found = []
        for group in self.gathered.groups:
            for _, history in self.gathered.volumes(group, span=span):
                common = self.gathered.on_common_grid(history)
                found.append(blocks_of(clipped(common, start, end), self.block_bytes))
        return found
