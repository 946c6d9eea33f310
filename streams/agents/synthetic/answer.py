"""What a correct pipeline must report about a fleet, computed from its rules alone.

A volume's steps are numbered in order of time, so an interval, and any range of intervals, is a run of steps;
what a run touches is known in closed form. No write is generated here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from streams.agents.brute import Row
from streams.agents.synthetic.arrivals import Arrivals
from streams.agents.synthetic.walks import Walk

__all__ = ["Answer", "VolumeSteps"]


@dataclass(frozen=True, slots=True)
class VolumeSteps:
    """A volume's walk, and its place among the `volumes` of its array that take writes in turn."""

    walk: Walk
    place: int
    volumes: int

    def before(self, writes: int) -> int:
        """How many of the array's first writes went to this volume."""
        return (writes - self.place + self.volumes - 1) // self.volumes


@dataclass(frozen=True, slots=True)
class Answer:
    """The exact figures of a fleet.

    Intervals are UTC-aligned and numbered from 0, the one in which the first write comes. A range of them
    is a Python `range` with step 1; None is all. `volumes` narrows a figure to some `array/volume`; None is
    all. Figures of empty ranges are 0.
    """

    steps: Mapping[str, VolumeSteps]
    arrivals: Arrivals
    track_bytes: int
    write_bytes: int
    interval_us: int

    @property
    def first_us(self) -> int:
        """Start of interval 0."""
        return self.arrivals.start_us[0] // self.interval_us * self.interval_us

    @property
    def intervals(self) -> range:
        """All intervals that the fleet's time touches."""
        return range(-(-(self.arrivals.end_us - self.first_us) // self.interval_us))

    def row(self, volume: str, interval: int) -> Row:
        """What one `array/volume` must show for one interval; zeros where it was idle."""
        first, stop = self._run(volume, range(interval, interval + 1))
        tracks = self.steps[volume].walk.changed_tracks(first, stop)
        start_us = self.first_us + interval * self.interval_us
        return Row(
            volume=volume,
            start_us=start_us,
            end_us=start_us + self.interval_us,
            changed_tracks=tracks,
            changed_bytes=tracks * self.track_bytes,
            writes=stop - first,
            written_bytes=(stop - first) * self.write_bytes,
        )

    def rows(self, *, zeros: bool = False) -> list[Row]:
        """All rows by start and volume; those without writes only with `zeros`."""
        rows = (self.row(volume, interval) for interval in self.intervals for volume in sorted(self.steps))
        return [row for row in rows if zeros or row.writes]

    def changed_tracks_or(
        self, intervals: range | None = None, volumes: Collection[str] | None = None
    ) -> int:
        """Tracks touched at least once in the range."""
        return sum(
            self.steps[volume].walk.changed_tracks(*self._run(volume, self._range(intervals)))
            for volume in self._chosen(volumes)
        )

    def changed_tracks_sum(
        self, intervals: range | None = None, volumes: Collection[str] | None = None
    ) -> int:
        """The sum over the range of the tracks touched in each interval."""
        return sum(
            self.changed_tracks_or(range(interval, interval + 1), volumes)
            for interval in self._range(intervals)
        )

    def writes(self, intervals: range | None = None, volumes: Collection[str] | None = None) -> int:
        """Writes in the range."""
        runs = (self._run(volume, self._range(intervals)) for volume in self._chosen(volumes))
        return sum(stop - first for first, stop in runs)

    def written_bytes(self, intervals: range | None = None, volumes: Collection[str] | None = None) -> int:
        """Bytes written in the range."""
        return self.writes(intervals, volumes) * self.write_bytes

    def _run(self, volume: str, intervals: range) -> tuple[int, int]:
        """The volume's steps in a range of intervals."""
        if not intervals:
            return 0, 0
        steps = self.steps[volume]
        first_us = self.first_us + intervals.start * self.interval_us
        stop_us = self.first_us + intervals.stop * self.interval_us
        return (
            steps.before(self.arrivals.count_before(first_us)),
            steps.before(self.arrivals.count_before(stop_us)),
        )

    def _range(self, intervals: range | None) -> range:
        return self.intervals if intervals is None else intervals

    def _chosen(self, volumes: Collection[str] | None) -> Collection[str]:
        return self.steps if volumes is None else volumes
