"""A batch of writes as columns: the unit in which writes travel and are marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "WriteBatch", "volume_id"]

Times = NDArray[np.int64]
Codes = NDArray[np.int32]
Extents = NDArray[np.uint64]
Flags = NDArray[np.bool_]


def volume_id(array: str, volume: str) -> str:
    """The identity of a volume everywhere: `array/volume`."""
    return f"{array}/{volume}"


@dataclass(frozen=True, slots=True)
class WriteBatch:
    """Writes in columns of one length; never the data that was written.

    `time_us`: microseconds since 1970-01-01 UTC. `volume_codes`: index into `volumes`, the volume names
    (bare in a producer's batch, `array/volume` where a batch mixes arrays). `offset_bytes` and
    `length_bytes`: the extent. `discard`: which of them are discards, or None when none is.
    """

    time_us: Times
    volume_codes: Codes
    volumes: tuple[str, ...]
    offset_bytes: Extents
    length_bytes: Extents
    discard: Flags | None = None

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> WriteBatch:
        """The batch of the chosen rows: a mask, indices or a slice; volume names stay as they are."""
        return WriteBatch(
            self.time_us[rows],
            self.volume_codes[rows],
            self.volumes,
            self.offset_bytes[rows],
            self.length_bytes[rows],
            None if self.discard is None else self.discard[rows],
        )

    @staticmethod
    def empty() -> WriteBatch:
        """A batch without writes."""
        return WriteBatch(
            np.empty(0, np.int64), np.empty(0, np.int32), (), np.empty(0, np.uint64), np.empty(0, np.uint64)
        )
