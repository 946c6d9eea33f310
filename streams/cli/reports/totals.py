"""Reports of SUM and OR alone: what the lake adds up while it is read, whatever the range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.cli.reports.gathered import Choice, Gathered, asked_intervals, gather, laid_out
from streams.cli.reports.sets import sets_of
from streams.model.sizing.rollups import VolumeChanges
from streams.store import LakeSource, Only, Place, lake_unions

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
    only = Only(choice.volumes, choice.extents, asked_intervals(choice))
    found = lake_unions(place, names, (choice.from_us, choice.to_us), progress, only)
    gathered = laid_out({name: each.stored for name, each in found.items()}, names, choice, place, {})
    return gathered, Totals([_Group(found[name].track_bytes, found[name].volumes) for name in names])
