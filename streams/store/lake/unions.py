"""SUM and OR of the volumes of a range, added up while the days of the lake pass.

Of each volume its union is kept, and numbers; so memory grows with the tracks that were written and not with
the range, and a day is forgotten before the next one is read. What needs the order in which tracks were
written again, such as fold curves and cycles, needs the tables themselves: `lake_parts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.rollups import VolumeChanges
from streams.store.lake.asking import asks_of, days_of
from streams.store.lake.checked import checked_rows
from streams.store.lake.choosing import chosen_rows
from streams.store.lake.chosen import Chosen, Numbers, heads_of
from streams.store.lake.files import table_files
from streams.store.lake.joining import for_sums
from streams.store.lake.opening import opened
from streams.store.lake.parts import batches, pieces
from streams.store.lake.place import LakeSource
from streams.store.lake.requiring import require_measured
from streams.store.lake.rowgroups import RowGroup, row_groups
from streams.store.lake.uniting import Extents, GroupUnion, Placed
from streams.store.stored import StoredRange
from streams.wire.lake_tables import TRACKS

__all__ = ["Only", "UnitedRange", "lake_unions"]

_AT_ONCE_BYTES: Final = 8 << 20

Asked = Callable[[Numbers, Numbers], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitedRange:
    """One group over a range: its intervals without tables or slots, and what changed in its volumes."""

    stored: StoredRange
    volumes: Sequence[VolumeChanges]
    track_bytes: int


@dataclass(frozen=True, slots=True)
class Only:
    """What of the groups is asked for; None asks for all.

    `volumes` by name; `extents` of each volume, `(offset_bytes, length_bytes)`; and `asked` says of
    intervals, by start and seconds, which of them.
    """

    volumes: frozenset[str] | None = None
    extents: Extents | None = None
    asked: Asked | None = None

    @property
    def names(self) -> frozenset[str] | None:
        """The volumes that are read."""
        return self.volumes if self.extents is None else frozenset(self.extents)


def lake_unions(
    source: LakeSource,
    groups: Sequence[str],
    times: tuple[int | None, int | None],
    progress: Any,
    only: Only = Only(),
) -> dict[str, UnitedRange]:
    """What changed in the intervals of the groups that start in the range, in their newest revision.

    The intervals are those of the range, asked for or not; what is not asked for is not covered.
    SUM is that of the intervals that were captured, also where they have become hours or days; what was cut
    or had to be joined counts in its longer intervals.

    Args:
        source: the lake.
        groups: their names.
        times: start of the range, and its end, exclusive, in microseconds; None is unbounded.
        progress: called with a stage, how many days are done, and how many there are.
        only: what of them.

    Raises:
        MissingData: there is no such group, or one defined afterwards has a volume never measured.
        LakeError: the tables cannot be read.
        ValueError: the track size of a volume changes in the range.
    """
    files = table_files(source.lake, TRACKS)
    days = days_of(files, *times)
    asks = list(asks_of(source, groups, times, only.names))
    found: dict[str, GroupUnion] = {}
    for number, ask in enumerate(asks):
        for done, day in enumerate(days, number * len(days)):
            progress("reading", done, len(days) * len(asks))
            with ExitStack() as stack:
                open_files = opened(source.lake, TRACKS, files, day, stack)
                parts = [part for file in open_files for part in row_groups(file, ask, source.seen)]
                chosen = chosen_rows(parts, ask)
                if not len(chosen):
                    continue
                _note_intervals(found, chosen)
                if only.asked is not None:
                    chosen = chosen.some(only.asked(chosen.start_us, chosen.seconds))
                for placed in _placed(source, parts, chosen):
                    found[placed.group].take(placed, only.extents)
    progress("reading", 1, 1)
    if source.defined is not None and found:
        require_measured(source.defined, found[source.defined.group].measured)
    return {name: _range(name, group, only) for name, group in found.items()}


def _range(name: str, group: GroupUnion, only: Only) -> UnitedRange:
    intervals = group.intervals(of_all=only.names is not None)
    return UnitedRange(StoredRange(name, tuple(intervals)), group.changes(), group.track_bytes)


def _note_intervals(found: dict[str, GroupUnion], chosen: Chosen) -> None:
    """Which volumes there are, and how many each interval has."""
    order = np.lexsort((chosen.volume, chosen.seconds, chosen.start_us, chosen.group))
    for group, volume in np.unique(np.stack([chosen.group, chosen.volume]), axis=1).T.tolist():
        found.setdefault(chosen.groups[group], GroupUnion()).measured.add(chosen.names[volume])
    columns = [each[order] for each in (chosen.group, chosen.start_us, chosen.seconds, chosen.volume)]
    single = heads_of(*columns)
    interval = [each[single] for each in columns[:3]]
    heads = np.flatnonzero(heads_of(*interval))
    counts = np.diff(heads, append=len(interval[0]))
    rows = zip(*(each[heads].tolist() for each in interval), counts.tolist(), strict=True)
    for group, start_us, seconds, count in rows:
        known = found[chosen.groups[group]].counts
        known[start_us, seconds] = known.get((start_us, seconds), 0) + count


def _placed(source: LakeSource, parts: Sequence[RowGroup], chosen: Chosen) -> Iterator[Placed]:
    """The rows of a day by group, some MB at a time; those that do not add up are first made one."""
    if not len(chosen):
        return
    joined = for_sums(chosen)
    if joined.any():
        for piece in pieces(source, parts, chosen.some(joined)):
            start_us, seconds = (np.full(len(piece.rows.volume), n) for n in (piece.start_us, piece.seconds))
            yield Placed(piece.group, piece.names, start_us, seconds, piece.rows)
        chosen = chosen.some(~joined)
    chosen = chosen.some(np.lexsort((chosen.first_track, chosen.volume, chosen.group)))
    batch = batches(parts, chosen, _AT_ONCE_BYTES)
    for number in np.unique(batch).tolist():
        some = chosen.some(np.flatnonzero(batch == number))
        rows = checked_rows(source, parts, some)
        heads = np.flatnonzero(heads_of(some.group)).tolist()
        for low, high in pairwise([*heads, len(some)]):
            times = some.start_us[low:high], some.seconds[low:high]
            yield Placed(some.groups[int(some.group[low])], some.names, *times, rows.slice(low, high))
