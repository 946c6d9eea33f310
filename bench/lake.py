"""The lake's sink without Kafka: entries taken in a second, bytes on disk for each, for every format.

`python -m bench.lake --days 1 --volumes 500`: tables of 5 minutes with up to 200 changed tracks in each
volume, encoded as they are on the topic before the clock starts, then read, checked and committed an hour
of them at once. Days are folders of their own and cost alike, so a longer range is a multiple of this.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import orjson

from streams.lake.feed import Feed
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.lake.progress import LogId
from streams.lake.sources import SOURCES
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.settings import Lake
from streams.wire.lake_tables import TRACKS
from streams.wire.record import Received
from streams.wire.tables import encode_tables

_STEP_SECONDS: Final = 300
_PER_DAY: Final = 86_400 // _STEP_SECONDS
_COMMIT_EVERY: Final = 12
_VOLUMES_PER_GROUP: Final = 10
_VOLUME_TRACKS: Final = 1 << 22  # 256 GiB of 64 KiB tracks


def messages(days: int, volumes: int, tracks: int) -> Iterator[list[Received]]:
    """The table messages of each interval, one group for ten volumes."""
    dice = np.random.default_rng(7)
    hot = dice.integers(0, _VOLUME_TRACKS, (volumes, 20 * tracks))
    offset = 0
    for number in range(days * _PER_DAY):
        found = []
        for group in range(0, volumes, _VOLUMES_PER_GROUP):
            names = range(group, min(group + _VOLUMES_PER_GROUP, volumes))
            for record in encode_tables(_interval(group, names, number, tracks, hot, dice)):
                found.append(Received("tables", 0, offset, 0, record.key, record.value))
                offset += 1
        yield found


def _interval(  # what makes an interval
    group: int, names: range, number: int, tracks: int, hot: Any, dice: np.random.Generator
) -> Interval:
    start_us = number * _STEP_SECONDS * US
    entries = []
    for name in names:
        chosen = hot[name][dice.zipf(1.3, tracks * 2) % hot.shape[1]]
        table = BitTable.of(np.unique(chosen)[:tracks].tolist())
        span = [(start_us, start_us + _STEP_SECONDS * US)]
        entries.append(
            Entry(f"array{name % 40}/v{name:04}", 1 << 38, 65_536, table, 3 * tracks, 12_288 * tracks, span)
        )
    return Interval(f"g{group:04}", 1, _STEP_SECONDS, start_us, 0, False, tuple(entries), 10, (0,) * 30, 0, 0)


def measured(form: str, days: int, volumes: int, tracks: int) -> dict[str, Any]:
    """One format: rates, sizes, and what compaction makes of it."""
    folder = Path(tempfile.mkdtemp(prefix="linkgauge-bench-lake-"))
    try:
        lake = Lake(format=form, path=str(folder))  # type: ignore[arg-type]  # one of its own formats
        source = next(each for each in SOURCES if each.table is TRACKS)
        feed = Feed(source, open_table(lake, TRACKS), LogId("bench", "tables", "bench"))
        feed.begin([0])
        entries, changed, seconds = 0, 0, 0.0
        waiting: list[Received] = []
        for number, found in enumerate(messages(days, volumes, tracks), 1):
            waiting += found
            if number % _COMMIT_EVERY:
                continue
            begun = time.perf_counter()
            for message in waiting:
                feed.take(message)
            feed.commit()
            seconds += time.perf_counter() - begun
            entries += volumes * _COMMIT_EVERY
            waiting = []
        begun = time.perf_counter()
        done = list(compact(lake, TRACKS, open_table(lake, TRACKS), date(1970, 1, 2), lambda *_: None))
        compacting = time.perf_counter() - begun
        after = open_table(lake, TRACKS).snapshot().folders()
        changed = sum(each.before.rows for each in done)
        return {
            "format": form,
            "entries": entries,
            "rows": feed.counts.rows,
            "entries_per_second": round(entries / seconds),
            "bytes_per_entry_as_committed": round(sum(e.before.size_bytes for e in done) / entries, 1),
            "bytes_per_entry_compacted": round(sum(e.size_bytes for e in after) / entries, 1),
            "compacted_rows_per_second": round(changed / compacting),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Prints a line of JSON for each format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--volumes", type=int, default=500)
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--only", choices=get_args(Lake.model_fields["format"].annotation), default=None)
    asked = parser.parse_args()
    forms = [asked.only] if asked.only else get_args(Lake.model_fields["format"].annotation)
    for form in forms:
        print(orjson.dumps(measured(form, asked.days, asked.volumes, asked.tracks)).decode(), flush=True)


if __name__ == "__main__":
    main()
