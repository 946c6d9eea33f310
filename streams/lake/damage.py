"""Rows of `interval_tracks` whose bitmap is not what they say, and how a row is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.store.lake.bitmaps import track_counts

__all__ = ["damaged_rows", "moment_text", "places_of", "row_place"]

_AT_ONCE_ROWS: Final = 1 << 11
_EMPTY: Final = BitMap().serialize()


def damaged_rows(rows: pa.Table) -> NDArray[np.bool_]:
    """Which rows readers leave out without a word of quarantine in them: see `track_counts`."""
    found = [np.empty(0, np.bool_)]
    for start in range(0, rows.num_rows, _AT_ONCE_ROWS):
        some = rows.slice(start, _AT_ONCE_ROWS)
        tracks = some.column("tracks").cast(pa.large_binary()).fill_null(_EMPTY).combine_chunks()
        whole = tracks.chunk(0) if isinstance(tracks, pa.ChunkedArray) else tracks
        said = some.column("changed_tracks").fill_null(-1).to_numpy()
        is_quarantined = some.column("quarantine_reason").is_valid().to_numpy()
        found.append(~is_quarantined & (track_counts(whole) != said))
    return np.concatenate(found)


def row_place(row: dict[str, Any]) -> str:
    """The volume and interval of a row."""
    volume, start = f"{row['array']}/{row['volume']}", moment_text(row["interval_start"])
    return f"{volume}, {start}, {row['interval_seconds']} s"


def moment_text(moment: datetime) -> str:
    """A time in UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def places_of(rows: pa.Table, which: NDArray[np.bool_]) -> Sequence[str]:
    """The names of these rows."""
    names = ["array", "volume", "interval_start", "interval_seconds"]
    return [row_place(row) for row in rows.select(names).filter(pa.array(which)).to_pylist()]
