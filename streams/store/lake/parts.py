"""Parts of interval tables from the lake, day by day, in the form that the tables topic gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise, product
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from streams.store.lake.asking import asks_of, days_of
from streams.store.lake.checked import checked_rows
from streams.store.lake.choosing import chosen_rows
from streams.store.lake.chosen import Chosen, Numbers, heads_of
from streams.store.lake.files import table_files
from streams.store.lake.heads import Heads, heads_of_day
from streams.store.lake.joining import for_tables
from streams.store.lake.merging import Rows, merged
from streams.store.lake.opening import opened
from streams.store.lake.place import LakeSource
from streams.store.lake.requiring import require_measured
from streams.store.lake.rowgroups import RowGroup, row_groups
from streams.wire.lake_tables import SUMMARY, TRACKS
from streams.wire.table_columns import TableColumns

__all__ = ["Piece", "batches", "lake_parts", "pieces"]

_AT_ONCE_BYTES: Final = 64 << 20


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
    asks = list(asks_of(source, groups, (from_us, to_us), volumes))
    files, summaries = table_files(source.lake, TRACKS), table_files(source.lake, SUMMARY)
    days = days_of(files, from_us, to_us)
    measured: set[str] = set()
    for done, (ask, day) in enumerate(product(asks, days)):
        progress("reading", done, len(asks) * len(days))
        with ExitStack() as stack:
            open_files = opened(source.lake, TRACKS, files, day, stack)
            parts = [part for file in open_files for part in row_groups(file, ask, source.seen)]
            chosen = chosen_rows(parts, ask)
            measured.update(chosen.names[at] for at in np.unique(chosen.volume).tolist())
            if len(chosen):
                heads = Heads.none()
                if ask.later is None:
                    heads = heads_of_day(source.lake, summaries, day, ask.groups)
                yield from _columns(pieces(source, parts, chosen), heads)
    progress("reading", len(asks) * len(days), len(asks) * len(days))
    if source.defined is not None and measured:
        require_measured(source.defined, measured)


class Piece(NamedTuple):
    """Rows that are part of one interval of a group, each chunk of a volume once; `names` by volume.

    It is number `part` of the interval's `parts`.
    """

    group: str
    names: Sequence[str]
    start_us: int
    seconds: int
    revision: int
    part: int
    parts: int
    rows: Rows


def pieces(source: LakeSource, parts: Sequence[RowGroup], chosen: Chosen) -> Iterator[Piece]:
    """The intervals of a day, of these rows, in pieces of what is read at once."""
    chosen = chosen.some(np.lexsort((chosen.first_track, chosen.volume, chosen.start_us, chosen.group)))
    batch = np.zeros(len(chosen), np.int64)
    if not for_tables(chosen).any():  # rows that become one are read together
        batch = batches(parts, chosen, _AT_ONCE_BYTES)
    target = np.cumsum(heads_of(chosen.group, chosen.start_us, chosen.seconds)) - 1
    pairs = np.unique(np.stack([target, batch]), axis=1)
    counts = np.bincount(pairs[0])
    emitted = np.zeros(len(counts), np.int64)
    for number in np.unique(batch).tolist():
        places = np.flatnonzero(batch == number)
        some = chosen.some(places)
        rows = checked_rows(source, parts, some)
        own = target[places]
        for low, high in pairwise([*np.flatnonzero(heads_of(own)).tolist(), len(own)]):
            at = int(own[low])
            part, emitted[at] = int(emitted[at]), emitted[at] + 1
            start_us, seconds = int(some.start_us[low]), int(some.seconds[low])
            yield Piece(
                group=chosen.groups[int(some.group[low])],
                names=chosen.names,
                start_us=start_us,
                seconds=seconds,
                revision=int(some.revision[low:high].max()),
                part=part,
                parts=int(counts[at]),
                rows=merged(rows.slice(low, high), start_us, seconds, as_captured=chosen.as_captured),
            )


def batches(parts: Sequence[RowGroup], chosen: Chosen, at_once_bytes: int) -> Numbers:
    """Which rows are read together: row groups of some MB."""
    used = np.unique(chosen.part)
    sizes = np.cumsum([parts[at].tracks_bytes for at in used.tolist()])
    number = np.zeros(len(parts), np.int64)
    number[used] = (sizes - 1) // at_once_bytes
    return number[chosen.part]


def _columns(found: Iterator[Piece], heads: Heads) -> Iterator[TableColumns]:
    """The pieces as messages of the tables topic have them. Most have the volumes of the one before."""
    codes, names = np.empty(0, np.int64), pa.array([], pa.string())
    for piece in found:
        rows, own = piece.rows, (piece.seconds, piece.start_us, piece.revision, piece.part, piece.parts)
        distinct = rows.volume[heads_of(rows.volume)]
        if not np.array_equal(codes, distinct):
            codes, names = distinct, pa.array([piece.names[code] for code in distinct.tolist()], pa.string())
        yield TableColumns(
            head=heads.head(piece.group, *own),
            names=names,
            volume=np.searchsorted(codes, rows.volume),
            volume_bytes=rows.volume_bytes,
            track_bytes=rows.track_bytes,
            first_track=rows.first_track,
            data=rows.data,
            edges=rows.edges,
            writes=rows.writes,
            written_bytes=rows.written_bytes,
            tracks_sum=rows.tracks_sum,
            bytes_sum=rows.bytes_sum,
            span_row=rows.span_row,
            span_start=rows.span_start,
            span_end=rows.span_end,
        )
