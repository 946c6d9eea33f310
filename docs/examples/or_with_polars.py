"""Unique bytes of a group over a range of days, straight from the Delta tables, with Polars.

python docs/examples/or_with_polars.py data/lake payroll 2026-11-01 2026-12-01
"""

from __future__ import annotations

import sys
from datetime import date

import polars as pl
from pyroaring import BitMap

folder, group, first, end = sys.argv[1], sys.argv[2], *map(date.fromisoformat, sys.argv[3:5])
rows = pl.scan_delta(f"{folder}/interval_tracks").filter(
    (pl.col("day") >= first) & (pl.col("day") < end) & pl.col("data_groups").list.contains(group)
)
interval = ["array", "volume", "interval_seconds", "interval_start"]
newest = pl.col("revision") == pl.col("revision").max().over(interval)
found: dict[tuple[str, str, int], BitMap] = {}
sizes: dict[tuple[str, str], int] = {}
columns = ["array", "volume", "first_track", "track_bytes", "tracks"]  # null where it is quarantined
for array, volume, chunk, track_bytes, tracks in (
    rows.filter(newest).select(columns).drop_nulls().collect().iter_rows()
):
    if sizes.setdefault((array, volume), track_bytes) != track_bytes:
        sys.exit(f"track_bytes of {array}/{volume} changes in this range: ask before and after the change")
    found.setdefault((array, volume, chunk), BitMap()).update(BitMap.deserialize(tracks))
print(sum(len(bits) * sizes[array, volume] for (array, volume, _), bits in found.items()))
