"""The wide columns of rows that count. A bitmap that is not what its row says is in no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
from pyroaring import BitMap

from streams.store.lake.bitmaps import bytes_of, track_counts
from streams.store.lake.chosen import Chosen, Numbers
from streams.store.lake.merging import Rows
from streams.store.lake.place import LakeSource
from streams.store.lake.rowgroups import RowGroup
from streams.wire.lake_tables import TRACKS

__all__ = ["checked_rows"]

_NAMED: Final = 5
_WIDE: Final = (
    *("tracks", "changed_tracks", "volume_bytes", "writes", "written_bytes", "covered", "quarantine_reason"),
    *("changed_tracks_sum", "changed_bytes", "changed_bytes_sum"),
)
_EMPTY: Final = BitMap().serialize()


def checked_rows(source: LakeSource, parts: Sequence[RowGroup], some: Chosen) -> Rows:
    """The wide columns of these rows, in their order."""
    tables, place = [], np.empty(len(some), np.int64)
    before = 0
    for at in np.unique(some.part).tolist():
        where = np.flatnonzero(some.part == at)
        rows, back = np.unique(some.row[where], return_inverse=True)
        part = parts[at]
        found = part.read(_WIDE)
        tables.append(found.take(pa.array(rows)).cast(_wide_schema(found.schema)))
        place[where] = before + back
        before += len(rows)
    table = pa.concat_tables(tables).take(pa.array(place)).combine_chunks()
    source.seen.rows += len(some)
    column = {name: _plain(table.column(name)) for name in _WIDE}
    return _checked(source, some, column)


def _wide_schema(found: pa.Schema) -> pa.Schema:
    kinds = {"tracks": pa.large_binary(), "covered": TRACKS.schema.field("covered").type}
    fields = [pa.field(name, kinds.get(name, found.field(name).type)) for name in found.names]
    return pa.schema(fields)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _checked(source: LakeSource, some: Chosen, column: Mapping[str, pa.Array]) -> Rows:
    """The rows; those whose bitmap is not what they say have none, no counts, and nobody vouches for them."""
    changed = _known(column["changed_tracks"])
    tracks = column["tracks"].fill_null(_EMPTY)
    bad = ~column["quarantine_reason"].is_null().to_numpy(zero_copy_only=False) | (changed < 0)
    found = np.where(bad, changed, track_counts(tracks))
    bad |= found != changed
    writes, written = _known(column["writes"]), _known(column["written_bytes"])
    sums = _sums(some, found, column)
    spans = column["covered"].flatten()
    lengths = column["covered"].value_lengths().to_numpy(zero_copy_only=False)
    span_row = np.repeat(np.arange(len(some)), lengths)
    start, end = (
        np.asarray(spans.field(side).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
        for side in ("start", "end")
    )
    if bad.any():
        _tell(source, some, np.flatnonzero(bad))
        tracks = pa.array(
            [_EMPTY if wrong else value for wrong, value in zip(bad, tracks.to_pylist(), strict=True)],
            pa.large_binary(),
        )
        writes, written = np.where(bad, -1, writes), np.where(bad, -1, written)
        sums = [np.where(bad, 0, each) for each in sums]
        # A chunk of a large volume that cannot be read leaves the volume's time in doubt as a whole.
        gone = np.isin(_volume_key(some), _volume_key(some)[bad])
        kept = ~gone[span_row]
        span_row, start, end = span_row[kept], start[kept], end[kept]
    data, edges = bytes_of(tracks)
    return Rows(
        volume=some.volume,
        volume_bytes=_known(column["volume_bytes"]),
        track_bytes=some.track_bytes,
        first_track=some.first_track,
        data=data,
        edges=edges,
        writes=writes,
        written_bytes=written,
        tracks_sum=sums[0],
        bytes_sum=sums[1],
        span_row=span_row,
        span_start=start,
        span_end=end,
        own_start_us=some.own_start_us,
        own_seconds=some.own_seconds,
        source=some.source,
    )


def _sums(some: Chosen, found: Numbers, column: Mapping[str, pa.Array]) -> list[Numbers]:
    """SUM of each row in tracks and bytes: of the intervals that were captured, else of the row itself."""
    size = _known(column["changed_bytes"])
    own = [found, np.where(size < 0, found * some.track_bytes, size)]
    if not some.as_captured:
        return own
    sums = [_known(column[name]) for name in ("changed_tracks_sum", "changed_bytes_sum")]
    return [np.where(each < 0, ours, each) for each, ours in zip(sums, own, strict=True)]


def _volume_key(some: Chosen) -> Numbers:
    """A number for the volume, interval and group of each row."""
    ordered: Numbers = np.unique(
        np.stack([some.volume, some.own_start_us, some.own_seconds, some.source]), axis=1, return_inverse=True
    )[1].reshape(-1)
    return ordered


def _tell(source: LakeSource, some: Chosen, bad: Numbers) -> None:
    seen = source.seen
    seen.unreadable_rows += len(bad)
    for at in bad[: max(0, _NAMED - len(seen.unreadable))].tolist():
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(some.own_start_us[at]))
        seen.unreadable.append(f"{some.names[int(some.volume[at])]} at {moment:%Y-%m-%dT%H:%M:%SZ}")


def _known(column: pa.Array) -> Numbers:
    return np.asarray(column.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
