"""What a group changed over a range of base intervals: SUM and OR side by side, with coverage and gaps.

SUM adds what each interval changed: the traffic of a replicator that ships every interval. OR counts what is
in the union: the resynchronisation after the whole range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.entries import Entry, Interval, coverage
from streams.model.intervals import US, Span

__all__ = ["RangeFigures", "fold_ratio", "measure_range"]


@dataclass(frozen=True, slots=True)
class RangeFigures:
    """Figures of one group over `[start_us, end_us)`.

    `intervals` closed base intervals were measured; what was not is listed in `gaps`. `coverage` is the
    share of the range's volume-seconds that agents vouch for, where a gap counts nothing. `writes` and
    `written_bytes` are None where a source could not count them.
    """

    start_us: int
    end_us: int
    interval_seconds: int
    track_bytes: int
    intervals: int
    gaps: tuple[Span, ...]
    coverage: float
    volumes: int
    changed_tracks_sum: int
    changed_tracks_or: int
    changed_bytes_sum: int
    changed_bytes_or: int
    writes: int | None
    written_bytes: int | None


def fold_ratio(changed_bytes_sum: int, changed_bytes_or: int) -> float | None:
    """SUM over OR: how much traffic a longer interval saves. None where nothing changed."""
    return changed_bytes_sum / changed_bytes_or if changed_bytes_or else None


def measure_range(intervals: Iterable[Interval], window: Span | None = None) -> RangeFigures | None:
    """The figures of one group's base intervals, in the order of their starts, each at one revision.

    `window` is the range that was asked for; without it the range is what the intervals span. None where
    there is no interval at all.
    """
    union = _Union()
    rows: list[_Row] = []
    for interval in intervals:  # one at a time: a long range need not fit into memory
        union.add(interval.entries)
        rows.append(_row(interval))
    if not rows:
        return None
    start_us, end_us = window or (rows[0].start_us, rows[-1].end_us)
    return RangeFigures(
        start_us=start_us,
        end_us=end_us,
        interval_seconds=(rows[0].end_us - rows[0].start_us) // US,
        track_bytes=rows[-1].track_bytes,
        intervals=len(rows),
        gaps=tuple(_gaps(rows, start_us, end_us)),
        coverage=sum(row.vouched_us for row in rows) / (end_us - start_us),
        volumes=len(union.tables),
        changed_tracks_sum=sum(row.changed_tracks for row in rows),
        changed_tracks_or=sum(len(table) for table in union.tables.values()),
        changed_bytes_sum=sum(row.changed_bytes for row in rows),
        changed_bytes_or=union.changed_bytes(),
        writes=sum_known(row.writes for row in rows),
        written_bytes=sum_known(row.written_bytes for row in rows),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """What is left of an interval once its tables are in the union; `vouched_us` is coverage times length."""

    start_us: int
    end_us: int
    track_bytes: int
    vouched_us: float
    changed_tracks: int
    changed_bytes: int
    writes: int | None
    written_bytes: int | None


def _row(interval: Interval) -> _Row:
    entries, length_us = interval.entries, interval.end_us - interval.start_us
    return _Row(
        start_us=interval.start_us,
        end_us=interval.end_us,
        track_bytes=entries[0].track_bytes,
        vouched_us=coverage(entries, length_us) * length_us,
        changed_tracks=sum(entry.changed_tracks for entry in entries),
        changed_bytes=sum(entry.changed_bytes for entry in entries),
        writes=sum_known(entry.writes for entry in entries),
        written_bytes=sum_known(entry.written_bytes for entry in entries),
    )


class _Union:
    """The OR of each volume's tables, with the volume's newest known size."""

    def __init__(self) -> None:
        self.tables: dict[str, BitTable] = {}
        self._newest: dict[str, Entry] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.tables.setdefault(entry.volume, BitTable()).update(entry.tracks)
            self._newest[entry.volume] = entry

    def changed_bytes(self) -> int:
        newest = self._newest
        return sum(
            table.changed_bytes(newest[volume].track_bytes, newest[volume].volume_bytes)
            for volume, table in self.tables.items()
        )


def _gaps(rows: list[_Row], start_us: int, end_us: int) -> Iterator[Span]:
    """What of `[start_us, end_us)` no row covers."""
    measured_until = start_us
    for row in rows:
        if measured_until < row.start_us:
            yield measured_until, row.start_us
        measured_until = row.end_us
    if measured_until < end_us:
        yield measured_until, end_us
