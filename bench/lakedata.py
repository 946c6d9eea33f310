"""Synthetic lakes for `bench.lake`: days of rows made as columns, written by the sink's own writer.

A bitmap is drawn from a pool of many, so that months are made in minutes. What the sink does before its
writer, reading messages and checking them, is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

from streams.lake.formats.opening import open_table
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.settings import Lake
from streams.wire.lake_rows import Origin, bucket_count, definition_row, rows_table
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS, VERSION

__all__ = ["Site", "write_days", "write_definitions"]

_TRACK_BYTES = 65_536
_VOLUME_BYTES = 1 << 38
_TRACKS = _VOLUME_BYTES // _TRACK_BYTES
_HEAT = 8
"""Tracks are `_TRACKS * u ** _HEAT`, u uniform: three of five fall on one part in 64 of the volume."""
_VOLUMES_PER_ARRAY = 100
_DAY_SECONDS = 86_400
_POOL = 1 << 18


@dataclass(frozen=True)
class Site:
    """Groups of `group_volumes` volumes each; up to so many tracks of each are written in an interval."""

    volumes: int
    group_volumes: int = 10
    tracks: int = 240
    interval_seconds: int = 300

    @property
    def groups(self) -> list[str]:
        """Their names."""
        return [f"group-{number:05}" for number in range(self.volumes // self.group_volumes)]

    @property
    def entries_a_day(self) -> int:
        """Rows of a day."""
        return self.volumes * (_DAY_SECONDS // self.interval_seconds)

    @cached_property
    def pool(self) -> tuple[pa.Array, NDArray[np.int64]]:
        """Bitmaps, and how many tracks each has."""
        dice = np.random.default_rng(1)
        drawn = (_TRACKS * dice.random((min(_POOL, self.entries_a_day), self.tracks)) ** _HEAT).astype(
            np.uint32
        )
        bits = [BitMap(row) for row in drawn]
        return pa.array([each.serialize() for each in bits], pa.binary()), np.array(list(map(len, bits)))

    @cached_property
    def buckets(self) -> list[list[int]]:
        """The volumes of each bucket of arrays, as the sink divides them."""
        found: dict[int, list[int]] = {}
        count = bucket_count(-(-self.volumes // _VOLUMES_PER_ARRAY))
        for volume in range(self.volumes):
            array, _ = self.name(volume)
            found.setdefault(crc32(array.encode()) % count, []).append(volume)
        return [found.get(bucket, []) for bucket in range(count)]

    def name(self, volume: int) -> tuple[str, str]:
        """Array and volume."""
        return f"array-{volume // _VOLUMES_PER_ARRAY:04}", f"volume-{volume:06}"


def write_definitions(lake: Lake, site: Site) -> None:
    """Makes all three tables, with a definition of every group."""
    geometry, origin = Geometry.for_interval(site.interval_seconds), Origin("bench", None, None, 0)
    rows = []
    for number, name in enumerate(site.groups):
        first = number * site.group_volumes
        members = tuple(
            Member(*site.name(volume), _VOLUME_BYTES) for volume in range(first, first + site.group_volumes)
        )
        rows.append(definition_row(Version(1, None, 0, Definition(name, members, geometry)), origin))
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, rows))
    open_table(lake, SUMMARY)


def write_days(lake: Lake, site: Site, days: range) -> Iterator[int]:
    """Appends days from 1970-01-01 on, each bucket in one commit of sorted rows; yields a day's rows."""
    table = open_table(lake, TRACKS)
    for day in days:
        for bucket, volumes in enumerate(site.buckets):
            table.append(day_rows(site, day, bucket, volumes))
        yield site.entries_a_day


def day_rows(site: Site, day: int, bucket: int, volumes: Sequence[int]) -> pa.Table:
    """The rows of one day and bucket, in the order in which files hold them."""
    blobs, sizes = site.pool
    steps = _DAY_SECONDS // site.interval_seconds
    count = len(volumes) * steps
    drawn = np.random.default_rng([2, day, bucket]).integers(0, len(sizes), count)
    changed = sizes[drawn]
    volume = pa.array(np.repeat(np.asarray(volumes, np.int64), steps))
    names = [site.name(number) for number in range(site.volumes)]
    start = (day * _DAY_SECONDS + np.tile(np.arange(steps) * site.interval_seconds, len(volumes))) * US
    end = start + site.interval_seconds * US
    groups = [[name] for name in site.groups for _ in range(site.group_volumes)]
    spans = pa.StructArray.from_arrays(
        [pa.array(start).cast(_TIME), pa.array(end).cast(_TIME)],
        fields=list(TRACKS.schema.field("covered").type.value_type),
    )
    columns: dict[str, pa.Array] = {
        "array": pa.array([array for array, _ in names]).take(volume),
        "volume": pa.array([name for _, name in names]).take(volume),
        "interval_start": start,
        "interval_end": end,
        "data_groups": pa.array(groups, TRACKS.schema.field("data_groups").type).take(volume),
        "tracks": blobs.take(pa.array(drawn)),
        "covered": pa.ListArray.from_arrays(
            np.arange(count + 1, dtype=np.int32), spans, type=TRACKS.schema.field("covered").type
        ),
        **dict.fromkeys(("changed_tracks", "changed_tracks_sum", "writes"), changed),
        **dict.fromkeys(("changed_bytes", "changed_bytes_sum"), changed * _TRACK_BYTES),
        "written_bytes": changed * 4096,
    }
    alike = {
        "day": day,
        "array_bucket": bucket,
        "interval_seconds": site.interval_seconds,
        "revision": 0,
        "volume_bytes": _VOLUME_BYTES,
        "track_bytes": _TRACK_BYTES,
        "chunk": 0,
        "chunks": 1,
        "first_track": 0,
        "covered_seconds": float(site.interval_seconds),
        "source_topic": "bench",
        "ingested_at": 0,
        "schema_version": VERSION,
    }
    made = []
    for field in TRACKS.schema:
        if field.name in columns:
            made.append(pa.array(columns[field.name]).cast(field.type))
        else:
            made.append(pa.repeat(pa.scalar(alike.get(field.name), field.type), count))
    return pa.Table.from_arrays(made, schema=TRACKS.schema)


_TIME = pa.timestamp("us", "UTC")
