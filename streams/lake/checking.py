"""Whether what the lake holds can be true: bitmaps and counts, chunks, copies, intervals without tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from streams.lake.damage import moment_text, row_place
from streams.lake.formats.table import Table
from streams.store.lake.bitmaps import track_count

__all__ = ["Finding", "check"]

_COLUMNS: Final = (
    "array",
    "volume",
    "interval_start",
    "interval_seconds",
    "revision",
    "data_groups",
    "chunk",
    "chunks",
    "tracks",
    "changed_tracks",
    "quarantine_reason",
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it must be: `kind` names it, `place` the row or interval, `detail` what is wrong.

    `is_wrong` where figures may suffer; copies do not harm them, and the next compaction removes them.
    """

    kind: str
    place: str
    detail: str
    is_wrong: bool = True


def check(tracks: Table, summary: Table, on_folder: Callable[[int, int], None]) -> Iterator[Finding]:
    """Reads all days of both tables, one after the other, and gives what is wrong.

    Raises:
        LakeError: a file is missing or cannot be read.
    """
    there, known = tracks.snapshot(), summary.snapshot()
    by_day: dict[Any, list[Any]] = {}
    for folder in there.folders():
        by_day.setdefault(folder.day, []).append(folder)
    days = {folder.day: folder for folder in known.folders()}
    everything = sorted({*by_day, *days}, key=str)
    for number, day in enumerate(everything):
        rows = [row for folder in by_day.get(day, ()) for row in there.read(folder, _COLUMNS).to_pylist()]
        yield from _of_rows(rows)
        columns = (
            "data_group",
            "interval_start",
            "interval_seconds",
            "revision",
            "is_gap",
            "changed_tracks_or",
            "volumes",
        )
        if day in days:
            yield from _of_day(known.read(days[day], columns).to_pylist(), rows)
        on_folder(number + 1, len(everything))


def _of_rows(rows: list[Row]) -> Iterator[Finding]:
    copies: Counter[tuple[Any, ...]] = Counter()
    chunks: dict[tuple[Any, ...], set[int]] = {}
    for row in rows:
        place = row_place(row)
        for group in row["data_groups"]:
            copies[group, place, row["revision"], row["chunk"]] += 1
            chunks.setdefault((group, place, row["revision"], row["chunks"]), set()).add(row["chunk"])
        if row["quarantine_reason"] is not None:
            yield Finding("quarantined", place, row["quarantine_reason"])
        elif (detail := _unlike(row)) is not None:
            yield Finding("bitmap", place, detail)
    for (group, place, revision, chunk), count in copies.items():
        if count > 1:
            yield Finding(
                "copies", place, f"group {group}, revision {revision}, chunk {chunk}: {count} rows", False
            )
    for (group, place, revision, wanted), found in chunks.items():
        if len(found) != wanted:
            yield Finding("chunks", place, f"group {group}, revision {revision}: {len(found)} of {wanted}")


def _of_day(summaries: list[Row], rows: list[Row]) -> Iterator[Finding]:
    """Base intervals of which a summary tells and whose tables say something else or are not there."""
    changed: dict[tuple[Any, ...], int] = {}
    lengths: dict[str, set[tuple[datetime, int]]] = {}
    for row in rows:
        for group in row["data_groups"]:
            key = (group, row["interval_seconds"], row["interval_start"], row["revision"])
            changed[key] = changed.get(key, 0) + (row["changed_tracks"] or 0)
            lengths.setdefault(group, set()).add((row["interval_start"], row["interval_seconds"]))
    shortest: dict[str, int] = {}
    for row in summaries:
        if not row["is_gap"]:
            group = row["data_group"]
            shortest[group] = min(shortest.get(group, row["interval_seconds"]), row["interval_seconds"])
    longer = {
        group: [each for each in found if each[1] > shortest.get(group, each[1])]
        for group, found in lengths.items()
    }
    quarantined = {
        (group, row["interval_start"])
        for row in rows
        if row["quarantine_reason"] is not None
        for group in row["data_groups"]
    }
    for row in summaries:
        group, seconds = row["data_group"], row["interval_seconds"]
        if row["is_gap"] or seconds != shortest[group] or (group, row["interval_start"]) in quarantined:
            continue
        place = (
            f"group {group}, {moment_text(row['interval_start'])}, {seconds} s, revision {row['revision']}"
        )
        found = changed.get((group, seconds, row["interval_start"], row["revision"]))
        if _is_inside(row, longer.get(group, ())):
            continue
        if found is None:
            yield Finding("no tables", place, f"its summary tells of {row['volumes']} volumes")
        elif found != row["changed_tracks_or"]:
            yield Finding("summary", place, f"{row['changed_tracks_or']} tracks in it, {found} in the tables")


def _is_inside(row: Row, intervals: Iterable[tuple[datetime, int]]) -> bool:
    """Whether one of the longer intervals holds the row's, which then has tables there."""
    at = row["interval_start"]
    return any(start <= at < start + timedelta(seconds=seconds) for start, seconds in intervals)


def _unlike(row: Row) -> str | None:
    try:
        found = track_count(row["tracks"] or b"")
    except ValueError as error:
        return f"no portable Roaring bitmap: {error}"
    return (
        None
        if found == row["changed_tracks"]
        else f"{found} tracks in it, {row['changed_tracks']} in its row"
    )
