"""What all volumes of a report changed, on their common grid and in the blocks that a replicator ships."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.windows import Unions, window_unions

__all__ = ["BlockChanges"]


@dataclass(frozen=True, slots=True, eq=False)
class BlockChanges:
    """The way to windows and to replays: who needs either asks here, and tables are read in one place."""

    grid: Grid
    histories: Sequence[History]

    def unions(self, lengths: Iterable[int]) -> Unions:
        """Bytes that changed in the windows of these lengths, in base intervals.

        Raises:
            ValueError: there is no length, or one that the grid does not hold.
        """
        return window_unions(self.histories, lengths)
