"""The narrow tables of the lake: definitions, summaries, gaps, and what they say of a day's intervals."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streams.errors import DefinitionError, LakeError, MissingData
from streams.model.entries import Gap, Summary, Totals
from streams.model.groups import Definition
from streams.model.intervals import US, Span, union
from streams.settings import Lake
from streams.store.definitions import GroupVersion, decoded_version
from streams.store.lake.files import LakeFile, table_files
from streams.store.lake.place import LakeSource
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, LakeTable
from streams.wire.tables import TableHead

__all__ = [
    "Heads",
    "has_older",
    "heads_of_day",
    "lake_gaps",
    "lake_groups",
    "lake_summaries",
    "require_captured",
    "require_measured",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD = (
    *("data_group", "interval_start", "interval_seconds", "revision", "definition_version", "is_gap"),
    *("partial", "slot_seconds", "written_bytes_by_slot", "discards", "late_writes"),
)

Row = dict[str, Any]


def lake_groups(lake: Lake) -> dict[str, list[GroupVersion]]:
    """Versions of all groups in order, those of deleted groups too: what was measured is still there."""
    names = ["data_group", "version", "deleted", "definition", "ingested_at", "source_offset"]
    newest: dict[tuple[str, int], tuple[Any, str]] = {}
    for row in _rows(lake, DEFINITIONS, names):
        if row["deleted"] or row["definition"] is None:
            continue
        key, order = (row["data_group"], row["version"]), (row["source_offset"] or 0, row["ingested_at"])
        if key not in newest or order > newest[key][0]:
            newest[key] = (order, row["definition"])
    found: dict[str, list[GroupVersion]] = {}
    for (name, _), (_, text) in sorted(newest.items()):
        found.setdefault(name, []).append(decoded_version(text.encode()))
    return found


def require_measured(defined: Definition, measured: Collection[str]) -> None:
    """Refuses a group of whose volumes some have no row: its figures would be of less than it has.

    Raises:
        MissingData: names the volumes.
    """
    if missing := sorted(set(defined.by_id) - set(measured)):
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise MissingData(
            f"group {defined.group}: nothing was measured of {', '.join(missing[:5])}{more} in the range; "
            "leave them out of the definition, or widen the range"
        )


def require_captured(defined: Definition, known: Mapping[str, Sequence[GroupVersion]]) -> None:
    """Refuses a group that was defined afterwards where less, or coarser, was captured than it asks for.

    Raises:
        DefinitionError: names the volume.
    """
    captured: dict[str, list[Span]] = {}
    tracks: dict[str, int] = {}
    for versions in known.values():
        for version in versions:
            size = version.definition.geometry.track_bytes
            for name, member in version.definition.by_id.items():
                whole = [(0, 1 << 63)]
                spans = whole if member.extents is None else [(at, at + n) for at, n in member.extents]
                captured.setdefault(name, []).extend(spans)
                tracks[name] = min(size, tracks.get(name, size))
    for name, member in defined.by_id.items():
        if name not in captured:
            raise DefinitionError(f"group {defined.group}: volume {name} is in no group that was measured")
        if tracks[name] > defined.geometry.track_bytes:
            raise DefinitionError(
                f"group {defined.group}: {name} was captured in tracks of {tracks[name]} B, coarser than the "
                f"{defined.geometry.track_bytes} B asked for; set track_bytes = {tracks[name]}"
            )
        spans = union(captured[name])
        wanted = [(0, 1 << 63)] if member.extents is None else [(at, at + n) for at, n in member.extents]
        for start, end in wanted:
            if not any(low <= start and end <= high for low, high in spans):
                raise DefinitionError(
                    f"group {defined.group}: of {name} only some extents were measured, and {start}+"
                    f"{end - start} is not all among them; ask for `linkgauge groups show` ones"
                )


def has_older(source: LakeSource, names: Collection[str] | None, from_us: int, before_us: int | None) -> bool:
    """Whether the lake has an interval of one of the groups, or of any, that starts in the range.

    Raises:
        LakeError: the tables cannot be read.
    """
    wanted = None if names is None else frozenset(names)
    first, last = _day(from_us), None if before_us is None else _day(before_us)
    for file in table_files(source.lake, SUMMARY):
        if file.day is None or file.day < first or (last is not None and file.day > last):
            continue
        for row in _rows(source.lake, SUMMARY, ["data_group", "interval_start"], [file], wanted):
            if _us(row) >= from_us and (before_us is None or _us(row) < before_us):
                return True
    return False


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
        row["interval_start"]: Gap(group, row["definition_version"], _us(row), _us(row, "interval_end"))
        for row in rows
    }
    return [gap for _, gap in sorted(gaps.items()) if from_us is None or gap.end_us > from_us]


@dataclass(frozen=True, slots=True)
class Heads:
    """What summaries say of intervals, by group, start in microseconds and length: revisions, newest last."""

    rows: Mapping[tuple[str, int], Mapping[int, Sequence[Row]]]

    @staticmethod
    def none() -> Heads:
        """Nothing is known: of a group that nobody measured as such."""
        return Heads({})

    def head(
        self, group: str, seconds: int, start_us: int, revision: int, part: int, parts: int
    ) -> TableHead:
        """The head of a part. Its slots are those of the base intervals in it, where all are known."""
        own = self._of(group, seconds, start_us, revision)
        slots, slot_seconds = self._slots(group, seconds, start_us, revision)
        return TableHead(
            group=group,
            definition_version=1 if own is None else own["definition_version"],
            rung_seconds=seconds,
            start_us=start_us,
            revision=revision,
            partial=own is None or bool(own["partial"]),
            part=part,
            parts=parts,
            slot_seconds=slot_seconds,
            discards=0 if own is None else own["discards"] or 0,
            late_writes=0 if own is None else own["late_writes"] or 0,
            agent_spans=(),
            slots=slots if part == 0 else None,
        )

    def _of(self, group: str, seconds: int, start_us: int, revision: int | None) -> Row | None:
        """The summary of this revision, else the newest one."""
        found = self.rows.get((group, start_us), {}).get(seconds, ())
        exact = [row for row in found if row["revision"] == revision]
        return exact[-1] if exact else (found[-1] if found else None)

    def _slots(
        self, group: str, seconds: int, start_us: int, revision: int
    ) -> tuple[tuple[int | None, ...] | None, int]:
        joined: list[int | None] = []
        slot_seconds, at = seconds, start_us
        while at < start_us + seconds * US:
            lengths = self.rows.get((group, at), {})
            if not lengths:
                return None, slot_seconds
            length = min(lengths)
            row = self._of(group, length, at, revision if length == seconds else None)
            if row is None or row["written_bytes_by_slot"] is None or not row["slot_seconds"]:
                return None, seconds if row is None else row["slot_seconds"] or seconds
            slot_seconds = row["slot_seconds"]
            joined += row["written_bytes_by_slot"]
            at += length * US
        fits = len(joined) * slot_seconds == seconds
        return (tuple(joined), slot_seconds) if fits else (None, slot_seconds)


def heads_of_day(lake: Lake, files: Sequence[LakeFile], day: date, groups: Sequence[str]) -> Heads:
    """What the summaries of a day say of the intervals of the groups."""
    wanted = frozenset(groups)
    found: dict[tuple[str, int], dict[int, list[Row]]] = {}
    for row in _rows(lake, SUMMARY, list(_HEAD), [each for each in files if each.day == day], wanted):
        if not row["is_gap"]:
            place = found.setdefault((row["data_group"], _us(row)), {})
            place.setdefault(row["interval_seconds"], []).append(row)
    for lengths in found.values():
        for rows in lengths.values():
            rows.sort(key=lambda row: row["revision"])
    return Heads(found)


def _of_group(lake: Lake, group: str, from_us: int | None, to_us: int | None) -> list[Row]:
    files = [
        file
        for file in table_files(lake, SUMMARY)
        if file.day is not None
        and (from_us is None or file.day >= _day(from_us))
        and (to_us is None or file.day <= _day(to_us - 1))
    ]
    names = [name for name in SUMMARY.schema.names if name not in ("day", "source_topic")]
    rows = _rows(lake, SUMMARY, names, files, frozenset([group]))
    found = [
        row
        for row in rows
        if (from_us is None or _us(row) >= from_us) and (to_us is None or _us(row) < to_us)
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
        start_us=_us(row),
        written_bytes_by_slot=None if slots is None else tuple(slots),
        watermark_us=None if row["watermark"] is None else _us(row, "watermark"),
        totals=Totals() if totals is None else Totals(**{k: v for k, v in totals.items() if v is not None}),
    )


def _rows(
    lake: Lake,
    table: LakeTable,
    names: Sequence[str],
    files: Sequence[LakeFile] | None = None,
    groups: frozenset[str] | None = None,
) -> list[Row]:
    """Rows with these columns, of some files and groups; a column that is newer than a file is null."""
    found: list[Row] = []
    for file in table_files(lake, table) if files is None else files:
        try:
            with file.open() as opened:
                parquet = pq.ParquetFile(opened)
                there = [name for name in names if name in parquet.schema_arrow.names]
                rows = parquet.read(columns=there)
        except FileNotFoundError:  # compaction has put others in its place
            days = {each.day for each in files or ()}
            return _rows(
                lake,
                table,
                names,
                [each for each in table_files(lake, table) if files is None or each.day in days],
                groups,
            )
        except (pa.ArrowInvalid, OSError) as error:
            raise LakeError(f"{lake.table_uri(table.name)}: {file.path} cannot be read: {error}") from error
        if groups is not None:
            rows = rows.filter(pc.is_in(rows.column("data_group"), pa.array(sorted(groups))))
        found += [{**dict.fromkeys(names), **row} for row in rows.to_pylist()]
    return found


def _us(row: Row, name: str = "interval_start") -> int:
    moment: datetime = row[name]
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _day(time_us: int) -> date:
    return datetime.fromtimestamp(time_us / US, UTC).date()
