"""What changed in the measured range, in the blocks that modes ship: one pass over the volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.cli.plans.data import Measured, Progress
from streams.cli.plans.parameters import Parameters
from streams.model.sizing.basis import BASIS_OF, Mode, block_factor
from streams.model.sizing.cycledata import PiecedUnions, cycle_lengths
from streams.model.sizing.history import coarsen
from streams.model.sizing.occurrences import feed
from streams.model.sizing.outagesets import WorstOutage, outage_intervals, worst_outage
from streams.model.sizing.windows import WindowSums

__all__ = ["Sets", "sets_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What changed, in blocks of the replicator: SUM and OR, and the windows that cycles need.

    `outage` of the asked length leaves most to be shipped; None where no length was asked for: then it is the
    OR of the range.
    """

    volumes: int
    block_bytes: int
    changed_bytes_sum: int
    changed_bytes_or: int
    outage: WorstOutage | None
    unions: PiecedUnions | None

    @property
    def resync_bytes(self) -> int:
        """What a resynchronisation ships."""
        return self.changed_bytes_or if self.outage is None else self.outage.changed_bytes


def sets_of(
    asked: Parameters, measured: Measured, shipped: tuple[Sequence[Mode], int], report: Progress
) -> Sets:
    """One pass over the volumes, in blocks that the modes ship."""
    modes, block_bytes = shipped
    needs_windows = any(mode.startswith("cycle") for mode in modes)
    lengths = cycle_lengths(measured.grid, [float(each) for each in (*asked.rpos, *asked.cycle_seconds)])
    sums = WindowSums(measured.grid, lengths) if needs_windows else None
    outage = asked.outage_seconds
    touched = None if outage is None else outage_intervals(measured.grid, outage)
    outages = None if touched is None else WindowSums(measured.grid, [touched])
    takers = [taker for taker in (sums, outages) if taker is not None]
    needs_blocks = asked.block_bytes is not None or any(BASIS_OF[mode] == "unique" for mode in modes)
    volumes = largest = changed_sum = changed_or = 0
    for history in measured.histories():
        factor = block_factor("bitmap_resync", history.track_bytes, block_bytes) if needs_blocks else 1
        blocks = coarsen(history, factor)
        report("volumes", volumes, max(measured.volumes, volumes + 1))
        volumes, largest = volumes + 1, max(largest, blocks.track_bytes)
        changed_sum += int(blocks.changed_bytes().sum())
        changed_or += blocks.union_bytes()
        if takers:
            feed(blocks, *takers)
    unions = PiecedUnions.of(sums.unions()) if sums is not None and volumes else None
    worst = None
    if outages is not None and touched is not None and volumes:
        worst = worst_outage(outages.unions(), touched)
    return Sets(volumes, largest, changed_sum, changed_or, worst, unions)
