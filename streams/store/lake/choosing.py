"""Which rows of a day count: those of the asked groups, in the newest revision of each interval, once each.

Only narrow columns are read for it, and only row groups whose statistics allow for an asked volume or time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streams.model.intervals import US
from streams.store.lake.place import Seen

__all__ = ["Ask", "Chosen", "RowGroup", "chosen_rows", "row_groups"]

_NARROW: Final = (
    *("array", "volume", "interval_start", "interval_seconds", "revision", "data_groups", "track_bytes"),
    *("first_track", "ingested_at"),
)

_LAST: Final = "\U0010ffff"
"""Behind every name."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: groups, volumes (None: all) and interval starts in `[from_us, to_us)`.

    With `as_group` the volumes are asked for under this name, whichever groups they were measured in.
    """

    groups: Sequence[str]
    volumes: Collection[str] | None
    from_us: int | None
    to_us: int | None
    as_group: str | None = None
    least_seconds: int = 1


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A stretch of rows of an open file, and the bytes of its bitmaps."""

    file: pq.ParquetFile
    number: int
    tracks_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Rows, one value in each column for each: in row group `part` at `row`, of which group and volume.

    `start_us` and `seconds` are of the interval that the row becomes part of; `own_start_us` and
    `own_seconds` of its own, and `source` of the group that measured it. `revision` is its interval's.
    """

    part: Numbers
    row: Numbers
    group: Numbers
    volume: Numbers
    first_track: Numbers
    start_us: Numbers
    seconds: Numbers
    own_start_us: Numbers
    own_seconds: Numbers
    source: Numbers
    revision: Numbers
    track_bytes: Numbers
    ingested_us: Numbers
    names: Sequence[str]
    groups: Sequence[str]

    def __len__(self) -> int:
        return len(self.row)

    def some(self, places: Any) -> Chosen:
        """The rows at these places."""
        columns = {
            name: column[places]
            for name in Chosen.__dataclass_fields__
            if isinstance(column := getattr(self, name), np.ndarray)
        }
        return Chosen(**columns, names=self.names, groups=self.groups)


def row_groups(file: pq.ParquetFile, ask: Ask, seen: Seen) -> list[RowGroup]:
    """Those of a file that may hold rows which are asked for."""
    found = []
    pairs = sorted(
        (array, volume) for array, _, volume in (name.partition("/") for name in ask.volumes or ())
    )
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
        if _may_hold(columns, ask, pairs):
            found.append(RowGroup(file, number, columns["tracks"].total_uncompressed_size))
    seen.row_groups += len(found)
    seen.files += bool(found)
    return found


def chosen_rows(parts: Sequence[RowGroup], ask: Ask) -> Chosen:
    """The rows that count, of all row groups of a day."""
    volumes: dict[str, int] = {}
    groups: dict[str, int] = {} if ask.as_group else {name: at for at, name in enumerate(ask.groups)}
    found = [_pairs(number, part, ask, volumes, groups) for number, part in enumerate(parts)]
    rows = {name: np.concatenate([np.empty(0, np.int64), *(each[name] for each in found)]) for name in _PAIRS}
    names = [""] * len(volumes)
    for name, at in volumes.items():
        names[at] = name
    own = {"own_start_us": rows["start_us"], "own_seconds": rows["seconds"], "source": rows["group"]}
    chosen = _newest(Chosen(**rows, **own, names=names, groups=list(groups)))
    chosen = _intervals(chosen)
    return chosen if ask.as_group is None else _as_one(chosen, ask)


_PAIRS: Final = (
    *("part", "row", "group", "volume", "first_track", "start_us", "seconds", "revision"),
    *("track_bytes", "ingested_us"),
)


def _may_hold(columns: Mapping[str, Any], ask: Ask, pairs: Sequence[tuple[str, str]]) -> bool:
    def bounds(name: str) -> tuple[Any, Any] | None:
        found = columns[name].statistics if name in columns else None
        return (found.min, found.max) if found is not None and found.has_min_max else None

    if times := bounds("interval_start"):
        low, high = (int(moment.timestamp()) * US for moment in times)
        if (ask.to_us is not None and low >= ask.to_us) or (
            ask.from_us is not None and high + US <= ask.from_us
        ):
            return False
    arrays, volumes = bounds("array"), bounds("volume")
    if ask.volumes is None or arrays is None:
        return True
    inside = pairs[bisect_left(pairs, (arrays[0], "")) : bisect_right(pairs, (arrays[1], _LAST))]
    if volumes is None:
        return bool(inside)
    return any(volumes[0] <= volume <= volumes[1] for _, volume in inside)


def _pairs(
    number: int, part: RowGroup, ask: Ask, volumes: dict[str, int], groups: dict[str, int]
) -> dict[str, Numbers]:
    """Each asked row of a row group, for each asked group that it is of."""
    table = part.file.read_row_group(part.number, columns=list(_NARROW)).combine_chunks()
    wanted = None if ask.volumes is None else frozenset(ask.volumes)
    volume = _volume_codes(table, wanted, volumes)
    start_us, seconds = _whole(table, "interval_start"), _whole(table, "interval_seconds")
    good = volume >= 0
    if ask.from_us is not None:
        good &= start_us >= ask.from_us
    if ask.to_us is not None:
        good &= start_us < ask.to_us
    lists = table.column("data_groups").combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    row = np.repeat(np.arange(table.num_rows), lists.value_lengths().to_numpy(zero_copy_only=False))
    group = _group_codes(lists.flatten(), ask, groups)
    keep = (group >= 0) & good[row]
    row, group = row[keep], group[keep]
    return {
        "part": np.full(len(row), number, np.int64),
        "row": row,
        "group": group,
        "volume": volume[row],
        "first_track": _whole(table, "first_track")[row],
        "start_us": start_us[row],
        "seconds": seconds[row],
        "revision": _whole(table, "revision")[row],
        "track_bytes": _whole(table, "track_bytes")[row],
        "ingested_us": _whole(table, "ingested_at")[row],
    }


def _whole(table: pa.Table, name: str) -> Numbers:
    return np.asarray(table.column(name).cast(pa.int64()).to_numpy(), np.int64)


def _volume_codes(table: pa.Table, wanted: frozenset[str] | None, volumes: dict[str, int]) -> Numbers:
    """The number of each row's volume, -1 where it is not wanted."""
    array, array_names = _coded(table.column("array"))
    volume, volume_names = _coded(table.column("volume"))
    pairs, place = np.unique(array * max(len(volume_names), 1) + volume, return_inverse=True)
    codes = []
    for pair in pairs.tolist():
        at, of = divmod(pair, max(len(volume_names), 1))
        name = f"{array_names[at]}/{volume_names[of]}"
        is_wanted = wanted is None or name in wanted
        codes.append(volumes.setdefault(name, len(volumes)) if is_wanted else -1)
    return np.array(codes, np.int64)[place] if codes else np.empty(0, np.int64)


def _group_codes(names: pa.Array, ask: Ask, groups: dict[str, int]) -> Numbers:
    code, distinct = _coded(pa.chunked_array([names]))
    if ask.as_group:
        known = [groups.setdefault(name, len(groups)) for name in distinct]
    else:
        known = [groups.get(name, -1) for name in distinct]
    return np.array(known, np.int64)[code] if known else np.empty(0, np.int64)


def _coded(column: pa.ChunkedArray) -> tuple[Numbers, list[str]]:
    coded = column.combine_chunks().dictionary_encode() if column.num_chunks else pa.array([], pa.string())
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
        coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    if not isinstance(coded, pa.DictionaryArray):
        return np.empty(0, np.int64), []
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()


def _heads(*columns: Numbers) -> NDArray[np.bool_]:
    """Where, in sorted columns, a row begins that differs from the one before."""
    if not len(columns[0]):
        return np.empty(0, np.bool_)
    changed = np.zeros(len(columns[0]) - 1, np.bool_)
    for column in columns:
        changed |= column[1:] != column[:-1]
    return np.concatenate([[True], changed])


def _newest(rows: Chosen) -> Chosen:
    """The rows of the newest revision of a volume's interval, each once; of equal ones the last taken in."""
    if not len(rows):
        return rows
    rows = rows.some(np.lexsort((rows.revision, rows.volume, rows.start_us, rows.seconds, rows.group)))
    run = np.cumsum(_heads(rows.group, rows.seconds, rows.start_us, rows.volume)) - 1
    newest = np.zeros(run[-1] + 1, np.int64)
    newest[run] = rows.revision  # ascending within a run: the last one stays
    rows = rows.some(rows.revision == newest[run])
    key = _key(rows)
    rows = rows.some(np.lexsort((rows.ingested_us, *key)))
    return rows.some(np.append(_heads(*_key(rows))[1:], True))  # the last of each run


def _key(rows: Chosen) -> tuple[Numbers, ...]:
    return rows.first_track, rows.track_bytes, rows.volume, rows.start_us, rows.seconds, rows.group


def _intervals(rows: Chosen) -> Chosen:
    """The rows of intervals that do not overlap.

    A volume's longer interval gives way to shorter ones of it that fill it. Where longer ones stay, shorter
    ones become part of them: late writes that came behind their making, or volumes that compaction has not
    come to.
    """
    start_us, seconds = rows.start_us.copy(), rows.seconds.copy()
    keep = np.ones(len(rows), np.bool_)
    for group in np.unique(rows.group).tolist():
        own = rows.group == group
        lengths = sorted(set(rows.seconds[own].tolist()))
        for place, long in enumerate(lengths[1:], 1):
            for start in np.unique(rows.start_us[own & (rows.seconds == long)]).tolist():
                inside = own & keep & (rows.start_us >= start) & (rows.start_us < start + long * US)
                shorter = inside & np.isin(rows.seconds, lengths[:place])
                if not shorter.any():
                    continue
                longer = inside & (rows.seconds == long)
                places = np.stack([rows.volume, start_us, seconds])[:, shorter]
                volume, _, each = np.unique(places, axis=1)
                full = np.flatnonzero(np.bincount(volume, each) >= long)
                gone = longer & np.isin(rows.volume, full)
                keep &= ~gone
                if (longer & ~gone).any():
                    start_us[shorter], seconds[shorter] = start, long
    return Chosen(**{**_columns(rows), "start_us": start_us, "seconds": seconds}).some(keep)


def _as_one(rows: Chosen, ask: Ask) -> Chosen:
    """The rows of all groups as those of one: each once, of intervals that all of them fill.

    Where groups measured a volume in tracks of several sizes at a time, the finest count.
    """
    if not len(rows):
        return rows
    length = int(np.lcm.reduce(np.unique(np.append(rows.seconds, ask.least_seconds))))
    start_us = rows.start_us // (length * US) * (length * US)
    place = np.unique(np.stack([rows.volume, start_us]), axis=1, return_inverse=True)[1].reshape(-1)
    finest = np.full(len(rows), np.iinfo(np.int64).max)
    np.minimum.at(finest, place, rows.track_bytes)
    is_finest = rows.track_bytes == finest[place]
    rows = Chosen(
        **{
            **_columns(rows),
            "group": np.zeros(len(rows), np.int64),
            "start_us": start_us,
            "seconds": np.full(len(rows), length),
            "groups": [ask.as_group or ""],
        }
    ).some(is_finest)
    rows = rows.some(np.lexsort((rows.source, rows.row, rows.part)))
    return rows.some(_heads(rows.part, rows.row))


def _columns(rows: Chosen) -> dict[str, Any]:
    return {name: getattr(rows, name) for name in Chosen.__dataclass_fields__}
