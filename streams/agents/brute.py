"""Counting writes straight from their extents: the second opinion on everything that the pipeline counts.

The pipeline keeps sets of tracks; nothing here does. Extents are sorted by volume, interval and first track,
and the length of their union is summed in one sweep: what each extent adds is what lies beyond the furthest
end before it. Work and memory depend on the number of writes, never on how many tracks one of them spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.errors import DefinitionError
from streams.model.writes import WriteBatch

__all__ = ["Row", "measure"]

_MICROSECONDS = 1_000_000

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Row:
    """What one volume saw in the interval `[start_us, end_us)`."""

    volume: str
    start_us: int
    end_us: int
    changed_tracks: int
    changed_bytes: int
    writes: int
    written_bytes: int


def measure(
    writes: WriteBatch,
    track_bytes: int,
    interval_seconds: int,
    volume_bytes: Mapping[str, int] | None = None,
) -> list[Row]:
    """Distinct tracks, writes and bytes per volume and UTC-aligned interval.

    Discards do not count. A write of length zero counts as a write and touches no track. Intervals without
    a write have no row.

    Args:
        writes: in any order of time.
        track_bytes: size of a track.
        interval_seconds: length of an interval.
        volume_bytes: sizes of volumes, by name; the last track of these may be short and counts the bytes
            that it has. Tracks of other volumes are whole.

    Returns:
        Rows ordered by start, then volume.

    Raises:
        DefinitionError: a write ends beyond the size that is given for its volume.
    """
    if writes.discard is not None:
        writes = writes.take(~writes.discard)
    if not len(writes):
        return []
    sizes = volume_bytes or {}
    _check_sizes(writes, sizes)
    first, end = _track_ranges(writes, track_bytes)
    interval = writes.time_us // (interval_seconds * _MICROSECONDS)
    rank = _ranks(writes.volumes)[writes.volume_codes]
    order = np.lexsort((first, rank, interval))
    interval, rank, first, end = interval[order], rank[order], first[order], end[order]
    starts = np.flatnonzero(
        np.concatenate(([True], (interval[1:] != interval[:-1]) | (rank[1:] != rank[:-1])))
    )
    counts = np.diff(starts, append=len(order))
    tracks = np.add.reduceat(_added(first, end, starts, counts), starts)
    furthest = np.maximum.reduceat(end, starts)
    written = _exact_sums(writes.length_bytes[order], starts)
    names = sorted(set(writes.volumes))
    rows = []
    for at, start in enumerate(starts.tolist()):
        volume = names[rank[start]]
        short_bytes = _short_bytes(sizes.get(volume), int(furthest[at]), track_bytes)
        start_us = int(interval[start]) * interval_seconds * _MICROSECONDS
        rows.append(
            Row(
                volume=volume,
                start_us=start_us,
                end_us=start_us + interval_seconds * _MICROSECONDS,
                changed_tracks=int(tracks[at]),
                changed_bytes=int(tracks[at]) * track_bytes - short_bytes,
                writes=int(counts[at]),
                written_bytes=written[at],
            )
        )
    return rows


def _check_sizes(writes: WriteBatch, sizes: Mapping[str, int]) -> None:
    limits = np.array([sizes.get(name, (1 << 64) - 1) for name in writes.volumes], np.uint64)
    beyond = np.flatnonzero(writes.offset_bytes + writes.length_bytes > limits[writes.volume_codes])
    if len(beyond):
        name = writes.volumes[writes.volume_codes[beyond[0]]]
        end = int(writes.offset_bytes[beyond[0]]) + int(writes.length_bytes[beyond[0]])
        raise DefinitionError(f"{name}: a write ends at byte {end}, beyond the size of {sizes[name]} bytes")


def _track_ranges(writes: WriteBatch, track_bytes: int) -> tuple[Integers, Integers]:
    """First track of each write and the one after its last; equal for a write of length zero."""
    size = np.uint64(track_bytes)
    first = writes.offset_bytes // size
    end = (writes.offset_bytes + writes.length_bytes + (size - np.uint64(1))) // size
    end = np.where(writes.length_bytes > 0, end, first)
    return first.astype(np.int64), end.astype(np.int64)


def _ranks(volumes: tuple[str, ...]) -> Integers:
    """Place of each volume code in the order of names; a name that stands twice has one place."""
    names = {name: place for place, name in enumerate(sorted(set(volumes)))}
    return np.array([names[name] for name in volumes], np.int64)


def _added(first: Integers, end: Integers, starts: Integers, counts: Integers) -> Integers:
    """How many tracks each range adds to those before it, within each run of `counts` ranges from `starts`.

    The furthest end so far comes from one running maximum over all runs: ends are replaced by their place
    among all ends, and each run is lifted above the one before.
    """
    ends, place = np.unique(end, return_inverse=True)
    lift = np.repeat(np.arange(len(starts), dtype=np.int64) * len(ends), counts)
    furthest = ends[np.maximum.accumulate(place + lift) - lift]
    before = np.concatenate(([0], furthest[:-1]))
    before[starts] = 0
    return np.maximum(end - np.maximum(first, before), 0)


def _exact_sums(lengths: NDArray[np.uint64], starts: Integers) -> list[int]:
    """Sums over runs; halves of 32 bits are summed apart, for a sum of lengths may pass 2^64."""
    low = np.add.reduceat(lengths & np.uint64(0xFFFFFFFF), starts)
    high = np.add.reduceat(lengths >> np.uint64(32), starts)
    return [(upper << 32) + lower for upper, lower in zip(high.tolist(), low.tolist(), strict=True)]


def _short_bytes(size: int | None, furthest_end: int, track_bytes: int) -> int:
    """What the last track of a volume lacks to a whole one, if it was touched."""
    if size is None or furthest_end * track_bytes <= size:
        return 0
    return furthest_end * track_bytes - size
