"""Old bit tables in longer intervals: the OR of their tracks, with SUM, counters and covered spans kept.

Whatever is asked over ranges that begin and end where the longer intervals do has the same answer before and
after: the OR of ORs is the OR, sums are carried, spans are united.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.lake.unique import unique_rows
from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.intervals import US, union
from streams.wire.lake_tables import TRACKS

__all__ = ["rolled_up"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)

Row = dict[str, Any]


def rolled_up(rows: pa.Table, rung_seconds: int, apart: Collection[str] = ()) -> pa.Table:
    """The rows with all intervals that `rung_seconds` is a multiple of put together to intervals so long.

    Superseded revisions of them are left out. Rows that cannot be put together stay as they are: those of
    longer intervals, of such as do not divide the rung, quarantined ones, whose tracks nobody knows, and such
    as came after their rung had been made, of which nobody knows whether it has them.

    Args:
        rows: of `interval_tracks`, all that there are of the rungs that begin in them.
        rung_seconds: length of the longer intervals; it divides a day.
        apart: arrays whose rows stay, for some are elsewhere.
    """
    seconds = rows.column("interval_seconds").to_numpy()
    fits = (seconds < rung_seconds) & (rung_seconds % seconds == 0) & ~_of_made_rungs(rows, rung_seconds)
    if apart:
        fits &= ~pc.is_in(rows.column("array"), pa.array(sorted(apart))).to_numpy()
    chosen = pc.and_(pa.array(fits), pc.is_null(rows.column("quarantine_reason")))
    if not pc.any(chosen).as_py():
        return rows
    newest = _newest(rows.filter(pa.array(fits)))
    made = list(_by_group(rows.filter(chosen).to_pylist(), rung_seconds, newest))
    kept = rows.filter(pc.invert(chosen))
    return unique_rows(pa.concat_tables([kept, pa.Table.from_pylist(made, schema=TRACKS.schema)]), TRACKS)


def _of_made_rungs(rows: pa.Table, rung_seconds: int) -> NDArray[np.bool_]:
    """Which rows are of a group and rung that is there already."""
    columns = (
        rows.column(name).to_pylist() for name in ("data_groups", "interval_start", "interval_seconds")
    )
    keys = [
        ({(group, _micros(start) // (rung_seconds * US)) for group in groups}, seconds)
        for groups, start, seconds in zip(*columns, strict=True)
    ]
    made = {key for found, seconds in keys if seconds == rung_seconds for key in found}
    return np.array([bool(made & found) for found, _ in keys], bool)


def _newest(rows: pa.Table) -> dict[tuple[Any, ...], int]:
    """The newest revision of each interval of a group, and of each volume in it, quarantined or not.

    Longer intervals take theirs from the intervals, so that all volumes have the same, also one that joined
    the group within it or has a quarantined row.
    """
    names = ["data_groups", "interval_seconds", "interval_start", "array", "volume", "revision"]
    newest: dict[tuple[Any, ...], int] = {}
    for found in rows.select(names).to_pylist():
        for group in found["data_groups"]:
            row = {**found, "data_groups": group}
            for key in (_interval(row), _of_volume(row)):
                newest[key] = max(newest.get(key, 0), row["revision"])
    return newest


def _by_group(rows: Sequence[Row], rung_seconds: int, newest: Mapping[tuple[Any, ...], int]) -> Iterator[Row]:
    """The rung rows of each group; a row may be superseded in one of its groups and not in another."""
    revisions: Counter[tuple[str, int]] = Counter()
    for (group, _, start, *volume), revision in newest.items():
        if not volume:
            revisions[group, _micros(start) // (rung_seconds * US)] += revision + 1
    found: dict[tuple[Any, ...], Row] = {}
    single = ({**row, "data_groups": group} for row in rows for group in row["data_groups"])
    for row in single:
        if row["revision"] == newest[_of_volume(row)]:  # each once, of copies the one that was taken in last
            key = (*_of_volume(row), row["track_bytes"], row["chunk"])
            if key not in found or found[key]["ingested_at"] < row["ingested_at"]:
                found[key] = row

    def place(row: Row) -> tuple[Any, ...]:
        return (
            row["data_groups"],
            row["array"],
            row["volume"],
            row["track_bytes"],
            _micros(row["interval_start"]) // (rung_seconds * US),
        )

    ordered = sorted(found.values(), key=lambda row: (*place(row), row["interval_start"], row["chunk"]))
    for (group, _, _, _, rung), same in groupby(ordered, place):
        yield from _volume_rows(list(same), rung, rung_seconds, revisions[group, rung])


def _volume_rows(rows: Sequence[Row], rung: int, rung_seconds: int, revision: int) -> Iterator[Row]:
    """The rows of one volume of one group in one rung."""
    start = _EPOCH + timedelta(seconds=rung * rung_seconds)
    last = rows[-1]
    parts: dict[int, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["first_track"], []).append(row)
    spans = union((_micros(s["start"]), _micros(s["end"])) for row in rows for s in row["covered"])
    counts = {name: sum_known(row[name] for row in rows) for name in ("writes", "written_bytes")}
    bitmaps = {
        first: BitMap.union(*(BitMap.deserialize(row["tracks"]) for row in own))
        for first, own in parts.items()
    }
    kept = sorted(first for first, bits in bitmaps.items() if bits) or [0]
    for chunk, first in enumerate(kept):
        table = BitTable.from_parts([(first, bitmaps[first].serialize())]) if first in bitmaps else BitTable()
        own = parts.get(first, [])
        yield {
            **last,
            "data_groups": [last["data_groups"]],
            "interval_start": start,
            "interval_end": start + timedelta(seconds=rung_seconds),
            "interval_seconds": rung_seconds,
            "revision": revision,
            "chunk": chunk,
            "chunks": len(kept),
            "first_track": first,
            "tracks": next((data for _, data in table.parts()), BitMap().serialize()),
            "changed_tracks": len(table),
            "changed_bytes": table.changed_bytes(last["track_bytes"], last["volume_bytes"]),
            "changed_tracks_sum": sum(row["changed_tracks_sum"] for row in own),
            "changed_bytes_sum": sum(row["changed_bytes_sum"] for row in own),
            "covered": [{"start": _EPOCH + begin * _US, "end": _EPOCH + end * _US} for begin, end in spans]
            if not chunk
            else [],
            "covered_seconds": sum(end - begin for begin, end in spans) / US if not chunk else 0.0,
            **(
                counts
                if not chunk
                else {name: None if count is None else 0 for name, count in counts.items()}
            ),
        }


def _interval(row: Row) -> tuple[Any, ...]:
    return row["data_groups"], row["interval_seconds"], row["interval_start"]


def _of_volume(row: Row) -> tuple[Any, ...]:
    return *_interval(row), row["array"], row["volume"]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _US
