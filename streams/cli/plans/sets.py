"""What changed in the measured range, in the blocks that modes ship: one pass over the volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.plans.data import Measured, Progress
from streams.cli.plans.parameters import Parameters
from streams.model.sizing.basis import BASIS_OF, Mode, block_factor
from streams.model.sizing.cycleshare import PiecedUnions
from streams.model.sizing.exact import ceil_div
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import coarsen
from streams.model.sizing.occurrences import feed
from streams.model.sizing.windows import WindowSums, lengths_up_to

__all__ = ["Sets", "sets_of"]

_MOST_CELLS = 1 << 24
_LATE = 4  # times the RPO: longer cycles than that are cut into pieces


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What changed, in blocks of the replicator: SUM and OR, and the windows that cycles need.

    `resync_bytes` must be shipped after an outage: the most that any outage of the asked length leaves, which
    touches one base interval more than it fills; the OR of the range where no length was asked for.
    """

    volumes: int
    block_bytes: int
    changed_bytes_sum: int
    changed_bytes_or: int
    resync_bytes: int | None
    unions: PiecedUnions | None


def sets_of(
    asked: Parameters, measured: Measured, shipped: tuple[Sequence[Mode], int | None], report: Progress
) -> Sets:
    """One pass over the volumes, in blocks that the modes ship."""
    modes, block_bytes = shipped
    needs_windows = any(mode.startswith("cycle") for mode in modes)
    sums = WindowSums(measured.grid, _lengths(asked, measured)) if needs_windows else None
    touched = _touched_by_outage(asked, measured.grid)
    outages = None if touched is None else WindowSums(measured.grid, [touched])
    takers = [taker for taker in (sums, outages) if taker is not None]
    needs_blocks = any(BASIS_OF[mode] == "unique" for mode in modes)
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
    resync = changed_or if outages is None or touched is None else outages.unions().most(touched)
    return Sets(volumes, largest, changed_sum, changed_or, resync, unions)


def _touched_by_outage(asked: Parameters, grid: Grid) -> int | None:
    """The base intervals that an outage of the asked length can touch.

    Raises:
        ValueError: it is longer than the range.
    """
    if asked.outage_seconds is None:
        return None
    if asked.outage_seconds > grid.seconds:
        raise ValueError(
            f"outage_seconds {float(asked.outage_seconds):g}: longer than the range of {grid.seconds} s; "
            "choose a shorter outage or a longer range"
        )
    return min(ceil_div(asked.outage_seconds, Fraction(grid.interval_seconds)) + 1, len(grid))


def _lengths(asked: Parameters, measured: Measured) -> Sequence[int]:
    """Lengths of windows, as long as cycles that are late can reasonably get."""
    grid = measured.grid
    rpos = asked.rpos
    longest = max([_LATE * rpo for rpo in rpos] + [2 * cycle for cycle in asked.cycle_seconds])
    return lengths_up_to(grid, longest)[: max(_MOST_CELLS // len(grid), 1)]
