"""Rows of the narrow tables as values by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from streams.model.intervals import US
from streams.settings import Lake
from streams.store.lake.files import LakeFile
from streams.store.lake.opening import opened
from streams.wire.lake_tables import LakeTable

__all__ = ["Row", "day_of", "rows_of", "us_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def rows_of(
    lake: Lake,
    table: LakeTable,
    names: Sequence[str],
    files: Sequence[LakeFile],
    groups: frozenset[str] | None = None,
) -> Iterator[Row]:
    """Rows with these columns, of some days' files and groups; a column that is newer than a file is null.

    Raises:
        LakeError: a file is missing or damaged.
    """
    for day in dict.fromkeys(file.day for file in files):
        with ExitStack() as stack:
            for file in opened(lake, table, files, day, stack):
                rows = file.rows(names)
                if groups is not None:
                    rows = rows.filter(pc.is_in(rows.column("data_group"), pa.array(sorted(groups))))
                yield from ({**dict.fromkeys(names), **row} for row in rows.to_pylist())


def us_of(row: Row, name: str = "interval_start") -> int:
    """A time of the row in microseconds."""
    moment: datetime = row[name]
    return (moment - _EPOCH) // timedelta(microseconds=1)


def day_of(time_us: int) -> date:
    """The day, in UTC, of a time in microseconds."""
    return datetime.fromtimestamp(time_us / US, UTC).date()
