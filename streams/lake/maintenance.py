"""What keeps tables small and healthy: joining files, longer intervals for old data, retention.

Each folder is replaced in one step on top of the commit that was read. Whoever commits meanwhile wins, and
the folder is read again: a sink never waits for maintenance and loses nothing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from streams.errors import LakeError
from streams.lake.formats.table import Changed, Folder, Snapshot, Table
from streams.lake.rollup import rolled_up
from streams.lake.unique import unique_rows
from streams.settings import Lake
from streams.wire.lake_tables import TRACKS, LakeTable

__all__ = ["Replaced", "compact", "expire", "rung_of"]

_HOUR: Final = 3_600
_DAY: Final = 86_400
_ATTEMPTS: Final = 5

_Read = Callable[[Sequence[str] | None], pa.Table]
"""The rows of a folder, with all columns or with these."""

_Elsewhere = Callable[[], Collection[str]]
"""The arrays that have rows in other folders of the same day: buckets became more within it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A folder before and after; `rung_seconds` where its intervals were put together."""

    table: str
    before: Folder
    rows: int
    rung_seconds: int | None = None


def rung_of(lake: Lake, day: date | None, today: date) -> int | None:
    """The length to which a day's bit tables are put together, None where they stay as they are."""
    if day is None:
        return None
    age = (today - day).days
    if lake.days_after_days is not None and age > lake.days_after_days:
        return _DAY
    if lake.hours_after_days is not None and age > lake.hours_after_days:
        return _HOUR
    return None


def compact(
    lake: Lake,
    spec: LakeTable,
    table: Table,
    today: date,
    on_folder: Callable[[int, int], None],
    on_damaged: Callable[[Sequence[str]], None] = lambda _: None,
) -> Iterator[Replaced]:
    """Gives each folder one file with each row once, and old bit tables their longer intervals.

    Folders that are so already are passed over. `on_folder` is told how many are done, of how many;
    `on_damaged` the names of rows that stay in their intervals for their bitmap is not what they say.

    Raises:
        LakeError: the storage does not take it, or others commit all the time.
    """

    def changed(folder: Folder, read: _Read, elsewhere: _Elsewhere) -> tuple[pa.Table | None, int | None]:
        rung = rung_of(lake, folder.day, today) if spec is TRACKS else None
        if rung is not None and pc.min(read(["interval_seconds"]).column(0)).as_py() >= rung:
            rung = None
        if folder.files < 2 and rung is None:
            return None, None
        rows = unique_rows(read(None), spec)
        longer = rows if rung is None else rolled_up(rows, rung, elsewhere(), on_damaged)
        if longer is rows:
            return (rows if folder.files > 1 else None), None
        return longer, rung

    yield from _replaced(spec, table, changed, on_folder)


def expire(
    lake: Lake, spec: LakeTable, table: Table, today: date, on_folder: Callable[[int, int], None]
) -> Iterator[Replaced]:
    """Removes the days that the settings do not keep.

    Raises:
        LakeError: as for `compact`.
    """
    keep = lake.tracks_days if spec is TRACKS else lake.summary_days
    if keep is None:
        return
    first = today - timedelta(days=keep)

    def changed(folder: Folder, *_: object) -> tuple[pa.Table | None, int | None]:
        is_old = folder.day is not None and folder.day < first and folder.rows
        return (spec.schema.empty_table() if is_old else None), None

    yield from _replaced(spec, table, changed, on_folder)


def _replaced(
    spec: LakeTable,
    table: Table,
    changed: Callable[[Folder, _Read, _Elsewhere], tuple[pa.Table | None, int | None]],
    on_folder: Callable[[int, int], None],
) -> Iterator[Replaced]:
    folders = table.snapshot().folders()
    for number, values in enumerate(folder.values for folder in folders):
        for _ in range(_ATTEMPTS):
            snapshot = table.snapshot()
            folder = next((each for each in snapshot.folders() if each.values == values), None)
            if folder is None:
                break
            elsewhere = partial(_arrays_elsewhere, snapshot, folder)
            rows, rung = changed(folder, partial(snapshot.read, folder), elsewhere)
            if rows is None:
                break
            try:
                snapshot.replace(folder, rows)
            except Changed:
                continue
            yield Replaced(spec.name, folder, rows.num_rows, rung)
            break
        else:
            raise LakeError(
                f"{spec.name}, {folder}: others commit all the time; try again when it is quieter"
            )
        on_folder(number + 1, len(folders))


def _arrays_elsewhere(snapshot: Snapshot, folder: Folder) -> frozenset[str]:
    others = (each for each in snapshot.folders() if each.day == folder.day and each.values != folder.values)
    return frozenset(
        array for each in others for array in pc.unique(snapshot.read(each, ["array"]).column(0)).to_pylist()
    )
