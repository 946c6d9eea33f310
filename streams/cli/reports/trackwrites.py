"""How often tracks were written in each base interval: what a resynchronisation may have to send again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cli.reports.counting import GroupCounts
from streams.model.sizing.grid import Grid

__all__ = ["track_writes"]


def track_writes(grid: Grid, groups: Sequence[GroupCounts]) -> list[int] | None:
    """Of all groups together in every interval of the common grid; None where a source counts no writes."""
    found = np.zeros(len(grid), np.int64)
    for group in groups:
        if group.track_writes_by_interval is None:
            return None
        found += group.track_writes_by_interval.reshape(len(grid), -1).sum(axis=1)
    return [int(count) for count in found]
