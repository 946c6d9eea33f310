"""Questions over the lake beside a plain scan of the same Parquet: `python -m bench.lake --days 9`.

Scaled down from 90 days of 500 volumes; time and memory of each reader are those of a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from pyroaring import BitMap

from streams.lake.formats.opening import open_table
from streams.lake.unique import sorted_rows
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.portableruns import runs_of_bitmaps
from streams.model.state import Version
from streams.settings import Lake
from streams.store import LakeSource, read_stored
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS

_STEPS = 288
_TRACKS = 200
_GEOMETRY = Geometry.for_interval(300)


def write(lake: Lake, days: int, volumes: int) -> None:
    """One group of so many volumes, about 200 changed tracks in each interval of each."""
    dice, origin = np.random.default_rng(1), Origin("bench", None, None, 0)
    members = tuple(Member("array", f"v{number:04}", 1 << 40) for number in range(volumes))
    definition = definition_row(Version(1, None, 0, Definition("group", members, _GEOMETRY)), origin)
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, [definition]))
    open_table(lake, SUMMARY)
    table = open_table(lake, TRACKS)
    for day in range(days):
        rows = []
        for step in range(day * _STEPS, (day + 1) * _STEPS):
            found = np.unique(dice.zipf(1.3, (volumes, _TRACKS)) % 4_000_000, axis=1)
            start_us = step * 300 * US
            covered = [(start_us, start_us + 300 * US)]
            entries = tuple(
                Entry(member.id, 1 << 40, 65_536, BitTable.of(np.unique(own).tolist()), 200, 819_200, covered)
                for member, own in zip(members, found, strict=True)
            )
            interval = Interval("group", 1, 300, start_us, 0, False, entries, 10, None, 0, 0)
            rows.append(interval_rows(interval, origin))
        table.append(sorted_rows(pa.concat_tables(rows), TRACKS))


def linkgauge_or(lake: Lake) -> int:
    """Tracks of the OR over all days, through the store."""
    stored = read_stored(LakeSource(lake), ["group"])["group"]
    total = 0
    for volume in stored.volumes():
        _, first, last = runs_of_bitmaps(volume.bitmaps)
        union = BitMap()
        for low, high in zip(first.tolist(), last.tolist(), strict=True):
            union.add_range(low, high + 1)
        total += len(union)
    return total


def polars_or(lake: Lake) -> int:
    """The same by a scan that knows no revision, group, coverage or damage."""
    pattern = f"{lake.table_uri('interval_tracks')}/day=*/**/*.parquet"
    found: dict[str, BitMap] = {}
    for volume, tracks in pl.scan_parquet(pattern).select("volume", "tracks").collect().iter_rows():
        found.setdefault(volume, BitMap()).update(BitMap.deserialize(tracks))
    return sum(map(len, found.values()))


def _timed(ask: Callable[[Lake], int], lake: Lake, out: Connection) -> None:
    begun = time.perf_counter()
    answer = ask(lake)
    seconds = time.perf_counter() - begun
    out.send((answer, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def main() -> None:
    """Writes the lake, asks both, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--volumes", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(format="parquet", path=folder)
        write(lake, asked.days, asked.volumes)
        entries = asked.days * asked.volumes * _STEPS
        size = sum(f.stat().st_size for f in Path(folder, TRACKS.name).rglob("*.parquet"))
        print(f"{entries} entries, {size / entries:.0f} B each on disk")
        context = multiprocessing.get_context("spawn")
        answers = set()
        for name, ask in (("linkgauge", linkgauge_or), ("polars scan", polars_or)):
            receive, send = context.Pipe(duplex=False)
            process = context.Process(target=_timed, args=(ask, lake, send))
            process.start()
            answer, seconds, peak = receive.recv()
            process.join()
            answers.add(answer)
            print(f"{name}: OR {answer} tracks in {seconds:.2f} s, peak {peak} MiB")
        if len(answers) > 1:
            raise SystemExit("the two do not agree")


if __name__ == "__main__":
    main()
