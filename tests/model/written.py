"""What volumes wrote, as plain Python sets, for the tests of set-based figures; and the same as histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import history_of_tables

TRACK = 4096
SECONDS = 300


@dataclass(frozen=True)
class Written:
    """Sets of tracks by volume and base interval; `sizes` in bytes, `measured` is False in a gap."""

    measured: list[bool]
    tables: dict[str, list[frozenset[int]]]
    sizes: dict[str, int | None]

    @property
    def n(self):
        return len(self.measured)

    def grid(self):
        return Grid(0, SECONDS, np.array(self.measured))

    def history(self, volume):
        tables = [(k, BitTable.of(tracks)) for k, tracks in enumerate(self.tables[volume])]
        return history_of_tables(self.grid(), volume, self.sizes[volume], TRACK, tables)

    def histories(self):
        return [self.history(volume) for volume in sorted(self.tables)]

    def union(self, start, end):
        return {
            (volume, track)
            for volume, tables in self.tables.items()
            for table in tables[start:end]
            for track in table
        }

    def bytes_of(self, tracks):
        return sum(self.track_bytes(*track) for track in tracks)

    def track_bytes(self, volume, track):
        size = self.sizes[volume]
        return TRACK if size is None else min(TRACK, size - track * TRACK)

    def windows(self, length):
        """The first interval of every window that touches no gap."""
        starts = range(self.n - length + 1)
        return [start for start in starts if all(self.measured[start : start + length])]


def written(*, gaps=True, volumes=2, longest=9, tracks=12):
    """Some volumes of up to `tracks` tracks, of known or unknown size, some with a short last track."""
    table = st.frozensets(st.integers(0, tracks - 1)) | st.builds(
        lambda low, count: frozenset(range(low, min(low + count, tracks))),
        st.integers(0, tracks - 1),
        st.integers(1, tracks),
    )
    size = st.none() | st.integers((tracks - 1) * TRACK + 1, tracks * TRACK)
    names = [f"a/{number}" for number in range(volumes)]

    def of(n):
        return st.builds(
            Written,
            st.lists(st.booleans() if gaps else st.just(True), min_size=n, max_size=n),
            st.fixed_dictionaries({name: st.lists(table, min_size=n, max_size=n) for name in names}),
            st.fixed_dictionaries(dict.fromkeys(names, size)),
        )

    return st.integers(1, longest).flatmap(of)
