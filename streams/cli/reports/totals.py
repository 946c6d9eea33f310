"""Reports of SUM and OR alone: what the lake adds up while it is read, whatever the range."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from streams.cli.reports.choice import Choice
from streams.cli.reports.gathered import Gathered, gather, laid_out
from streams.cli.reports.sets import sets_of
from streams.cli.reports.whole import asked_intervals
from streams.model.sizing.rollups import VolumeChanges
from streams.store import LakeSource, Only, Place, UnitedRange, lake_unions

__all__ = ["Totals", "totals_of"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Group:
    track_bytes: int
    volumes: Sequence[VolumeChanges]


@dataclass(frozen=True, slots=True)
class Totals:
    """What changed in the volumes of each group over the range, without the order in which it did."""

    groups: Sequence[_Group]

    @property
    def volumes(self) -> list[VolumeChanges]:
        """Of all groups, by name."""
        return sorted((each for group in self.groups for each in group.volumes), key=lambda v: v.volume)


def totals_of(
    place: Place, names: Sequence[str], choice: Choice, progress: Progress
) -> tuple[Gathered, Totals]:
    """The range as a report lays it out, and the totals of its volumes.

    Raises:
        MissingData: a group has nothing in the range, or less was measured than is asked for.
        ValueError: the track size of a volume changes in the range.
    """
    if not isinstance(place, LakeSource):
        gathered = gather(place, names, choice, progress)
        counted = sets_of(gathered, progress)
        return gathered, Totals([_Group(group.track_bytes, group.volumes) for group in counted.groups])
    times = choice.from_us, choice.to_us
    only = Only(choice.volumes, choice.extents, asked_intervals(choice.calendar))
    found = lake_unions(place, names, times, progress, only)
    for name in _uneven(found, choice):
        asked = asked_intervals(choice.calendar, found[name].stored.interval_seconds)
        found |= lake_unions(place, [name], times, progress, replace(only, asked=asked))
    gathered = laid_out({name: each.stored for name, each in found.items()}, names, choice, place, {})
    return gathered, Totals([_Group(found[name].track_bytes, found[name].volumes) for name in names])


def _uneven(found: Mapping[str, UnitedRange], choice: Choice) -> list[str]:
    """The groups of whose intervals the hours hold some, but not the longer ones that a report tells them on.

    So it is where old tables have become hours, and newer ones have not.
    """
    if choice.calendar.hours is None:
        return []
    uneven = []
    for name, each in found.items():
        starts, seconds = (
            np.array([getattr(interval, column) for interval in each.stored.intervals], np.int64)
            for column in ("start_us", "seconds")
        )
        own, whole = (asked_intervals(choice.calendar, n) for n in (1, each.stored.interval_seconds))
        if own is not None and whole is not None and (own(starts, seconds) & ~whole(starts, seconds)).any():
            uneven.append(name)
    return uneven
