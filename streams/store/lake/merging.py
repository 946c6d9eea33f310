"""Rows of one volume that become part of the same interval: one row for each chunk, by OR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from pyroaring import BitMap

from streams.model.bittable import PART_TRACKS
from streams.model.counts import sum_by_group
from streams.model.intervals import US, Span, clip, union
from streams.store.lake.chosen import Numbers

__all__ = ["Rows", "bytes_of", "merged"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of the lake by column, as `TableColumns` has them; their SUM; and whose they are: see `Chosen`."""

    volume: Numbers
    volume_bytes: Numbers
    track_bytes: Numbers
    first_track: Numbers
    data: memoryview
    edges: Numbers
    writes: Numbers
    written_bytes: Numbers
    tracks_sum: Numbers
    bytes_sum: Numbers
    span_row: Numbers
    span_start: Numbers
    span_end: Numbers
    own_start_us: Numbers
    own_seconds: Numbers
    source: Numbers

    def covered_us(self) -> Numbers:
        """How long each is vouched for."""
        return sum_by_group(self.span_row, self.span_end - self.span_start, len(self.volume))

    def slice(self, low: int, high: int) -> Rows:
        """The rows in `[low, high)`."""
        first, last = np.searchsorted(self.span_row, [low, high]).tolist()
        columns = {name: getattr(self, name)[low:high] for name in _BY_ROW}
        return Rows(
            **columns,
            data=self.data[int(self.edges[low]) : int(self.edges[high])],
            edges=self.edges[low : high + 1] - self.edges[low],
            span_row=self.span_row[first:last] - low,
            span_start=self.span_start[first:last],
            span_end=self.span_end[first:last],
        )


_BY_ROW = (
    *("volume", "volume_bytes", "track_bytes", "first_track", "writes", "written_bytes"),
    *("tracks_sum", "bytes_sum"),
    *("own_start_us", "own_seconds", "source"),
)


def merged(rows: Rows, start_us: int, seconds: int, *, as_captured: bool = True) -> Rows:
    """The rows of one interval, ordered by volume and first track, each chunk of a volume once.

    What was counted apart adds up. What may have been counted twice, by two groups or before and after late
    writes, is unknown: -1; and SUM counts its tracks once, as it does where it is not `as_captured`.
    """
    same = rows.volume[1:] == rows.volume[:-1]
    differs = np.zeros(len(same), np.bool_)
    for column in (rows.own_start_us, rows.own_seconds, rows.source):
        differs |= column[1:] != column[:-1]
    if not (same & differs).any():
        return rows
    window = (start_us, start_us + seconds * US)
    edges = np.flatnonzero(np.concatenate([[True], ~same, [True]])).tolist()
    made = [
        row
        for low, high in pairwise(edges)
        for row in _volume(rows, low, high, window, as_captured=as_captured)
    ]
    data = [row[4] for row in made]
    spans = [(at, span) for at, row in enumerate(made) for span in row[-1]]
    count = len(made)
    return replace(
        rows,
        volume=np.array([row[0] for row in made], np.int64),
        volume_bytes=np.array([row[1] for row in made], np.int64),
        track_bytes=np.array([row[2] for row in made], np.int64),
        first_track=np.array([row[3] for row in made], np.int64),
        data=memoryview(b"".join(data)),
        edges=np.cumsum([0, *map(len, data)]),
        writes=np.array([row[5] for row in made], np.int64),
        written_bytes=np.array([row[6] for row in made], np.int64),
        tracks_sum=np.array([row[7] for row in made], np.int64),
        bytes_sum=np.array([row[8] for row in made], np.int64),
        span_row=np.array([at for at, _ in spans], np.int64),
        span_start=np.array([start for _, (start, _) in spans], np.int64),
        span_end=np.array([end for _, (_, end) in spans], np.int64),
        own_start_us=np.full(count, start_us),
        own_seconds=np.full(count, seconds),
        source=np.zeros(count, np.int64),
    )


_Row = tuple[int, int, int, int, bytes, int, int, int, int, list[Span]]


def bytes_of(bits: BitMap, first: int, track_bytes: int, volume_bytes: int) -> int:
    """What these tracks of a chunk hold; the last of the volume, where its size is known, may be short."""
    short = -volume_bytes % track_bytes if volume_bytes > 0 else 0
    place = (volume_bytes - 1) // track_bytes - first
    return len(bits) * track_bytes - (short if short and 0 <= place < PART_TRACKS and place in bits else 0)


def _volume(rows: Rows, low: int, high: int, window: Span, *, as_captured: bool) -> Iterator[_Row]:
    bits: dict[int, BitMap] = {}
    for at in range(low, high):
        more = BitMap.deserialize(bytes(rows.data[int(rows.edges[at]) : int(rows.edges[at + 1])]))
        first = int(rows.first_track[at])
        bits[first] = bits[first] | more if first in bits else more
    writes, written, *sums = _counts(rows, low, high)
    inside = (rows.span_row >= low) & (rows.span_row < high)
    spans = clip(
        union(zip(rows.span_start[inside].tolist(), rows.span_end[inside].tolist(), strict=True)), window
    )
    newest = low + int(np.argmax(rows.own_start_us[low:high]))  # knows the volume's size best
    for number, first in enumerate(sorted(first for first in bits if bits[first]) or [0]):
        counts = (writes, written) if not number else (min(writes, 0), min(written, 0))
        sizes = int(rows.volume[newest]), int(rows.volume_bytes[newest]), int(rows.track_bytes[newest])
        own = bits.get(first, BitMap())
        if not as_captured or sums[0] < 0:
            found = len(own), bytes_of(own, first, sizes[2], sizes[1])
        else:
            found = (0, 0) if number else (sums[0], sums[1])
        yield (*sizes, first, own.serialize(), *counts, *found, spans if not number else [])


def _counts(rows: Rows, low: int, high: int) -> list[int]:
    """Writes, their bytes, and SUM in tracks and bytes; what several groups measured alike counts once."""
    found: dict[tuple[int, int, int], list[tuple[int, bytes, *tuple[int, ...]]]] = {}
    columns = rows.writes, rows.written_bytes, rows.tracks_sum, rows.bytes_sum
    for at in range(low, high):
        own = int(rows.own_start_us[at]), int(rows.own_seconds[at]), int(rows.source[at])
        data = bytes(rows.data[int(rows.edges[at]) : int(rows.edges[at + 1])])
        counts = (int(column[at]) for column in columns)
        found.setdefault(own, []).append((int(rows.first_track[at]), data, *counts))
    distinct = sorted({(start, seconds, tuple(same)) for (start, seconds, _), same in found.items()})
    if any(start + seconds * US > after for (start, seconds, _), (after, _, _) in pairwise(distinct)):
        return [-1] * len(columns)
    each = np.array([row[2:] for _, _, same in distinct for row in same], np.int64)
    return [_sum(column) for column in each.T]


def _sum(counts: Numbers) -> int:
    return -1 if (counts < 0).any() else int(counts.sum())
