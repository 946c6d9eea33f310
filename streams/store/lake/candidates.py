"""The rows of a day that are asked for, before it is known which of them count: their narrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from streams.store.lake.asking import Ask
from streams.store.lake.chosen import Chosen, Numbers
from streams.store.lake.rowgroups import RowGroup

__all__ = ["asked_rows"]

_NARROW: Final = (
    *("array", "volume", "interval_start", "interval_seconds", "revision", "data_groups", "track_bytes"),
    *("first_track", "ingested_at"),
)

_PAIRS: Final = (
    *("part", "row", "group", "volume", "first_track", "start_us", "seconds", "revision"),
    *("track_bytes", "ingested_us"),
)


def asked_rows(parts: Sequence[RowGroup], ask: Ask) -> Chosen:
    """Of all row groups of a day each asked row, once for each asked group that it is of."""
    volumes: dict[str, int] = {}
    groups: dict[str, int] = {} if ask.later else {name: at for at, name in enumerate(ask.groups)}
    found = [_pairs(number, part, ask, volumes, groups) for number, part in enumerate(parts)]
    rows = {name: np.concatenate([np.empty(0, np.int64), *(each[name] for each in found)]) for name in _PAIRS}
    own = {"own_start_us": rows["start_us"], "own_seconds": rows["seconds"], "source": rows["group"]}
    columns: dict[str, Any] = {**rows, **own}
    return Chosen(**columns, names=list(volumes), groups=list(groups))


def _pairs(
    number: int, part: RowGroup, ask: Ask, volumes: dict[str, int], groups: dict[str, int]
) -> dict[str, Numbers]:
    """Each asked row of a row group, for each asked group that it is of."""
    table = part.read(_NARROW).combine_chunks()
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
    if ask.later:
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
