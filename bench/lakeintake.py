"""How fast the sink takes table messages into each format, without Kafka: `python -m bench.lakeintake`.

Messages of a site of 500 volumes in groups of ten are made first; then they are read, checked, sorted and
committed, an hour at a time as a busy sink does. Sizes are of the files as committed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.lakedata import Site
from streams.lake.feed import Feed
from streams.lake.formats.opening import open_table
from streams.lake.progress import LogId
from streams.lake.sources import SOURCES
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.settings import Lake
from streams.wire.lake_tables import TRACKS
from streams.wire.record import Received
from streams.wire.tables import encode_tables

_PER_COMMIT = 12
_STEP_US = 300 * US


def messages(site: Site, steps: int) -> list[list[Received]]:
    """By commit, the table messages of so many intervals of every group."""
    dice, offset = np.random.default_rng(3), 0
    found: list[list[Received]] = []
    for step in range(steps):
        if step % _PER_COMMIT == 0:
            found.append([])
        start_us = step * _STEP_US
        for number, group in enumerate(site.groups):
            entries = []
            for volume in range(number * site.group_volumes, (number + 1) * site.group_volumes):
                tracks = np.unique((dice.random(site.tracks) ** 8 * (1 << 22)).astype(np.int64)).tolist()
                spans = [(start_us, start_us + _STEP_US)]
                name = "/".join(site.name(volume))
                entries.append(Entry(name, 1 << 38, 65_536, BitTable.of(tracks), 240, 983_040, spans))
            interval = Interval(group, 1, 300, start_us, 0, False, tuple(entries), 10, None, 0, 0)
            for record in encode_tables(interval):
                message = Received("t", 0, offset, 0, record.key, record.value, record.headers)
                found[-1].append(message)
                offset += 1
    return found


def main() -> int:
    """Prints a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=48)
    options = parser.parse_args()
    site = Site(500)
    commits = messages(site, options.steps)
    entries = options.steps * site.volumes
    source = next(each for each in SOURCES if each.table is TRACKS)
    for form in ("delta", "iceberg", "parquet"):
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(format=form, path=folder)
            feed = Feed(source, open_table(lake, TRACKS), LogId("bench", "t", "t"))
            feed.begin([0])
            begun = time.perf_counter()
            for each in commits:
                for message in each:
                    feed.take(message)
                feed.commit()
            seconds = time.perf_counter() - begun
            size = sum(file.stat().st_size for file in Path(folder, TRACKS.name).rglob("*.parquet"))
        line = f"{form}: {entries:,} entries at {entries / seconds:,.0f}/s, {size / entries:.0f} B each"
        print(line, flush=True)  # a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
