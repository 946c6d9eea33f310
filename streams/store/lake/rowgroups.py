"""Which stretches of a file may hold an answer, as the statistics in its footer tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from streams.model.intervals import US
from streams.store.lake.asking import Ask
from streams.store.lake.opening import OpenFile
from streams.store.lake.place import Seen

__all__ = ["RowGroup", "row_groups"]

_LAST: Final = "\U0010ffff"
"""Behind every name."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A stretch of rows of an open file, and the bytes of its bitmaps."""

    file: OpenFile
    number: int
    tracks_bytes: int

    def read(self, columns: Sequence[str]) -> pa.Table:
        """These columns of its rows.

        Raises:
            LakeError: they cannot be read.
        """
        return self.file.row_group(self.number, columns)


def row_groups(file: OpenFile, ask: Ask, seen: Seen) -> list[RowGroup]:
    """Those of a file that may hold rows which are asked for."""
    found = []
    pairs = sorted(
        (array, volume) for array, _, volume in (name.partition("/") for name in ask.volumes or ())
    )
    for number in range(file.parquet.metadata.num_row_groups):
        group = file.parquet.metadata.row_group(number)
        columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
        if _may_hold(columns, ask, pairs):
            found.append(RowGroup(file, number, columns["tracks"].total_uncompressed_size))
    seen.row_groups += len(found)
    seen.files += bool(found)
    return found


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
