"""What a report rests on: the groups' stored intervals over one range, and which of its time was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from streams.cli.reports.choice import Choice
from streams.cli.reports.grouprange import GroupRange, coverage_ratio, group_range
from streams.cli.reports.whole import cut_us, require_uncut
from streams.errors import MissingData
from streams.model.intervals import US, Span, Spans
from streams.model.sizing.cautions import require_coverage
from streams.model.sizing.extents import inside_extents
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History
from streams.model.sizing.loops import Loops, compiled_loops
from streams.model.sizing.regrid import on_grid
from streams.model.sizing.series import Series
from streams.model.sizing.shared import summed
from streams.store import LakeSource, Place, StoredRange, StoredVolume, read_stored, read_summaries
from streams.store import groups as known_groups
from streams.wire.times import format_time

__all__ = ["Gathered", "Stretches", "gather", "laid_out"]

Progress = Callable[[str, int, int], None]
_MOST_SLOTS = 1 << 26
"""Two years of slots of a second; a GiB for their bytes and coverage."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The groups of a report over one window. The grid has the intervals that all of them have measured.

    `captured_seconds` are the lengths that intervals of a group in the lake were captured in.
    """

    window: Span
    spans: Spans
    groups: Sequence[GroupRange]
    grid: Grid
    choice: Choice
    source: Place
    captured_seconds: Mapping[str, Collection[int]] = field(default_factory=dict)

    @property
    def unreadable(self) -> str | None:
        """What to know of rows that could not be read, None where all could."""
        return self.source.seen.remark if isinstance(self.source, LakeSource) else None

    def cut_us(self, group: GroupRange) -> int:
        """What of the asked time lies in intervals of the group that reach beyond it, and is left out."""
        return cut_us(self.spans, group.time.slot_seconds)

    @property
    def coverage(self) -> float:
        """Of the group that was measured least."""
        return min(group.time.coverage_ratio for group in self.groups)

    @property
    def written(self) -> Series | None:
        """What all groups wrote together by slot; None where one was not counted, or is asked for in part."""
        parts = [group.written for group in self.groups if group.written is not None]
        return summed(parts).within(self.spans) if len(parts) == len(self.groups) else None

    @property
    def is_large(self) -> bool:
        """Whether there is so much that several processes are worth their start."""
        return any(group.stored.is_large for group in self.groups)

    @property
    def loops(self) -> Loops | None:
        """Compiled loops to go through the tables with, where there is so much that they are worth theirs."""
        return compiled_loops() if any(group.stored.is_long for group in self.groups) else None

    def track_sizes(self) -> set[int]:
        """The tracks that the volumes have."""
        return set().union(*(group.stored.track_sizes() for group in self.groups))

    def volumes(self, group: GroupRange, span: Span | None = None) -> Iterator[tuple[StoredVolume, History]]:
        """The asked volumes of a group with their histories on its own grid, one at a time.

        What was written to a part of a volume was not counted apart: its counts are unknown.

        Args:
            group: one of the groups.
            span: only what was written there.
        """
        stored = group.stored if span is None else group.stored.within([span])
        for volume in stored.volumes():
            history, is_whole = self._asked(volume.volume, volume.history(group.grid, self.loops))
            yield volume if is_whole else replace(volume, writes=None, written_bytes=None), history

    def passing(
        self, group: GroupRange, numbers: Collection[int] | None = None
    ) -> Iterator[tuple[StoredVolume, Stretches]]:
        """These volumes of the stored range, or all, in stretches of time where that can be."""
        for volume in group.stored.volumes(numbers):
            by_time = volume.goes_by_time(group.grid, self.loops)
            if by_time:
                found = volume.stretches(group.grid, self.grid.interval_seconds, self.loops)
            else:
                found = iter([volume.history(group.grid, self.loops)])
            yield volume, Stretches(by_time, (self._asked(volume.volume, each) for each in found))

    def _asked(self, volume: str, history: History) -> tuple[History, bool]:
        """What of a history is asked for, and whether that is all of it."""
        if self.choice.extents is None:
            return history, True
        inside = inside_extents(history, self.choice.extents[volume])
        return inside, bool((inside.run_tracks().sum() == history.run_tracks().sum()).all())

    def on_common_grid(self, history: History) -> History:
        """A history of one of the groups on the grid of all."""
        return on_grid(history, self.grid)


class Stretches(NamedTuple):
    """A volume's history on its group's grid as it passes, each piece with whether all of it is asked for.

    `by_time`: it comes in stretches of time; else whole.
    """

    by_time: bool
    histories: Iterator[tuple[History, bool]]


def gather(source: Place, names: Sequence[str], choice: Choice, progress: Progress) -> Gathered:
    """Reads the groups over one range: what was asked for, else all that any of them has.

    Raises:
        MissingData: a group has nothing in the range, or less was measured than is asked for.
    """
    wanted = choice.volumes if choice.extents is None else choice.extents.keys()
    stored: dict[str, Span] = {}
    found = read_stored(
        source, names, choice.from_us, choice.to_us, wanted=wanted, progress=progress, stored=stored
    )
    return laid_out(found, names, choice, source, stored)


def laid_out(
    found: Mapping[str, StoredRange],
    names: Sequence[str],
    choice: Choice,
    source: Place,
    stored: dict[str, Span],
) -> Gathered:
    """The ranges that were read, over one window; `stored` has what is there of groups outside of the range.

    Raises:
        MissingData: as in `gather`.
    """
    for name in names:
        if name not in found:
            there = _known(source, name, stored, choice)
            raise MissingData(f"group {name}: nothing was measured {choice.range_text}; {there}")
    ranges = [found[name] for name in names]
    window = _window(ranges, choice)
    _require_room(ranges, window)
    spans = choice.calendar.spans(window)
    if not spans:
        raise MissingData(
            f"the calendar ({choice.calendar.text}) asks for none of the time from {format_time(window[0])} "
            f"to {format_time(window[1])}: choose more with --hours and --weekdays, or a longer range with "
            "--from and --to"
        )
    require_uncut(ranges, spans, choice.calendar)
    require_coverage(min(coverage_ratio(stored, spans) for stored in ranges), choice.least_coverage)
    has_all = choice.volumes is None and choice.extents is None
    groups = [group_range(stored, window, spans, has_all=has_all) for stored in ranges]
    common = _common_grid(groups)
    gathered = Gathered(window, spans, groups, common, choice, source, _captured_seconds(source))
    if not any(group.stored.intervals for group in groups):
        raise MissingData(
            f"no whole base interval was measured {choice.range_text} ({choice.calendar.text}): choose "
            "more with --hours and --weekdays, or a longer range with --from and --to"
        )
    return gathered


def _captured_seconds(source: Place) -> dict[str, set[int]]:
    if not isinstance(source, LakeSource):
        return {}
    return {
        name: {version.definition.geometry.interval_seconds for version in versions}
        for name, versions in known_groups(source).items()
    }


def _window(ranges: Sequence[StoredRange], choice: Choice) -> Span:
    """The intervals that start in the range, of the length that all groups' intervals divide."""
    step_us = math.lcm(*(stored.interval_seconds for stored in ranges)) * US
    start_us = min(stored.intervals[0].start_us for stored in ranges) // step_us * step_us
    end_us = max(stored.intervals[-1].end_us for stored in ranges)
    if choice.from_us is not None:
        start_us = -(-choice.from_us // step_us) * step_us
    end_us = -(-(end_us if choice.to_us is None else choice.to_us) // step_us) * step_us
    if end_us <= start_us:
        raise MissingData(
            f"no interval of {step_us // US} s starts {choice.range_text}: choose --from and --to further "
            "apart"
        )
    return start_us, end_us


def _require_room(ranges: Sequence[StoredRange], window: Span) -> None:
    """Refuses a window that is too long to lay out slot by slot, far beyond what was measured as a rule."""
    for stored in ranges:
        seconds = min(each.slot_seconds for each in stored.intervals)
        slots = (window[1] - window[0]) // (seconds * US)
        if slots > _MOST_SLOTS:
            start, end = stored.intervals[0].start_us, stored.intervals[-1].end_us
            raise MissingData(
                f"group {stored.group}: the range has {slots} slots of {seconds} s, and a report lays out "
                f"{_MOST_SLOTS} at most; the group was measured from {format_time(start)} to "
                f"{format_time(end)}: choose --from and --to closer together"
            )


def _common_grid(groups: Sequence[GroupRange]) -> Grid:
    seconds = math.lcm(*(group.time.slot_seconds for group in groups))
    measured = []
    for group in groups:
        judged = group.grid.measured.reshape(-1, seconds // group.time.slot_seconds)
        measured.append(judged.all(axis=1))
    return Grid(groups[0].time.start_us, seconds, np.logical_and.reduce(measured))


def _known(source: Place, group: str, stored: Mapping[str, Span], choice: Choice) -> str:
    """What there is of a group, and what to do where a range has none of it."""
    span = stored.get(group)
    if span is None and (found := read_summaries(source, group)):
        span = found[0].start_us, max(each.start_us + each.rung_seconds * US for each in found)
    if span is None:
        return "nor before or after: `linkgauge doctor` says whether agents and workers are there"
    start, end = map(format_time, span)
    asked_from, asked_to = choice.from_us or span[0], choice.to_us or span[1]
    if span[0] < asked_to and asked_from < span[1]:
        return (
            f"no base interval starts in it, while what is stored goes from {start} to {end}: choose --from "
            "and --to further apart"
        )
    return f"what is stored goes from {start} to {end}: choose --from and --to in there"
