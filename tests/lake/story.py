"""What a small site puts on its topics: definitions, bit tables and summaries of two groups that overlap."""

from __future__ import annotations

import random
from collections.abc import Iterator

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval, Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.definitions import encode_version
from streams.wire.record import Record
from streams.wire.summaries import encode_summary
from streams.wire.tables import encode_tables

STEP_SECONDS = 300
GEOMETRY = Geometry.for_interval(STEP_SECONDS)
VOLUMES = {"oltp": ("east/a", "east/b", "west/a"), "files": ("east/b", "west/z")}
"""Both groups have `east/b`."""


def definition(group: str) -> Version:
    members = tuple(Member(*volume.split("/"), volume_bytes=1 << 40) for volume in VOLUMES[group])
    return Version(1, None, 0, Definition(group, members, GEOMETRY))


def interval(group: str, number: int, revision: int = 0, volumes: tuple[str, ...] | None = None) -> Interval:
    """Interval `number` of the group; what changed depends on volume, number and revision alone."""
    start_us = number * STEP_SECONDS * US
    return Interval(
        group=group,
        definition_version=1,
        rung_seconds=STEP_SECONDS,
        start_us=start_us,
        revision=revision,
        partial=False,
        entries=tuple(entry(volume, number, revision) for volume in volumes or VOLUMES[group]),
        slot_seconds=10,
        written_bytes_by_slot=(0,) * 30,
        discards=0,
        late_writes=revision,
    )


def entry(volume: str, number: int, revision: int = 0) -> Entry:
    """An idle volume now and then, and tracks on both sides of a chunk's edge."""
    dice = random.Random(f"{volume} {number}")
    count = dice.randrange(40) if dice.random() < 0.8 else 0
    tracks = {dice.randrange(1 << 23) for _ in range(count)} | set(range(revision))
    start_us = number * STEP_SECONDS * US
    return Entry(
        volume=volume,
        volume_bytes=1 << 40,
        track_bytes=65_536,
        tracks=BitTable.of(tracks),
        writes=3 * len(tracks),
        written_bytes=3 * 4096 * len(tracks),
        covered=[(start_us, start_us + STEP_SECONDS * US)],
    )


def records(group: str, numbers: range, revision: int = 0) -> Iterator[tuple[str, Record]]:
    """`(topic, record)` in the order in which a worker writes them."""
    yield "groups", encode_version(definition(group))
    for number in numbers:
        found = interval(group, number, revision)
        yield from (("tables", record) for record in encode_tables(found))
        yield "intervals", encode_summary(summarise(found, Totals(intervals_closed=number), None))
