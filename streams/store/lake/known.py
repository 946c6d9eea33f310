"""The narrow tables of the lake: definitions, summaries and gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from streams.errors import MissingData
from streams.model.entries import Gap, Summary, Totals
from streams.settings import Lake
from streams.store.definitions import GroupVersion, decoded_version
from streams.store.lake.files import table_files
from streams.store.lake.place import LakeSource
from streams.store.lake.rows import Row, day_of, rows_of, us_of
from streams.wire.lake_tables import DEFINITIONS, SUMMARY

__all__ = ["has_older", "lake_gaps", "lake_groups", "lake_summaries"]


def lake_groups(lake: Lake) -> dict[str, list[GroupVersion]]:
    """Versions of all groups in order, those of deleted groups too: what was measured is still there."""
    names = ["data_group", "version", "deleted", "definition", "ingested_at", "source_offset"]
    newest: dict[tuple[str, int], tuple[Any, str]] = {}
    for row in rows_of(lake, DEFINITIONS, names, table_files(lake, DEFINITIONS)):
        if row["deleted"] or row["definition"] is None:
            continue
        key, order = (row["data_group"], row["version"]), (row["source_offset"] or 0, row["ingested_at"])
        if key not in newest or order > newest[key][0]:
            newest[key] = (order, row["definition"])
    found: dict[str, list[GroupVersion]] = {}
    for (name, _), (_, text) in sorted(newest.items()):
        found.setdefault(name, []).append(decoded_version(text.encode()))
    return found


def has_older(source: LakeSource, names: Collection[str] | None, from_us: int, before_us: int | None) -> bool:
    """Whether the lake has an interval of one of the groups, or of any, that starts in the range.

    Raises:
        LakeError: the tables cannot be read.
    """
    wanted = None if names is None else frozenset(names)
    first, last = day_of(from_us), None if before_us is None else day_of(before_us)
    files = [
        file
        for file in table_files(source.lake, SUMMARY)
        if file.day is not None and first <= file.day and (last is None or file.day <= last)
    ]
    starts = map(us_of, rows_of(source.lake, SUMMARY, ["data_group", "interval_start"], files, wanted))
    return any(from_us <= start and (before_us is None or start < before_us) for start in starts)


def lake_summaries(
    lake: Lake, group: str, from_us: int | None, to_us: int | None, rung_seconds: int | None
) -> list[Summary]:
    """As `streams.store.read_summaries`."""
    rows = _newest(row for row in _of_group(lake, group, from_us, to_us) if not row["is_gap"])
    return [
        _summary(row)
        for row in sorted(rows, key=lambda row: (row["interval_start"], row["interval_seconds"]))
        if rung_seconds in (None, row["interval_seconds"])
    ]


def lake_gaps(lake: Lake, group: str, from_us: int | None, to_us: int | None) -> list[Gap]:
    """As `streams.store.read_gaps`."""
    rows = [row for row in _of_group(lake, group, None, to_us) if row["is_gap"]]
    gaps = {
        row["interval_start"]: Gap(group, row["definition_version"], us_of(row), us_of(row, "interval_end"))
        for row in rows
    }
    return [gap for _, gap in sorted(gaps.items()) if from_us is None or gap.end_us > from_us]


def _of_group(lake: Lake, group: str, from_us: int | None, to_us: int | None) -> list[Row]:
    files = [
        file
        for file in table_files(lake, SUMMARY)
        if file.day is not None
        and (from_us is None or file.day >= day_of(from_us))
        and (to_us is None or file.day <= day_of(to_us - 1))
    ]
    names = [name for name in SUMMARY.schema.names if name not in ("day", "source_topic")]
    rows = rows_of(lake, SUMMARY, names, files, frozenset([group]))
    found = [
        row
        for row in rows
        if (from_us is None or us_of(row) >= from_us) and (to_us is None or us_of(row) < to_us)
    ]
    if not found and group not in lake_groups(lake):
        raise MissingData(f"group {group!r} is not known in the lake at {lake.path}")
    return found


def _newest(rows: Iterator[Row]) -> list[Row]:
    newest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["interval_start"], row["interval_seconds"])
        if key not in newest or row["revision"] >= newest[key]["revision"]:
            newest[key] = row
    return list(newest.values())


def _summary(row: Row) -> Summary:
    slots, totals = row["written_bytes_by_slot"], row["totals"]
    same = {
        name: row[name]
        for name in Summary.__dataclass_fields__
        if name in row and name not in ("written_bytes_by_slot", "totals")
    }
    return Summary(
        **same,
        group=row["data_group"],
        rung_seconds=row["interval_seconds"],
        start_us=us_of(row),
        written_bytes_by_slot=None if slots is None else tuple(slots),
        watermark_us=None if row["watermark"] is None else us_of(row, "watermark"),
        totals=Totals() if totals is None else Totals(**{k: v for k, v in totals.items() if v is not None}),
    )
