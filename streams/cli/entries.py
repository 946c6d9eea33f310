"""`linkgauge entries`: what was measured, a row for each volume or group and interval."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Literal

import typer

from streams.cli.measure import MEASURED_COLUMNS
from streams.cli.output import Cell, CsvFlag, JsonFlag, layout_of, print_rows, say, working
from streams.cli.places import DefinitionOption, SourceOption, place_of, tell
from streams.cli.session import session_of
from streams.cli.usage import group_name, time_range
from streams.errors import MissingData
from streams.model.entries import Interval, Summary, Totals, summarise
from streams.model.intervals import US, total_us
from streams.store import Place, closed_rungs, groups, read_gaps, read_intervals, read_summaries
from streams.wire.times import format_time

__all__ = ["COLUMNS", "register"]

COLUMNS = (*MEASURED_COLUMNS, "coverage", "revision")

Level = Literal["volume", "group"]


def register(app: typer.Typer) -> None:
    """Adds `entries` to the command."""
    app.command()(entries)


def entries(  # noqa: PLR0913  # one parameter for each option
    ctx: typer.Context,
    group: Annotated[str, typer.Option(metavar="NAME", help="The data group.", callback=group_name)],
    *,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Intervals that start at this time or later.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Intervals that start before this time.")
    ] = None,
    level: Annotated[Level, typer.Option(help="A row for each volume, or one for the group.")] = "volume",
    rung: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=1, help="Longer intervals, as the OR of the base intervals."),
    ] = None,
    volume: Annotated[
        list[str] | None, typer.Option(metavar="ARRAY/VOLUME", help="Only this volume; may be repeated.")
    ] = None,
    kept: SourceOption = None,
    definition: DefinitionOption = None,
    zeros: Annotated[bool, typer.Option("--zeros", help="Also rows without writes.")] = False,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """Print what was measured: changed tracks and bytes, writes, coverage, ordered by start and volume."""
    layout = layout_of(csv=csv, json=json)
    from_us, to_us = time_range(from_, to)
    source = place_of(session_of(ctx), kept, [group], from_us, definition)
    if level == "group" and definition is not None:
        raise typer.BadParameter("--definition goes with --level volume: no summary was made of such a group")
    if level == "group" and volume:
        raise typer.BadParameter("--volume goes with --level volume")
    if wrong := [name for name in volume or () if not all(name.partition("/"))]:
        raise typer.BadParameter(f"--volume {wrong[0]!r}: name it ARRAY/VOLUME")
    with working(f"reading group {group}"):
        _require_volumes(source, group, volume or ())
        lengths = _lengths(source, group)
        rung_seconds = _length(group, lengths, rung)
        for gap in read_gaps(source, group, from_us, to_us):
            say(f"gap: nothing was heard from {format_time(gap.start_us)} to {format_time(gap.end_us)}")
        if level == "group":
            is_rung = rung_seconds not in lengths[:1]
            rows = _group_rows(_summaries(source, group, (from_us, to_us), rung_seconds, is_rung=is_rung))
        else:
            rows = _volume_rows(_intervals(source, group, (from_us, to_us), rung_seconds, volume))
        chosen = [row for row in rows if zeros or _has_writes(row)]
    tell(source)
    print_rows((level, *COLUMNS[1:]), chosen, layout)


def _require_volumes(source: Place, group: str, volumes: Collection[str]) -> None:
    """Refuses volumes that no definition of the group had; those of a deleted group nobody knows any more."""
    versions = groups(source, group).get(group) if volumes else None
    if not versions:
        return
    known = {name for version in versions for name in version.definition.by_id}
    if unknown := sorted(set(volumes) - known):
        raise MissingData(
            f"group {group} never had a volume {unknown[0]}: see `linkgauge groups show {group}`"
        )


def _length(group: str, lengths: Sequence[int], asked: int | None) -> int:
    """The length of the intervals to show: the base interval, or a rung of the group."""
    if asked not in (None, *lengths):
        known = ", ".join(map(str, lengths))
        raise MissingData(f"group {group} has no intervals of {asked} s; choose one of {known}")
    return lengths[0] if asked is None else asked


def _lengths(source: Place, group: str) -> list[int]:
    """Lengths of the group's intervals, the base interval first; of a deleted group those that are left.

    Raises:
        MissingData: there is no such group, and never was.
    """
    versions = groups(source, group).get(group)
    if versions:
        geometry = versions[-1].definition.geometry
        return [geometry.interval_seconds, *geometry.rungs_seconds]
    return sorted({summary.rung_seconds for summary in read_summaries(source, group)})


def _intervals(
    source: Place, group: str, times: tuple[int | None, int | None], seconds: int, volumes: list[str] | None
) -> list[Interval]:
    """Intervals of this length that start in the range; rungs only once they are closed.

    Where the lake has only longer ones, these.
    """
    length_us = seconds * US
    from_us, to_us = (None if time_us is None else -(-time_us // length_us) * length_us for time_us in times)
    intervals = read_intervals(source, group, from_us, to_us, volumes)
    has_short = any(each.rung_seconds < seconds for each in intervals)
    summaries = read_summaries(source, group, from_us, to_us, seconds) if has_short else []
    shown, waiting = closed_rungs(intervals, seconds, {summary.start_us for summary in summaries})
    if longer := [each for each in shown if each.rung_seconds > seconds]:
        say(
            f"intervals are longer than {seconds} s from {format_time(longer[0].start_us)} to "
            f"{format_time(longer[-1].end_us)}, as the lake has them"
        )
    if waiting:
        say(f"intervals from {format_time(waiting[0].start_us)} on do not fill {seconds} s, and are left out")
    return shown


def _summaries(
    source: Place, group: str, times: tuple[int | None, int | None], seconds: int, *, is_rung: bool
) -> list[Summary]:
    """Summaries of this length; of rungs that nobody published, as of a trace in the lake, made here."""
    found = read_summaries(source, group, *times, seconds)
    if found or not is_rung:
        return found
    return [summarise(each, Totals(), None) for each in _intervals(source, group, times, seconds, None)]


def _volume_rows(intervals: list[Interval]) -> Iterator[tuple[Cell, ...]]:
    for interval in intervals:
        length_us = interval.end_us - interval.start_us
        times = (format_time(interval.start_us), format_time(interval.end_us))
        for entry in sorted(interval.entries, key=lambda entry: entry.volume):
            counts = (entry.changed_tracks, entry.changed_bytes, entry.writes, entry.written_bytes)
            coverage = round(total_us(entry.covered) / length_us, 6)
            yield entry.volume, *times, *counts, coverage, interval.revision


def _group_rows(summaries: list[Summary]) -> Iterator[tuple[Cell, ...]]:
    for summary in summaries:
        times = (format_time(summary.start_us), format_time(summary.end_us))
        changed = (summary.changed_tracks_or, summary.changed_bytes_or)
        counts = (*changed, summary.writes, summary.written_bytes)
        yield summary.group, *times, *counts, round(summary.coverage, 6), summary.revision


def _has_writes(row: tuple[Cell, ...]) -> bool:
    """Whether anything was written; where nobody could count writes, the tracks tell."""
    changed_tracks, writes = row[COLUMNS.index("changed_tracks")], row[COLUMNS.index("writes")]
    return bool(writes) or bool(changed_tracks)
