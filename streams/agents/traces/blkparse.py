"""The reader of what `blkparse` prints by default.

An event is `major,minor cpu sequence seconds.nanoseconds pid action rwbs`, and what the action adds:
`sector + blocks`, both in 512 B, for requests that have data. The same request appears once per stage of its
life, so exactly one action is counted. Messages, plugs, merges, remaps and the statistics at the end of the
output are lines that belong there and are no writes.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.faults import Faults
from streams.agents.traces.fields import Fields, Grid, Mask, split_at_blanks
from streams.agents.traces.files import Block
from streams.agents.traces.mapping import SECTOR_BYTES
from streams.agents.traces.names import Codes, joined, names
from streams.agents.traces.rows import DISCARD, OTHER, READ, WRITE, Extent, Rows, extents
from streams.agents.traces.times import expected_time, microseconds

__all__ = ["ACTIONS", "BlkparseReader"]

ACTIONS = ("Q", "G", "I", "D", "C")
"""Stages that every request passes once: queued, got a slot, inserted, issued to the driver, completed."""

_DEVICE, _TIME, _ACTION, _RWBS, _SECTOR, _PLUS, _BLOCKS = 0, 3, 5, 6, 7, 8, 9
_LONGEST_RWBS = 8
_DEVICE_NAME = re.compile(r"\d+,\d+")
_STATISTICS = re.compile(
    rb"\s*(CPU\d+ \(|Total( \(|:)|Reads? |PC |IO unplugs|(Allocation|Dispatch|Completion) wait"
    rb"|Throughput \(R/W\)|Events \(|Skips: |Input file )|\S.* \(\d+(, \.\.\.)?\)\s*$"
)


class BlkparseReader:
    """Reads one file; volumes are the devices `major,minor` of `array`, and `action` is what counts."""

    def __init__(self, array: str, action: str) -> None:
        self._array = array
        self._action = action.encode()

    def rows(self, block: Block) -> Rows:
        """The events of the next block of the file; statistics are left out."""
        grid = _without_statistics(split_at_blanks(block))
        faults = Faults(grid)
        device, time = grid.column(_DEVICE), grid.column(_TIME)
        codes, devices = names(device, allowed=_is_device)
        faults.add(codes < 0, device, "an event that starts with major,minor, or blkparse's statistics")
        time_us, good = microseconds(time, "s")
        faults.add(~good, time, expected_time("s"))
        faults.add(grid.count <= _RWBS, grid.column(_RWBS), "an event's action and RWBS")
        everywhere: Codes = np.zeros(len(grid), np.int32)
        volume_codes, volumes = joined((everywhere, (self._array,)), (codes, devices))
        kind, offset_bytes, length_bytes = self._requests(grid, faults)
        return Rows(faults, kind, time_us, volume_codes, volumes, offset_bytes, length_bytes)

    def _requests(self, grid: Grid, faults: Faults) -> tuple[NDArray[np.uint8], Extent, Extent]:
        """What each event asks for; extents are read only where the action is the one that counts."""
        rwbs, plus = grid.column(_RWBS), grid.column(_PLUS)
        counts = grid.column(_ACTION).equal(self._action)
        has_data = counts & plus.equal(b"+")
        faults.add(counts & ~has_data & ~_has_no_data(grid), plus, "+ and a number of blocks")
        rows = np.flatnonzero(has_data)
        sector, blocks = grid.column(_SECTOR).take(rows), grid.column(_BLOCKS).take(rows)
        offset_bytes, length_bytes = np.zeros((2, len(grid)), np.uint64)
        units = (SECTOR_BYTES, SECTOR_BYTES)
        offset_bytes[rows], length_bytes[rows] = extents(sector, blocks, units, faults, rows)
        discards, writes = rwbs.contain(b"D", _LONGEST_RWBS), rwbs.contain(b"W", _LONGEST_RWBS)
        kind = np.select([~has_data, discards, writes], [OTHER, DISCARD, WRITE], READ)
        return kind.astype(np.uint8), offset_bytes, length_bytes


def _is_device(name: str) -> bool:
    return _DEVICE_NAME.fullmatch(name) is not None


def _has_no_data(grid: Grid) -> Mask:
    """Which events end, or bracket a process, an error or a command, where `+ blocks` would stand.

    Flushes and passed-through commands do; they have no extent.
    """
    sector, plus = grid.column(_SECTOR), grid.column(_PLUS)
    return _opens_bracket(sector) | _opens_bracket(plus)


def _opens_bracket(fields: Fields) -> Mask:
    return fields.contain(b"[", 1) | fields.contain(b"(", 1)


def _without_statistics(grid: Grid) -> Grid:
    codes, _ = names(grid.column(_DEVICE), allowed=_is_device)
    odd = np.flatnonzero(codes < 0)
    text = grid.block.text
    statistics = [row for row in odd if _STATISTICS.match(text[grid.start[row] : grid.stop[row]].tobytes())]
    keep = np.ones(len(grid), np.bool_)
    keep[statistics] = False
    return grid.take(keep) if statistics else grid
