"""Parts of interval tables from the lake, day by day, in the form that the tables topic gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.errors import LakeError, MissingData
from streams.model.intervals import US
from streams.model.portableruns import Bitmaps, tracks_by_bitmap
from streams.store.definitions import GroupVersion
from streams.store.lake.choosing import Ask, Chosen, RowGroup, chosen_rows, row_groups
from streams.store.lake.files import LakeFile, table_files
from streams.store.lake.known import Heads, heads_of_day, lake_groups, require_measured
from streams.store.lake.merging import Rows, merged
from streams.store.lake.place import LakeSource
from streams.wire.lake_tables import SUMMARY, TRACKS
from streams.wire.table_columns import TableColumns
from streams.wire.tables import TableHead

__all__ = [
    "asked_of",
    "batches",
    "checked_rows",
    "day_parts",
    "days_of",
    "heads_of",
    "lake_parts",
    "needs_joining",
    "opened",
]

_AT_ONCE_BYTES: Final = 64 << 20
_ATTEMPTS: Final = 3
_NAMED: Final = 5
_WIDE: Final = (
    *("tracks", "changed_tracks", "volume_bytes", "writes", "written_bytes", "covered", "quarantine_reason"),
    *("changed_tracks_sum", "changed_bytes_sum"),
)
_EMPTY: Final = BitMap().serialize()

Numbers = NDArray[np.int64]


def lake_parts(
    source: LakeSource,
    groups: Sequence[str],
    from_us: int | None,
    to_us: int | None,
    progress: Any,
    volumes: frozenset[str] | None = None,
) -> Iterator[TableColumns]:
    """The parts of all intervals of the groups that start in the range, in their newest revision.

    Raises:
        MissingData: there is no such group, or one defined afterwards has a volume never measured.
        LakeError: the tables cannot be read.
    """
    ask = asked_of(source, groups, from_us, to_us, volumes)
    files, summaries = table_files(source.lake, TRACKS), table_files(source.lake, SUMMARY)
    days = days_of(files, from_us, to_us)
    measured: set[str] = set()
    for done, day in enumerate(days):
        progress("reading", done, len(days))
        with ExitStack() as stack:
            open_files = opened(source, files, day, stack)
            parts = [part for file in open_files for part in row_groups(file, ask, source.seen)]
            chosen = chosen_rows(parts, ask)
            measured.update(chosen.names[at] for at in np.unique(chosen.volume).tolist())
            if len(chosen):
                heads = Heads.none()
                if not ask.as_group:
                    heads = heads_of_day(source.lake, summaries, day, ask.groups)
                yield from day_parts(source, parts, chosen, heads)
    progress("reading", len(days), len(days))
    if source.defined is not None and measured:
        require_measured(source.defined, measured)


def asked_of(
    source: LakeSource,
    groups: Sequence[str],
    from_us: int | None,
    to_us: int | None,
    volumes: frozenset[str] | None,
    known: Mapping[str, Sequence[GroupVersion]] | None = None,
) -> Ask:
    """The question for the groups, or for the one that was defined afterwards; `known` saves another look.

    Raises:
        MissingData: there is no such group.
    """
    if source.defined is not None:
        wanted = frozenset(source.defined.by_id)
        seconds = source.defined.geometry.interval_seconds
        return Ask((), wanted, from_us, to_us, source.defined.group, seconds)
    known = lake_groups(source.lake) if known is None else known
    for group in groups:
        if group not in known:
            there = ", ".join(list(known)[:20]) or "none"
            raise MissingData(f"group {group!r} is not known in {source}; there are: {there}")
    members = {volume for group in groups for version in known[group] for volume in version.definition.by_id}
    return Ask(tuple(groups), members if volumes is None else members & volumes, from_us, to_us)


def days_of(files: Sequence[LakeFile], from_us: int | None, to_us: int | None) -> list[Any]:
    """The days of the range that have files."""
    first = None if from_us is None else datetime.fromtimestamp(from_us / US, UTC).date()
    last = None if to_us is None else datetime.fromtimestamp((to_us - 1) / US, UTC).date()
    return [
        day
        for day, _ in groupby(file.day for file in files)
        if day is not None and (first is None or day >= first) and (last is None or day <= last)
    ]


def opened(source: LakeSource, files: Sequence[LakeFile], day: Any, stack: ExitStack) -> list[pq.ParquetFile]:
    """The files of a day, all open: what compaction removes meanwhile stays readable.

    Which files these are is asked anew where one of them is gone.
    """
    for _ in range(_ATTEMPTS):
        with ExitStack() as trying:
            try:
                found = [
                    pq.ParquetFile(trying.enter_context(file.open()), read_dictionary=["array", "volume"])
                    for file in files
                    if file.day == day
                ]
            except FileNotFoundError:
                files = table_files(source.lake, TRACKS)
            except (pa.ArrowInvalid, OSError) as error:
                raise LakeError(f"{source}, day {day}: a file cannot be read: {error}; restore it") from error
            else:
                stack.push(trying.pop_all())
                return found
    raise LakeError(f"{source}, day {day}: files come and go all the time; ask again")


def day_parts(
    source: LakeSource, parts: Sequence[RowGroup], chosen: Chosen, heads: Heads
) -> Iterator[TableColumns]:
    """The parts of the intervals of a day, of these rows."""
    chosen = chosen.some(np.lexsort((chosen.first_track, chosen.volume, chosen.start_us, chosen.group)))
    batch = batches(parts, chosen)
    target = np.cumsum(heads_of(chosen.group, chosen.start_us, chosen.seconds)) - 1
    pairs = np.unique(np.stack([target, batch]), axis=1)
    counts = np.bincount(pairs[0])
    emitted = np.zeros(len(counts), np.int64)
    for number in np.unique(batch).tolist():
        places = np.flatnonzero(batch == number)
        some = chosen.some(places)
        rows = checked_rows(source, parts, some)
        own = target[places]
        edges = [*np.flatnonzero(heads_of(own)).tolist(), len(own)]
        names: tuple[Numbers, pa.StringArray] | None = None
        for low, high in pairwise(edges):
            at = int(own[low])
            part, emitted[at] = int(emitted[at]), emitted[at] + 1
            piece = merged(rows.slice(low, high), int(some.start_us[low]), int(some.seconds[low]))
            distinct = piece.volume[heads_of(piece.volume)]
            if names is None or not np.array_equal(names[0], distinct):
                names = distinct, pa.array([chosen.names[code] for code in distinct.tolist()], pa.string())
            group = chosen.groups[int(some.group[low])]
            place = (int(some.seconds[low]), int(some.start_us[low]), int(some.revision[low:high].max()))
            head = heads.head(group, *place, part, int(counts[at]))
            yield _columns(head, names, piece)


def needs_joining(chosen: Chosen) -> NDArray[np.bool_]:
    """Which rows become part of one interval of their volume together with others."""
    order = np.lexsort((chosen.first_track, chosen.volume, chosen.start_us, chosen.group))
    rows = chosen.some(order)
    heads = heads_of(rows.group, rows.start_us, rows.volume)
    differs = ~heads & heads_of(rows.own_start_us, rows.own_seconds, rows.source)
    target = np.cumsum(heads) - 1
    joined = np.zeros(len(rows), np.bool_)
    joined[order] = np.isin(target, target[differs])
    return joined


def batches(parts: Sequence[RowGroup], chosen: Chosen, at_once_bytes: int = _AT_ONCE_BYTES) -> Numbers:
    """Which rows are read together: row groups of some MB, all of a day where rows become one."""
    if needs_joining(chosen).any():
        return np.zeros(len(chosen), np.int64)
    used = np.unique(chosen.part)
    sizes = np.cumsum([parts[at].tracks_bytes for at in used.tolist()])
    number = np.zeros(len(parts), np.int64)
    number[used] = (sizes - 1) // at_once_bytes
    return number[chosen.part]


def checked_rows(source: LakeSource, parts: Sequence[RowGroup], some: Chosen) -> Rows:
    """The wide columns of these rows, in their order."""
    tables, place = [], np.empty(len(some), np.int64)
    before = 0
    for at in np.unique(some.part).tolist():
        where = np.flatnonzero(some.part == at)
        rows, back = np.unique(some.row[where], return_inverse=True)
        part = parts[at]
        try:
            found = part.file.read_row_group(part.number, columns=list(_WIDE))
        except (pa.ArrowInvalid, OSError) as error:
            raise LakeError(f"{source}: a file cannot be read: {error}; restore it") from error
        tables.append(found.take(pa.array(rows)).cast(_wide_schema(found.schema)))
        place[where] = before + back
        before += len(rows)
    table = pa.concat_tables(tables).take(pa.array(place)).combine_chunks()
    source.seen.rows += len(some)
    column = {name: _plain(table.column(name)) for name in _WIDE}
    return _checked(source, some, column)


def _wide_schema(found: pa.Schema) -> pa.Schema:
    kinds = {"tracks": pa.large_binary(), "covered": TRACKS.schema.field("covered").type}
    fields = [pa.field(name, kinds.get(name, found.field(name).type)) for name in found.names]
    return pa.schema(fields)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _checked(source: LakeSource, some: Chosen, column: Mapping[str, pa.Array]) -> Rows:
    """The rows; those whose bitmap is not what they say have none, no counts, and nobody vouches for them."""
    changed = _known(column["changed_tracks"])
    tracks = column["tracks"].fill_null(_EMPTY)
    bad = ~column["quarantine_reason"].is_null().to_numpy(zero_copy_only=False) | (changed < 0)
    found = np.where(bad, changed, _tracks_of(tracks, some.first_track))
    bad |= found != changed
    writes, written = _known(column["writes"]), _known(column["written_bytes"])
    sums = [_known(column[name]) for name in ("changed_tracks_sum", "changed_bytes_sum")]
    spans = column["covered"].flatten()
    lengths = column["covered"].value_lengths().to_numpy(zero_copy_only=False)
    span_row = np.repeat(np.arange(len(some)), lengths)
    start, end = (
        np.asarray(spans.field(side).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
        for side in ("start", "end")
    )
    if bad.any():
        _tell(source, some, np.flatnonzero(bad))
        tracks = pa.array(
            [_EMPTY if wrong else value for wrong, value in zip(bad, tracks.to_pylist(), strict=True)],
            pa.large_binary(),
        )
        writes, written = np.where(bad, -1, writes), np.where(bad, -1, written)
        sums = [np.where(bad, 0, each) for each in sums]
        # A chunk of a large volume that cannot be read leaves the volume's time in doubt as a whole.
        gone = np.isin(_volume_key(some), _volume_key(some)[bad])
        kept = ~gone[span_row]
        span_row, start, end = span_row[kept], start[kept], end[kept]
    data, edges = _binary(tracks)
    return Rows(
        volume=some.volume,
        volume_bytes=_known(column["volume_bytes"]),
        track_bytes=some.track_bytes,
        first_track=some.first_track,
        data=data,
        edges=edges,
        writes=writes,
        written_bytes=written,
        tracks_sum=sums[0],
        bytes_sum=sums[1],
        span_row=span_row,
        span_start=start,
        span_end=end,
        own_start_us=some.own_start_us,
        own_seconds=some.own_seconds,
        source=some.source,
    )


def _volume_key(some: Chosen) -> Numbers:
    """A number for the volume, interval and group of each row."""
    ordered: Numbers = np.unique(
        np.stack([some.volume, some.own_start_us, some.own_seconds, some.source]), axis=1, return_inverse=True
    )[1].reshape(-1)
    return ordered


def _tracks_of(tracks: pa.LargeBinaryArray, first: Numbers) -> Numbers:
    """How many tracks each bitmap has, -1 where it is none."""
    data, edges = _binary(tracks)
    try:
        return tracks_by_bitmap(Bitmaps.of(data, first.astype(np.uint64), np.diff(edges)))
    except ValueError:
        return np.array([_tracks_of_one(value) for value in tracks.to_pylist()], np.int64)


def _tracks_of_one(value: bytes) -> int:
    try:
        return int(
            tracks_by_bitmap(Bitmaps.of(value, np.zeros(1, np.uint64), np.array([len(value)], np.int64)))[0]
        )
    except ValueError:
        return -1


def _tell(source: LakeSource, some: Chosen, bad: Numbers) -> None:
    seen = source.seen
    seen.unreadable_rows += len(bad)
    for at in bad[: max(0, _NAMED - len(seen.unreadable))].tolist():
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(some.own_start_us[at]))
        seen.unreadable.append(f"{some.names[int(some.volume[at])]} at {moment:%Y-%m-%dT%H:%M:%SZ}")


def _columns(head: TableHead, names: tuple[Numbers, pa.StringArray], rows: Rows) -> TableColumns:
    return TableColumns(
        head=head,
        names=names[1],
        volume=np.searchsorted(names[0], rows.volume),
        volume_bytes=rows.volume_bytes,
        track_bytes=rows.track_bytes,
        first_track=rows.first_track,
        data=rows.data,
        edges=rows.edges,
        writes=rows.writes,
        written_bytes=rows.written_bytes,
        span_row=rows.span_row,
        span_start=rows.span_start,
        span_end=rows.span_end,
    )


def _known(column: pa.Array) -> Numbers:
    return np.asarray(column.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)


def _binary(column: pa.LargeBinaryArray) -> tuple[memoryview, Numbers]:
    """All bytes of a column, and where each value ends."""
    _, offsets, data = column.buffers()
    if not len(column):
        return memoryview(b""), np.zeros(1, np.int64)
    edges = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    view = memoryview(b"" if data is None else data).cast("B")
    return view[int(edges[0]) : int(edges[-1])], edges - edges[0]


def heads_of(*columns: Numbers) -> NDArray[np.bool_]:
    """Where, in columns of rows side by side, a row differs from the one before it."""
    changed = np.zeros(max(len(columns[0]) - 1, 0), np.bool_)
    for column in columns:
        changed |= column[1:] != column[:-1]
    return np.concatenate([np.ones(min(len(columns[0]), 1), np.bool_), changed])
