"""The readers of record: libraries that did not write the tables."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime
from typing import Any

import duckdb
import polars as pl
from pyroaring import BitMap

from streams.lake.formats.iceberg import catalog_of
from streams.settings import Lake
from streams.store.lake.storage import object_store_options
from tests.lake.story import STEP_SECONDS, VOLUMES, entry

CHUNK = 1 << 22

os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")  # the other one is a package of its own


def read(lake: Lake, table: str) -> pl.DataFrame:
    """All rows that the table shows, whatever stands for them."""
    match lake.format:
        case "delta":
            return pl.read_delta(lake.table_uri(table), storage_options=object_store_options(lake) or None)
        case "iceberg":
            found = catalog_of(lake).load_table(f"{lake.namespace}.{table}")
            return pl.scan_iceberg(found, storage_options=object_store_options(lake) or None).collect()
    return parquet(lake, table)


def parquet(lake: Lake, table: str) -> pl.DataFrame:
    """As DuckDB finds it by the names of files, without the ledger."""
    pattern = f"{lake.table_uri(table)}/{'' if table == 'group_definitions' else 'day=*/**/'}*.parquet"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.read_parquet(pattern, hive_partitioning=True, union_by_name=True)
    found = pl.from_arrow(rows.to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found


def measured(lake: Lake) -> Counter[tuple[Any, ...]]:
    """How often each row is there: of a volume in an interval, of an interval of a group, of a definition."""
    tracks = read(lake, "interval_tracks").explode("data_groups").rows(named=True)
    summary = read(lake, "interval_summary").rows(named=True)
    return Counter(
        [
            *(
                (
                    row["data_groups"],
                    f"{row['array']}/{row['volume']}",
                    _seconds(row["interval_start"]),
                    row["revision"],
                    row["first_track"],
                    tuple(BitMap.deserialize(row["tracks"])),
                    row["changed_tracks"],
                    row["writes"],
                )
                for row in tracks
            ),
            *(
                (
                    row["data_group"],
                    _seconds(row["interval_start"]),
                    row["revision"],
                    row["changed_tracks_or"],
                )
                for row in summary
            ),
            *read(lake, "group_definitions").select("data_group", "version").rows(),
        ]
    )


def expected(numbers: range, revision: int = 0) -> Counter[tuple[Any, ...]]:
    """The same, once each, by plain Python from what the story's records were made of."""
    rows: list[tuple[Any, ...]] = []
    for group, volumes in VOLUMES.items():
        rows.append((group, 1))
        for number in numbers:
            changed = 0
            for volume in volumes:
                found = entry(volume, number, revision)
                tracks, writes = found.tracks.tracks().tolist(), found.writes
                changed += len(tracks)
                for first in sorted({track // CHUNK * CHUNK for track in tracks}) or [0]:
                    inside = tuple(track - first for track in tracks if first <= track < first + CHUNK)
                    start = number * STEP_SECONDS
                    rows.append((group, volume, start, revision, first, inside, len(inside), writes))
                    writes = 0
            rows.append((group, number * STEP_SECONDS, revision, changed))
    return Counter(rows)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
