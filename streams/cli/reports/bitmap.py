"""A link with bitmap replication: the rate at which the worst outage is resynchronised in time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import Capacity
from streams.cli.reports.outlook import window_needs
from streams.model.sizing.claims import required_bits_per_second
from streams.model.sizing.forecast import Need
from streams.model.sizing.grid import Grid

__all__ = ["bitmap_need", "outage_intervals"]


def bitmap_need(
    changes: BlockChanges, capacity: Capacity, outage_seconds: float, period_seconds: int
) -> tuple[Fraction, Sequence[Need]]:
    """What ships the largest union of any window as long as the outage in the link's time; also by period.

    Windows are whole base intervals, and no longer than the range. By period, those that touch a gap are left
    out: a lower bound among them would look like a fall.
    """
    grid = changes.grid
    length = outage_intervals(grid, outage_seconds)
    unions = changes.unions([length])
    seconds = capacity.link.resync_seconds
    # Windows that touch a gap hold what was seen: a lower bound, and none is to be missed.
    most = int(unions.changed_bytes[0][: len(grid) - length + 1].max())
    need = required_bits_per_second(most, seconds)
    return need, window_needs(unions, length, period_seconds, seconds)


def outage_intervals(grid: Grid, outage_seconds: float) -> int:
    """The outage in whole base intervals, and no longer than the range."""
    return min(max(-int(-outage_seconds // grid.interval_seconds), 1), len(grid))
