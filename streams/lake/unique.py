"""Each row once: what a worker wrote again, and volumes that several groups measured alike.

Two rows that differ in nothing but where they came from are one. Two rows of `interval_tracks` that differ in
nothing but their group besides are one row of both groups, so that a volume in several groups takes its space
once. Rows that differ in anything that was measured stay apart: each is what its group's agents saw.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.wire.lake_tables import TRACKS, LakeTable

__all__ = ["sorted_rows", "unique_rows"]

_NOT_MEASURED: Final = frozenset(
    {"source_topic", "source_partition", "source_offset", "ingested_at", "schema_version"}
)
_GROUPS: Final = "data_groups"

Flags = NDArray[np.bool_]


def sorted_rows(rows: pa.Table, table: LakeTable) -> pa.Table:
    """The rows in the order in which files hold them."""
    return rows.sort_by([(name, "ascending") for name in table.sort_by])


def unique_rows(rows: pa.Table, table: LakeTable) -> pa.Table:
    """The rows in order, each once; of equal ones the row stays that stood first.

    Equal rows of one key stand side by side once sorted, unless a third one that differs is between them;
    then both stay, and readers, who take the newest of each key, see one.
    """
    rows = sorted_rows(rows, table).combine_chunks()
    if rows.num_rows < 2:
        return rows
    compared = [name for name in table.schema.names if name not in _NOT_MEASURED and name != _GROUPS]
    if table is not TRACKS:
        compared += [name for name in table.key if name in _NOT_MEASURED]
    same = np.ones(rows.num_rows - 1, bool)
    for name in compared:
        same &= _equal_to_next(rows.column(name))
        if not same.any():
            return rows
    first = np.concatenate([[True], ~same])
    kept = rows.filter(pa.array(first))
    return _with_groups_joined(kept, rows, first) if table is TRACKS else kept


def _equal_to_next(column: pa.ChunkedArray) -> Flags:
    here, there = column.slice(0, len(column) - 1), column.slice(1)
    if pa.types.is_nested(column.type):
        values = column.to_pylist()
        return np.array([left == right for left, right in pairwise(values)], bool)
    equal = pc.fill_null(pc.equal(here, there), False)
    both_null = pc.and_(pc.is_null(here), pc.is_null(there))
    return np.asarray(pc.or_(equal, both_null).to_numpy(), bool)


def _with_groups_joined(kept: pa.Table, rows: pa.Table, first: Flags) -> pa.Table:
    """Every kept row is of all groups of the rows that it stands for."""
    place = np.cumsum(first) - 1
    found = [set(groups) for groups in kept.column(_GROUPS).to_pylist()]
    for row in np.flatnonzero(~first):
        found[place[row]].update(rows.column(_GROUPS)[int(row)].as_py())
    kind = kept.schema.field(_GROUPS)
    joined = pa.array([sorted(groups) for groups in found], kind.type)
    return kept.set_column(kept.schema.get_field_index(_GROUPS), kind, joined)
