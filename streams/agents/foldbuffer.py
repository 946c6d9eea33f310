"""Writes that are folded while they wait: tables of each window of time instead of the writes themselves.

The marking is that of the worker, so that a fold says what the worker would have found in the same writes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streams.agents.batching import MAX_WRITES
from streams.agents.buffer import WriteBuffer
from streams.agents.folding import fold_seconds, packed
from streams.agents.parcels import Parcel
from streams.model.batchmembers import members_of
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.marking import mark_writes
from streams.model.messages import Fold
from streams.model.opentable import OpenInterval
from streams.model.screening import Screen, by_interval, check_members, stateless
from streams.model.slots import SlotBytes
from streams.model.writes import WriteBatch

__all__ = ["FoldBuffer"]

_MOST_UNFOLDED = 1 << 16
"""So many writes are folded at once: each alone costs more in calls than in work."""

_MOST_TRACKS = 1 << 24
_MOST_WINDOWS = 64


class FoldBuffer:
    """Tables of the windows that fill, each sent once the promise has passed its end.

    What comes for a window that was sent already makes a further piece of it, which waits for the end of the
    present window. What a fold cannot say travels as writes: discards, which are counted apart, and all that
    the definition would refuse, so that the dead letters have it write by write. Writes outside the extents
    that the group takes of a volume are left out.

    Memory: 65,536 writes, and for each window what a worker needs for the same tracks: 2 to 9 B each where
    the marking is compiled, else about 2 B and 8 MiB of tracks that wait to be sorted; 130 B for one that is
    alone in 2^16. Before the tables hold 2^25 tracks, and once there are more than 64 windows, all leaves
    early.

    Args:
        definition: of the group; volumes that it does not have travel as writes.
        array: the array of the volumes.
    """

    longest_wait_us = math.inf

    def __init__(self, definition: Definition, array: str) -> None:
        self._definition = definition
        self._array = array
        self._length_us = fold_seconds(definition.geometry) * US
        self._incoming = WriteBuffer()
        self._unfoldable = WriteBuffer()
        self._windows: dict[int, OpenInterval] = {}
        self._counted_tracks = 0
        self._more_tracks = 0  # at most so many have come since they were counted
        self._parcels: deque[Parcel] = deque()
        self._cut_us = 0

    def __bool__(self) -> bool:
        return bool(self._incoming or self._unfoldable or self._windows or self._parcels)

    @property
    def oldest_us(self) -> int | None:
        """No write that waits is older; None where none waits."""
        starts_us = (window * self._length_us for window in self._windows)
        found = (self._incoming.oldest_us, self._unfoldable.oldest_us, *starts_us)
        sending = (parcel.first_us for parcel in self._parcels)
        return min((oldest_us for oldest_us in (*found, *sending) if oldest_us is not None), default=None)

    def add(self, writes: WriteBatch) -> None:
        """Takes columns of writes."""
        self._incoming.add(writes)
        if len(self._incoming) >= _MOST_UNFOLDED:
            self._fold()

    def add_one(self, volume: str, offset_bytes: int, length_bytes: int, time_us: int) -> bool:
        """Takes one write; whether it is time to ask what is due."""
        self._incoming.add_one(volume, offset_bytes, length_bytes, time_us)
        if len(self._incoming) >= _MOST_UNFOLDED:
            self._fold()
        return len(self._incoming) % MAX_WRITES == 0

    def due(self, promised_us: int) -> bool:
        """Whether a window has ended, or there is too much of anything."""
        if self._parcels or self._crowded() or self._unfoldable.due(promised_us):
            return True
        oldest_us = self.oldest_us
        if oldest_us is None:
            return False
        end_us = (oldest_us // self._length_us + 1) * self._length_us
        return promised_us >= max(end_us, self._cut_us + self._length_us)

    def take(self, promised_us: int) -> Parcel:
        """The next message of the windows that ended; where none did, of all."""
        if not self._parcels:
            self._cut(promised_us)
        return self._parcels.popleft()

    def _cut(self, promised_us: int) -> None:
        self._fold()
        ended = [window for window in self._windows if (window + 1) * self._length_us <= promised_us]
        if not (ended or self._unfoldable):
            ended = list(self._windows)
        folds = [fold for window in sorted(ended) for fold in self._folds(window, self._windows.pop(window))]
        self._parcels.extend(map(Parcel.of_folds, packed(folds)))
        while self._unfoldable:
            self._parcels.append(self._unfoldable.take(promised_us))
        self._cut_us = max(self._cut_us, promised_us // self._length_us * self._length_us)
        self._count_tracks()

    def _folds(self, window: int, content: OpenInterval) -> Iterator[Fold]:
        for volume, table in content.volumes.by_volume().items():
            yield Fold(
                volume=volume.partition("/")[2],
                start_us=window * self._length_us,
                end_us=(window + 1) * self._length_us,
                track_bytes=self._definition.geometry.track_bytes,
                tracks=table.tracks,
                writes=table.writes,
                written_bytes=table.written_bytes,
            )

    def _fold(self) -> None:
        writes = self._incoming.take_writes(len(self._incoming))
        if not len(writes):
            return
        unfoldable = self._cannot_fold(writes)
        if unfoldable.any():
            self._unfoldable.add(writes.take(unfoldable))
            writes = writes.take(~unfoldable)
        writes = replace(writes, discard=None)
        fine = Screen.of(writes)
        for window, rows in by_interval(writes, fine, self._length_us):
            content = self._windows.setdefault(window, OpenInterval(SlotBytes(1)))  # it lies in one slot
            mine = writes if len(rows) == len(writes) else writes.take(rows)
            members = members_of(mine, self._array, self._definition)
            mark_writes(content, mine, members, self._definition.geometry, window * self._length_us)
        track_bytes = self._definition.geometry.track_bytes
        self._more_tracks += 2 * len(writes) + int(writes.length_bytes.sum(dtype=np.float64) / track_bytes)
        # Twice: else tables that are nearly full would be counted again with every batch.
        if self._counted_tracks + self._more_tracks > 2 * _MOST_TRACKS:
            self._count_tracks()

    def _cannot_fold(self, writes: WriteBatch) -> NDArray[np.bool_]:
        """Writes that the worker would refuse by its definition, and discards."""
        first_us, last_us = int(writes.time_us.min()), int(writes.time_us.max())
        # As if it had arrived with its last write: what is too late or too early is seen when it does arrive.
        screen = stateless(writes, last_us, first_us, self._definition.geometry)
        found: NDArray[np.bool_] = screen.verdicts != 0
        for _, refused in check_members(writes, members_of(writes, self._array, self._definition)):
            found |= refused
        if writes.discard is not None:
            found |= writes.discard
        return found

    def _count_tracks(self) -> None:
        tables = (
            table for content in self._windows.values() for table in content.volumes.by_volume().values()
        )
        self._counted_tracks, self._more_tracks = sum(len(table.tracks) for table in tables), 0

    def _crowded(self) -> bool:
        return len(self._windows) > _MOST_WINDOWS or self._counted_tracks > _MOST_TRACKS
