"""What every report says of its inputs, its coverage and its gaps, and what to keep in mind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from streams import __version__
from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.document import Column, Figure, Section, Unit, facts, listing
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.intervalremarks import interval_remarks
from streams.cli.units import count_text, percent_text, seconds_text
from streams.model.intervals import US
from streams.model.sizing.formulas import FORMULAS
from streams.model.sizing.ranges import fold_ratio
from streams.model.sizing.rollups import Changes, VolumeChanges, total

__all__ = ["Changed", "about", "gap_section", "group_section", "remarks", "replay_remarks"]


class _ChangedGroup(Protocol):
    @property
    def track_bytes(self) -> int: ...

    @property
    def volumes(self) -> Sequence[VolumeChanges]: ...


class Changed(Protocol):
    """What changed in the volumes of each group of a report."""

    @property
    def groups(self) -> Sequence[_ChangedGroup]:
        """In the order of the report's groups."""

    @property
    def volumes(self) -> Sequence[VolumeChanges]:
        """Of all groups, by name."""


def about(kind: str, gathered: Gathered, sets: Changed, more: Iterable[Figure] = ()) -> Section:
    """The inputs of a report and what they rest on."""
    changes = total(sets.volumes)
    intervals = sum(int(group.time.judged.sum()) for group in gathered.groups)
    figures: list[Figure] = [
        ("report", "report", Unit.TEXT, kind),
        *more,
        ("source", "read from", Unit.TEXT, str(gathered.source)),
        ("start", "from", Unit.TIME, gathered.window[0]),
        ("end", "to", Unit.TIME, gathered.window[1]),
        ("calendar", "calendar", Unit.TEXT, gathered.choice.calendar.text),
        ("interval_seconds", "base interval", Unit.SECONDS, gathered.grid.interval_seconds),
        ("intervals", "intervals measured", Unit.COUNT, intervals),
        ("volumes", "volumes", Unit.COUNT, changes.volumes),
        ("track_bytes", "track", Unit.BYTES, max(group.track_bytes for group in sets.groups)),
        ("coverage", "coverage of the asked time", Unit.SHARE, gathered.coverage),
        ("writes", "writes", Unit.COUNT, changes.writes),
        ("written_bytes", "bytes written", Unit.BYTES, changes.written_bytes),
        ("fold_ratio", "fold factor SUM/OR", Unit.FACTOR, _fold(changes)),
        ("formulas", "version of the formulas", Unit.TEXT, f"{FORMULAS}, linkgauge {__version__}"),
    ]
    return facts("", "", figures)


def group_section(gathered: Gathered, sets: Changed) -> Section:
    """The groups of a report, each with its own coverage, SUM and OR."""
    columns = [
        Column("group", "group"),
        Column("volumes", "volumes", Unit.COUNT),
        Column("interval_seconds", "interval", Unit.SECONDS),
        Column("track_bytes", "track", Unit.BYTES),
        Column("coverage", "coverage", Unit.SHARE),
        Column("changed_bytes_sum", "SUM", Unit.BYTES),
        Column("changed_bytes_or", "OR", Unit.BYTES),
        Column("fold_ratio", "SUM/OR", Unit.FACTOR),
        Column("written_bytes", "written", Unit.BYTES),
    ]
    rows = []
    for group, changed in zip(gathered.groups, sets.groups, strict=True):
        whole = total(changed.volumes)
        rows.append(
            (
                group.name,
                whole.volumes,
                group.time.slot_seconds,
                changed.track_bytes,
                group.time.coverage_ratio,
                whole.changed_bytes_sum,
                whole.changed_bytes_or,
                _fold(whole),
                whole.written_bytes,
            )
        )
    return listing("groups", "Groups", columns, rows)


def gap_section(gathered: Gathered) -> Section:
    """What of the asked time nobody vouches for, or not for all volumes."""
    columns = [
        Column("group", "group"),
        Column("start", "from", Unit.TIME),
        Column("end", "to", Unit.TIME),
        Column("coverage", "measured of it", Unit.SHARE),
    ]
    rows = [(group.name, *gap) for group in gathered.groups for gap in group.gaps]
    return listing("gaps", "Gaps" if rows else "No gaps", columns, rows)


def remarks(gathered: Gathered, sets: Changed) -> Iterator[str]:
    """What to keep in mind when reading the figures."""
    yield "SUM adds up the intervals: what a replicator ships that ships every interval."
    yield "OR counts each track once: what a resynchronisation after the whole range ships."
    if not total(sets.volumes).changed_bytes_sum:
        yield "Nothing changed in this range: no bandwidth and no path is needed for it."
    yield from interval_remarks(gathered)
    if gathered.choice.calendar.hours is not None:
        yield "Other hours are left out: replays take them as idle, and windows do not reach into them."
    for group in gathered.groups:
        if cut := gathered.cut_us(group):
            yield (
                f"The hours cut intervals of group {group.name}, which are {group.time.slot_seconds} s long: "
                f"{seconds_text(cut / US)} of the asked time are left out. Choose hours that begin and end "
                "with intervals."
            )
    if gathered.unreadable is not None:
        yield gathered.unreadable
    if gathered.coverage < 1:
        gaps = [gap for group in gathered.groups for gap in group.gaps]
        seconds = sum(gap.missing_us for gap in gaps) / US
        yield (
            f"Coverage is below 100 % ({percent_text(gathered.coverage)}; {count_text(len(gaps), 'gap')}, "
            f"{seconds:.0f} s not measured in all): all figures are lower bounds."
        )


def replay_remarks(changes: BlockChanges) -> Iterator[str]:
    """How far replays of a resynchronisation see, where it is not to the end of the range."""
    if (end := changes.replay_end(0)) < len(changes.grid):
        yield (
            f"Replays hold {changes.most_runs:,} runs of written tracks at most: about "
            f"{seconds_text(end * changes.grid.interval_seconds)} of this range from where they begin; what "
            "does not end by then is told as not ending. Ask for fewer volumes to see further."
        )


def _fold(changes: Changes) -> float | None:
    return fold_ratio(changes.changed_bytes_sum, changes.changed_bytes_or)
