"""What a reader makes of one block: columns of requests, and the lines that did not parse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.faults import Faults
from streams.agents.traces.fields import Fields, Positions
from streams.agents.traces.files import Block
from streams.agents.traces.names import Codes
from streams.agents.traces.numbers import integers

__all__ = ["DISCARD", "END_OF_BYTES", "OTHER", "READ", "WRITE", "Extent", "Reader", "Rows", "extents"]

OTHER, READ, WRITE, DISCARD = range(4)
"""Kinds of lines: OTHER tells the time but is no request that counts."""

END_OF_BYTES = 1 << 63
"""No extent ends beyond this."""

Extent = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The lines of a block in columns; rows that `faults` marks as bad have any value.

    Every line tells a time at which its volume was watched, also those of kind OTHER.
    """

    faults: Faults
    kind: NDArray[np.uint8]
    time_us: NDArray[np.int64]
    volume_codes: Codes
    volumes: tuple[str, ...]
    offset_bytes: Extent
    length_bytes: Extent


class Reader(Protocol):
    """Reads one file, block by block, in order."""

    def rows(self, block: Block) -> Rows:
        """The lines of the next block."""
        ...


def extents(
    offset: Fields,
    length: Fields,
    units_bytes: tuple[int, int],
    faults: Faults,
    lines: Positions | None = None,
) -> tuple[Extent, Extent]:
    """Offsets and lengths in bytes; what is no number or reaches beyond 2^63 bytes goes to `faults`.

    `lines`: the grid's lines that the fields stand on; None for all.
    """
    offset_unit, length_unit = units_bytes
    offsets, offset_good = integers(offset)
    lengths, length_good = integers(length)
    offset_good &= offsets <= END_OF_BYTES // offset_unit
    length_good &= lengths <= END_OF_BYTES // length_unit
    faults.add(~offset_good, offset, f"an offset in {_unit(offset_unit)}, 0 or more, below 2^63 bytes", lines)
    faults.add(~length_good, length, f"a length in {_unit(length_unit)}, 0 or more, below 2^63 bytes", lines)
    offset_bytes = offsets * np.uint64(offset_unit)
    length_bytes = lengths * np.uint64(length_unit)
    good = offset_good & length_good
    too_long = good & (length_bytes > END_OF_BYTES - np.where(good, offset_bytes, 0))
    faults.add(too_long, length, "a length that ends below 2^63 bytes", lines)
    return offset_bytes, length_bytes


def _unit(unit_bytes: int) -> str:
    return "bytes" if unit_bytes == 1 else f"sectors of {unit_bytes} bytes"
