"""Bitmap replication replayed: how long a resynchronisation takes while writing goes on.

The state is a set: `S' = (S without what was sent) | b`, step by step over the base intervals, b being the
bit table of each (requirements, 5.8; design, section 7). Sending follows the addresses, volumes laid end to
end. When within an interval its tracks were written, and how often, a bit table does not tell, so there are
two replays, of the orders that help the link most and least; when it really ends lies between them:

- earliest: the writes of an interval come before what is sent in it, so that they fold with what waits; it is
  over as soon as what waits at the start of an interval can be sent in it;
- latest: they come behind it, and every write beyond the first of its track makes a track dirty again that
  had just been sent, which costs the link as much; it is over only when the interval's own writes are sent.

Without a count of writes the latest takes each changed track as written once an interval. Where a link cannot
keep up with rewriting, the dirty set does not grow without end, for a track that waits costs nothing when it
is written again: it settles (`evenly_settled_tracks`).

The usual figure `D / (B - r)` stands beside them: it knows neither that, nor that a track which was sent does
cost again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, inf

import numpy as np
from numpy.typing import NDArray

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.dirtyset import DirtySet
from streams.model.sizing.exact import Number, exact
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.tracks import track_count

__all__ = ["CatchUp", "Replay", "catch_up", "evenly_settled_tracks", "initial_copy"]

Tracks = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """One of the two replays. Short last tracks of volumes count as whole ones.

    `dirty_bytes[0]` was to be sent when the link came up, `dirty_bytes[k]` after k base intervals.
    `caught_up_seconds` is when nothing was dirty for the first time, None where the range ended before.
    `exposure_seconds` is the age of the last consistent copy by then: the outage and the time since.
    """

    dirty_bytes: Places
    sent_bytes: int
    caught_up_seconds: float | None
    exposure_seconds: float

    @property
    def stays_dirty_bytes(self) -> float:
        """What stays dirty when it does not end: the mean over the second half of the replay; else 0."""
        if self.caught_up_seconds is not None:
            return 0.0
        return float(self.dirty_bytes[len(self.dirty_bytes) // 2 :].mean())


@dataclass(frozen=True, slots=True, eq=False)
class CatchUp:
    """A resynchronisation: not before the earliest, and no later than the latest replay.

    `settles_at_bytes` is where the dirty set would settle if all writes behind the outage came at random and
    evenly, an estimate; None where the latest replay ends. `naive_seconds` is `D / (B - r)` with the mean
    change of the intervals from there to the end of the range, inf where that is no less than the link ships.
    `gaps` of the intervals replayed were not measured: where there are some, all figures are lower bounds.
    `counts_writes` where the writes of the intervals were known.
    """

    earliest: Replay
    latest: Replay
    settles_at_bytes: float | None
    naive_seconds: float
    gaps: int
    counts_writes: bool

    @property
    def dirty_bytes(self) -> int:
        """To be sent when the link came up."""
        return int(self.latest.dirty_bytes[0])


def catch_up(
    histories: Sequence[History],
    outage: tuple[int, int],
    payload_bits_per_second: Number,
    track_writes: Sequence[int] | None = None,
) -> CatchUp:
    """The resynchronisation after an outage, from the tables of what shares the link.

    Args:
        histories: the volumes, of one grid and track size, in the order in which they are sent.
        outage: the base intervals `start..end` (exclusive) in which nothing was sent.
        payload_bits_per_second: what the link ships from then on, before compression and deduplication.
        track_writes: for every base interval of the grid how often a track of any volume was written.

    Raises:
        ValueError: there is no volume, track sizes differ, the rate is not more than zero, or the outage is
            not within the range.
    """
    layout = _Layout(histories)
    start, end = outage
    if not 0 <= start <= end <= len(layout.grid):
        raise ValueError(f"outage {start} to {end}: choose base intervals from 0 to {len(layout.grid)}")
    return _caught_up(layout, layout.written(start, end), outage, payload_bits_per_second, track_writes)


def initial_copy(
    histories: Sequence[History],
    start: int,
    payload_bits_per_second: Number,
    track_writes: Sequence[int] | None = None,
) -> CatchUp:
    """The first copy of whole volumes, begun at base interval `start`, until it has caught up.

    Raises:
        ValueError: as for `catch_up`, or the size of a volume is unknown.
    """
    layout = _Layout(histories)
    if not 0 <= start <= len(layout.grid):
        raise ValueError(f"start {start}: choose a base interval from 0 to {len(layout.grid)}")
    return _caught_up(layout, layout.whole(), (start, start), payload_bits_per_second, track_writes)


def evenly_settled_tracks(tracks: Number, changed_per_second: Number, sent_per_second: Number) -> Fraction:
    """Where the dirty set settles if tracks are rewritten at random and evenly: `N (1 - sent / changed)`.

    A rewrite of a track that waits costs nothing, so that the set grows by `changed (1 - S / N) - sent` a
    second, which is 0 there. An estimate: the replay knows which tracks are rewritten.

    Raises:
        ValueError: the rate of changes is not more than zero.
    """
    if changed_per_second <= 0:
        raise ValueError(f"changed_per_second {changed_per_second}: it must be more than zero")
    return exact(tracks) * max(1 - exact(sent_per_second) / exact(changed_per_second), Fraction(0))


class _Layout:
    """Volumes laid end to end in one space of track addresses, and what was written to it."""

    def __init__(self, histories: Sequence[History]) -> None:
        if not histories:
            raise ValueError("histories: there is no volume; choose a group or range that has some")
        self.grid: Grid = histories[0].grid
        self.track_bytes = histories[0].track_bytes
        sizes = {history.track_bytes for history in histories}
        if len(sizes) > 1:
            raise ValueError(
                f"track_bytes: the volumes have {sorted(sizes)}; bring them to one common multiple first"
            )
        self._histories = histories
        self._bases = np.cumsum([0, *map(_address_space, histories)]).astype(np.uint64)

    def written(self, start: int, end: int) -> tuple[Tracks, Tracks]:
        """The runs of the intervals `start..end` (exclusive), in any order."""
        first, last, _ = self._rows(start, end)
        return first, last

    def by_interval(self, start: int) -> Iterator[tuple[Tracks, Tracks]]:
        """The runs of every interval from `start` on."""
        first, last, interval = self._rows(start, len(self.grid))
        order = np.argsort(interval, kind="stable")
        first, last = first[order], last[order]
        edges = np.searchsorted(interval[order], np.arange(start, len(self.grid) + 1))
        for low, high in pairwise(edges.tolist()):
            yield first[low:high], last[low:high]

    def changed(self, start: int) -> Places:
        """How many tracks changed in every interval from `start` on."""
        first, last, interval = self._rows(start, len(self.grid))
        tracks: Places = np.bincount(
            interval - start, weights=(last - first).astype(np.float64) + 1, minlength=len(self.grid) - start
        ).astype(np.int64)
        return tracks

    def whole(self) -> tuple[Tracks, Tracks]:
        """All tracks of all volumes."""
        for history in self._histories:
            if history.volume_bytes is None:
                raise ValueError(
                    f"volume_bytes of {history.volume} is unknown; give it in the definition of the group"
                )
        first, end = self._bases[:-1], self._bases[1:]
        filled = first < end
        return first[filled], end[filled] - np.uint64(1)

    def _rows(self, start: int, end: int) -> tuple[Tracks, Tracks, Places]:
        """First and last track and interval of the runs of some intervals, volume by volume."""
        first, last, interval = [], [], []
        for history, base in zip(self._histories, self._bases, strict=False):
            some = slice(*np.searchsorted(history.interval, [start, end]).tolist())
            first.append(history.first[some] + base)
            last.append(history.last[some] + base)
            interval.append(history.interval[some])
        return np.concatenate(first), np.concatenate(last), np.concatenate(interval)


def _address_space(history: History) -> int:
    """The tracks of a volume, or as many as are known of."""
    seen = int(history.last.max()) + 1 if len(history.last) else 0
    if history.volume_bytes is None:
        return seen
    return max(track_count(history.volume_bytes, history.track_bytes), seen)


def _caught_up(
    layout: _Layout,
    waiting: tuple[Tracks, Tracks],
    outage: tuple[int, int],
    rate: Number,
    track_writes: Sequence[int] | None,
) -> CatchUp:
    per_second = exact(rate) / (BITS_PER_BYTE * layout.track_bytes)
    if per_second <= 0:
        raise ValueError(f"payload_bits_per_second {rate}: it must be more than zero")
    grid, start = layout.grid, outage[1]
    changed = layout.changed(start)
    writes = (
        changed if track_writes is None else np.maximum(changed, np.array(track_writes[start:], np.int64))
    )
    replays = [
        _replay(layout, waiting, outage, per_second, extra) for extra in (None, (writes - changed).tolist())
    ]
    earliest, latest = replays
    steps = max(len(replay.dirty_bytes) - 1 for replay in replays)
    seconds = (len(grid) - start) * grid.interval_seconds
    settles = None
    if latest.caught_up_seconds is None and writes.sum():
        known = len(_dirty(waiting, layout.written(start, len(grid))))
        settled = evenly_settled_tracks(known, Fraction(int(writes.sum()), seconds), per_second)
        settles = float(settled * layout.track_bytes)
    dirty = int(latest.dirty_bytes[0]) // layout.track_bytes
    return CatchUp(
        earliest=earliest,
        latest=latest,
        settles_at_bytes=settles,
        naive_seconds=_naive(dirty, int(changed.sum()), seconds, per_second),
        gaps=int(np.count_nonzero(~grid.measured[outage[0] : start + steps])),
        counts_writes=track_writes is not None,
    )


def _replay(
    layout: _Layout,
    waiting: tuple[Tracks, Tracks],
    outage: tuple[int, int],
    per_second: Fraction,
    rewrites: Sequence[int] | None,
) -> Replay:
    """Sends while the intervals behind the outage are written, until nothing is dirty or the range ends.

    Earliest without `rewrites`, else the latest with so many of them in each interval. The link is busy from
    the start to the end, so that the fraction of a track that is under way never gets lost.
    """
    grid, dirty, step_seconds = layout.grid, _dirty(waiting), layout.grid.interval_seconds
    series, budget = [len(dirty)], 0
    finished = None if dirty else Fraction(0)
    for number, (first, last) in enumerate(layout.by_interval(outage[1])):
        if finished is not None:
            break
        before, budget = budget, floor(per_second * (number + 1) * step_seconds)
        written = int((last - first).sum()) + len(first)
        again = 0 if rewrites is None else written + rewrites[number]
        if before + len(dirty) + again <= per_second * (number + 1) * step_seconds:
            finished = (before + len(dirty) + again) / per_second
        if rewrites is None:
            dirty.add(first, last)
            dirty.send(budget - before)
        else:
            dirty.send(max(budget - before - rewrites[number], 0))
            dirty.add(first, last)
        series.append(len(dirty))
    replayed = (len(series) - 1) * step_seconds if finished is None else finished
    sent = budget if finished is None else ceil(finished * per_second)
    return Replay(
        dirty_bytes=np.array(series, np.int64) * layout.track_bytes,
        sent_bytes=sent * layout.track_bytes,
        caught_up_seconds=None if finished is None else float(finished),
        exposure_seconds=float((outage[1] - outage[0]) * grid.interval_seconds + replayed),
    )


def _dirty(*runs: tuple[Tracks, Tracks]) -> DirtySet:
    dirty = DirtySet()
    for first, last in runs:
        dirty.add(first, last)
    return dirty


def _naive(dirty: int, changed: int, seconds: int, sent_per_second: Fraction) -> float:
    left = sent_per_second - (Fraction(changed, seconds) if seconds else 0)
    if not dirty:
        return 0.0
    return float(dirty / left) if left > 0 else inf
