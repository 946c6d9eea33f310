"""Measured results as values: entries of volumes, closed intervals, and their summaries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from streams.model.bittable import BitTable
from streams.model.counts import MAX_COUNT, sum_known
from streams.model.intervals import US, Spans, total_us

__all__ = ["Entry", "Gap", "Interval", "Summary", "Totals", "summarise"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one volume's writes touched in one interval.

    `writes` and `written_bytes` are None where the source could not count them. `covered` lists the spans
    that agents vouch for. `changed_tracks` were written at least once, `changed_bytes` are the bytes of these
    tracks. They are counted as the entry is made, so its table must not grow any more.
    """

    volume: str
    volume_bytes: int | None
    track_bytes: int
    tracks: BitTable
    writes: int | None
    written_bytes: int | None
    covered: Spans
    changed_tracks: int = field(init=False)
    changed_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Counts the tracks and their bytes."""
        object.__setattr__(self, "changed_tracks", len(self.tracks))
        changed_bytes = self.tracks.changed_bytes(self.track_bytes, self.volume_bytes)
        object.__setattr__(self, "changed_bytes", changed_bytes)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters of a group since it began; they never step back.

    `changed_tracks` and `changed_bytes` add up base intervals (SUM). `dead_letters` counts dead-letter
    messages, `refused_writes` the writes in them; `uncollected_writes` came while collection was off or
    lay outside the group's extents.
    """

    intervals_closed: int = 0
    changed_tracks: int = 0
    changed_bytes: int = 0
    writes: int = 0
    written_bytes: int = 0
    discards: int = 0
    late_writes: int = 0
    duplicate_messages: int = 0
    lost_writes: int = 0
    dead_letters: int = 0
    refused_writes: int = 0
    uncollected_writes: int = 0

    def plus(self, **counts: int) -> Totals:
        """These totals with the given counters raised."""
        return replace(
            self,
            **{name: min(getattr(self, name, 0) + count, MAX_COUNT) for name, count in counts.items()},
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of a group: one row for every volume, an idle one with an empty table.

    Base intervals carry `agent_spans` (what each `array/agent` vouches for), which a later revision needs.
    `written_bytes_by_slot` holds None for a slot whose bytes nobody counted, and is None as a whole where
    folded tracks came without counts.
    """

    group: str
    definition_version: int
    rung_seconds: int
    start_us: int
    revision: int
    partial: bool
    entries: tuple[Entry, ...]
    slot_seconds: int
    written_bytes_by_slot: tuple[int | None, ...] | None
    discards: int
    late_writes: int
    agent_spans: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()

    @property
    def end_us(self) -> int:
        """End of the half-open interval."""
        return self.start_us + self.rung_seconds * US


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of one group over one interval. SUM and OR are equal on a base interval."""

    group: str
    definition_version: int
    rung_seconds: int
    start_us: int
    revision: int
    partial: bool
    coverage: float
    volumes: int
    track_bytes: int
    changed_tracks_or: int
    changed_tracks_sum: int
    changed_bytes_or: int
    changed_bytes_sum: int
    writes: int | None
    written_bytes: int | None
    slot_seconds: int
    written_bytes_by_slot: tuple[int | None, ...] | None
    discards: int
    late_writes: int
    watermark_us: int | None
    totals: Totals

    @property
    def end_us(self) -> int:
        """End of the half-open interval."""
        return self.start_us + self.rung_seconds * US


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of base intervals that no message fed, longer than the group shows one by one."""

    group: str
    definition_version: int
    start_us: int
    end_us: int


def coverage(entries: tuple[Entry, ...], length_us: int) -> float:
    """Share of the interval's volume-seconds that agents vouch for: the mean over the volumes."""
    if not entries:
        return 0.0
    return sum(total_us(entry.covered) for entry in entries) / (length_us * len(entries))


def summarise(
    interval: Interval,
    totals: Totals,
    watermark_us: int | None,
    sums: tuple[int, int] | None = None,
) -> Summary:
    """The summary of an interval; `sums` are SUM of tracks and bytes where it is a rung."""
    tracks = min(sum(entry.changed_tracks for entry in interval.entries), MAX_COUNT)
    size = min(sum(entry.changed_bytes for entry in interval.entries), MAX_COUNT)
    tracks_sum, bytes_sum = sums or (tracks, size)
    return Summary(
        group=interval.group,
        definition_version=interval.definition_version,
        rung_seconds=interval.rung_seconds,
        start_us=interval.start_us,
        revision=interval.revision,
        partial=interval.partial,
        coverage=coverage(interval.entries, interval.rung_seconds * US),
        volumes=len(interval.entries),
        track_bytes=interval.entries[0].track_bytes,
        changed_tracks_or=tracks,
        changed_tracks_sum=tracks_sum,
        changed_bytes_or=size,
        changed_bytes_sum=bytes_sum,
        writes=sum_known(entry.writes for entry in interval.entries),
        written_bytes=sum_known(entry.written_bytes for entry in interval.entries),
        slot_seconds=interval.slot_seconds,
        written_bytes_by_slot=interval.written_bytes_by_slot,
        discards=interval.discards,
        late_writes=interval.late_writes,
        watermark_us=watermark_us,
        totals=totals,
    )
