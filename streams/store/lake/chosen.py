"""Rows of a day as columns of numbers: where each lies, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chosen", "Numbers", "columns_of", "heads_of"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Rows, one value in each column for each: in row group `part` at `row`, of which group and volume.

    `start_us` and `seconds` are of the interval that the row becomes part of; `own_start_us` and
    `own_seconds` of its own, and `source` of the group that measured it. `revision` is its interval's.
    `as_captured`: their SUM is that of the intervals that were captured, else of those they become part of.
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
    as_captured: bool = True

    def __len__(self) -> int:
        return len(self.row)

    def some(self, places: Any) -> Chosen:
        """The rows at these places."""
        columns = columns_of(self)
        return Chosen(
            **{name: each[places] if isinstance(each, np.ndarray) else each for name, each in columns.items()}
        )


def columns_of(rows: Chosen) -> dict[str, Any]:
    """What makes these rows, by name."""
    return {name: getattr(rows, name) for name in Chosen.__dataclass_fields__}


def heads_of(*columns: Numbers) -> NDArray[np.bool_]:
    """Where, in columns of rows side by side, a row differs from the one before it."""
    changed = np.zeros(max(len(columns[0]) - 1, 0), np.bool_)
    for column in columns:
        changed |= column[1:] != column[:-1]
    return np.concatenate([np.ones(min(len(columns[0]), 1), np.bool_), changed])
