"""What a site of some size needs of Kafka and of workers: `python -m ops.sizing` prints the docs' table.

Every constant was measured: bytes with the encoders themselves (tests/ops/test_sizing.py holds them to it),
costs by the benchmarks in docs/performance.md, whose machine's cores are meant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["SITES", "Site", "page", "table_bytes"]

DAY_SECONDS = 86_400
WRITE_BYTES = 9.2  # as Arrow columns, before compression
GROUP_TABLE_BYTES = 2_300  # of a message of tables whose group has no volume
ROW_BYTES = 115  # of a volume, and of each further 2^22 tracks of it that were touched
TRACK_BYTES = 2
CHUNK_BYTES = 8  # of each 65,536 tracks, 4 GiB of 64 KiB, that were touched
SUMMARY_BYTES = 1_250
CORE_SECONDS_PER_WRITE = 0.1e-6  # Faust shell, 16 volumes, hot spot
CORE_SECONDS_PER_MESSAGE = 0.36e-3
CORE_SECONDS_PER_INTERVAL = 2e-3  # of one group
USE = 0.5  # of a worker's core: the other half catches up after a hand-over or an outage
HELD_TRACK_BYTES, HELD_CHUNK_BYTES, HELD_TABLE_BYTES = 4, 64, 16  # in memory
PROCESS_BYTES = 300e6
SESSION_SECONDS = 6  # until a death is seen
TABLES_READ_BYTES_PER_SECOND = 20e6  # back into memory
KAFKA_BYTES_PER_SECOND = 10e6  # that one partition should carry


@dataclass(frozen=True, slots=True)
class Site:
    """A site's size; changed tracks are those of a volume in a base interval, within `chunks` of 65,536."""

    name: str
    groups: int
    volumes: int
    writes_per_second: float
    changed_tracks: int = 500
    chunks: int = 2
    rows: int = 1
    interval_seconds: int = 300
    rungs_seconds: tuple[int, ...] = (900, 3600)
    batch_seconds: int = 10
    late_seconds: int = 3600
    copies: int = 3
    writes_days: int = 3
    tables_days: int = 7
    intervals_days: int = 35


SITES = (
    Site("3 arrays", 20, 500, 60_000),
    Site("30 arrays", 1_000, 10_000, 600_000),
    Site("300 arrays", 10_000, 100_000, 6_000_000),
)


def table_bytes(volumes: int, changed_tracks: int, chunks: int, rows: int = 1) -> int:
    """Bytes of the tables of a group and interval; a large volume has a row for each 2^22 tracks touched."""
    volume = ROW_BYTES * rows + TRACK_BYTES * changed_tracks + CHUNK_BYTES * chunks
    return GROUP_TABLE_BYTES + volumes * volume


def messages_per_second(site: Site) -> float:
    """A batch leaves at 8,192 writes or after `batch_seconds`, of each group."""
    return max(site.groups / site.batch_seconds, site.writes_per_second / 8_192)


def cores(site: Site) -> float:
    """Cores that the workers use all together."""
    return (
        site.writes_per_second * CORE_SECONDS_PER_WRITE
        + messages_per_second(site) * CORE_SECONDS_PER_MESSAGE
        + site.groups / site.interval_seconds * CORE_SECONDS_PER_INTERVAL
    )


def workers(site: Site) -> int:
    """Workers, one for a core; two at least, so that one may fail."""
    return max(2, math.ceil(cores(site) / USE))


def closing_seconds(site: Site) -> float:
    """How long workers are busy when all groups close at once, at every full interval."""
    return site.groups * CORE_SECONDS_PER_INTERVAL / workers(site)


def takeover_seconds(site: Site, count: int) -> float:
    """From the death of one of `count` workers late in an interval until the others are at the head.

    They see it late, read back the tables of the late window, and read the open interval's messages again,
    beside what they do anyway.
    """
    survivors = count - 1
    spare = 1 - cores(site) / survivors
    if spare <= 0:
        return math.inf
    late_intervals = math.ceil(site.late_seconds / site.interval_seconds)
    tables = _tables_of_an_interval(site) * late_intervals / TABLES_READ_BYTES_PER_SECOND
    again = site.interval_seconds * (
        site.writes_per_second * CORE_SECONDS_PER_WRITE + messages_per_second(site) * CORE_SECONDS_PER_MESSAGE
    )
    return SESSION_SECONDS + (tables + again) / count / survivors / spare


def workers_for_takeover(site: Site, seconds: float = 15.0) -> int:
    """The fewest workers, of those that the load needs or more, of whom one may die for so long."""
    count = workers(site)
    while takeover_seconds(site, count) > seconds:
        count += 1
    return count


def partitions(site: Site) -> int:
    """Four times the workers of today and what Kafka's partitions carry well; a multiple of 8."""
    load = site.writes_per_second * WRITE_BYTES / KAFKA_BYTES_PER_SECOND
    return 8 * math.ceil(max(4 * workers_for_takeover(site), load) / 8)


def writes_disk_bytes(site: Site) -> float:
    """On all brokers together, before compression."""
    return site.writes_per_second * WRITE_BYTES * DAY_SECONDS * site.writes_days * site.copies


def tables_disk_bytes(site: Site) -> float:
    """On all brokers together."""
    intervals = DAY_SECONDS * site.tables_days / site.interval_seconds
    return _tables_of_an_interval(site) * intervals * site.copies


def intervals_disk_bytes(site: Site) -> float:
    """On all brokers together, rungs included."""
    a_day = sum(DAY_SECONDS / seconds for seconds in (site.interval_seconds, *site.rungs_seconds))
    return site.groups * SUMMARY_BYTES * a_day * site.intervals_days * site.copies


def worker_memory_bytes(site: Site) -> float:
    """Of one worker: what is open, and closed tables within the late window."""
    held = 2 + site.late_seconds / site.interval_seconds
    table = HELD_TABLE_BYTES + HELD_TRACK_BYTES * site.changed_tracks + HELD_CHUNK_BYTES * site.chunks
    return PROCESS_BYTES + site.volumes * held * table / workers(site)


def page() -> str:
    """The table as it stands in docs/operations.md."""
    lines = [
        "| | " + " | ".join(site.name for site in SITES) + " |",
        "| --- |" + " --- |" * len(SITES),
    ]
    rows = {
        "groups": [f"{site.groups:,}" for site in SITES],
        "volumes": [f"{site.volumes:,}" for site in SITES],
        "writes per second": [f"{site.writes_per_second:,}" for site in SITES],
        "messages per second": [f"{messages_per_second(site):,.0f}" for site in SITES],
        "cores that workers use": [f"{cores(site):.2f}" for site in SITES],
        "**workers**, for the load": [f"**{workers(site)}**" for site in SITES],
        "a worker dies: at the head again after": [
            f"{takeover_seconds(site, workers(site)):.0f} s" for site in SITES
        ],
        "**workers**, for that to be at most 15 s": [f"**{workers_for_takeover(site)}**" for site in SITES],
        "**partitions**": [f"**{partitions(site)}**" for site in SITES],
        "all groups close at once: busy for": [f"{closing_seconds(site):.2g} s" for site in SITES],
        "memory of a worker": [_bytes(worker_memory_bytes(site)) for site in SITES],
        "disk of `writes`, 3 days, 3 copies": [_bytes(writes_disk_bytes(site)) for site in SITES],
        "disk of `tables`, 7 days, 3 copies": [_bytes(tables_disk_bytes(site)) for site in SITES],
        "disk of `intervals`, 35 days, 3 copies": [_bytes(intervals_disk_bytes(site)) for site in SITES],
    }
    lines += [f"| {name} | " + " | ".join(values) + " |" for name, values in rows.items()]
    return "\n".join(lines) + "\n"


def _tables_of_an_interval(site: Site) -> float:
    a_group = table_bytes(0, 0, 0) * site.groups
    volumes = table_bytes(site.volumes, site.changed_tracks, site.chunks, site.rows) - GROUP_TABLE_BYTES
    return a_group + volumes


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number / 1e6:.3g} MB"


if __name__ == "__main__":
    print(page(), end="")
