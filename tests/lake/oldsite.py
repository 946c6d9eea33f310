"""Any months-old site for hypothesis, and what plain Python says of it: see `Site` and `answers`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.lake.unique import unique_rows
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US, total_us, union
from streams.wire.lake_rows import Origin, interval_rows
from streams.wire.lake_tables import TRACKS

STEP = 300
HOUR = 3600
CHUNK = 1 << 22
TRACKS_USED = (0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 2)
GROUPS = ("g", "h")
MEMBERS = ("a/v", "a/{}", "b/w")
"""The first and the last one may be in both groups, the middle one is each group's own."""


class Key(NamedTuple):
    """Which table of a volume: of one group, interval and revision."""

    group: str
    start_us: int
    revision: int
    volume: str


@dataclass(frozen=True)
class Site:
    """Intervals, some in two revisions; the tables that came spoilt; and the buckets of arrays.

    An array is in the first of its buckets before `moved_us`, and in the second one from then on.
    """

    intervals: tuple[Interval, ...]
    spoilt: frozenset[Key]
    buckets: Mapping[str, tuple[int, int]]
    moved_us: int

    def rows(self) -> pa.Table:
        """As the sink has them."""
        found = [self._rows(number, each) for number, each in enumerate(self.intervals)]
        return unique_rows(pa.concat_tables(found), TRACKS)

    def _rows(self, number: int, interval: Interval) -> pa.Table:
        rows = interval_rows(interval, Origin("linkgauge.tables", 0, number, number))
        changed = []
        for row in rows.to_pylist():
            row["array_bucket"] = self.buckets[row["array"]][interval.start_us >= self.moved_us]
            volume = f"{row['array']}/{row['volume']}"
            if Key(interval.group, interval.start_us, interval.revision, volume) in self.spoilt:
                row.update(QUARANTINED)
            changed.append(row)
        return pa.Table.from_pylist(changed, schema=TRACKS.schema)

    def newest(self) -> dict[Key, Entry]:
        """What counts: of every volume and interval the newest revision, where it can be read."""
        found = {
            Key(each.group, each.start_us, 0, entry.volume): (each.revision, entry)
            for each in sorted(self.intervals, key=lambda each: each.revision)
            for entry in each.entries
        }
        return {
            key: entry
            for key, (revision, entry) in found.items()
            if key._replace(revision=revision) not in self.spoilt
        }

    def superseded(self) -> frozenset[Key]:
        """The tables of which there is a newer revision."""
        every = {
            Key(each.group, each.start_us, each.revision, entry.volume)
            for each in self.intervals
            for entry in each.entries
        }
        return frozenset(key for key in every if key._replace(revision=key.revision + 1) in every)


QUARANTINED = {
    **dict.fromkeys(("tracks", "changed_tracks", "changed_bytes", "changed_tracks_sum", "changed_bytes_sum")),
    **dict.fromkeys(("writes", "written_bytes")),
    "covered": [],
    "covered_seconds": 0.0,
    "quarantine_reason": "unreadable",
    "quarantined_tracks": b"spoilt",
}
"""What a row says whose bitmap cannot be read."""


@dataclass
class Answer:
    """Of one group, volume and longer interval."""

    tracks: set[tuple[int, int]]
    changed_tracks_sum: int = 0
    changed_bytes_sum: int = 0
    writes: int | None = 0
    written_bytes: int | None = 0
    covered_us: int = 0


Answers = dict[tuple[str, str, int], Answer]


def added(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def expected(site: Site, seconds: int) -> Answers:
    """What was measured, interval by interval."""
    found: Answers = {}
    for key, entry in site.newest().items():
        own = found.setdefault((key.group, key.volume, key.start_us // (seconds * US)), Answer(set()))
        own.tracks |= {(entry.track_bytes, track) for track in entry.tracks.tracks().tolist()}
        own.changed_tracks_sum += entry.changed_tracks
        own.changed_bytes_sum += entry.changed_bytes
        own.writes = added(own.writes, entry.writes)
        own.written_bytes = added(own.written_bytes, entry.written_bytes)
        own.covered_us += total_us(entry.covered)
    return found


def answers(rows: Iterable[dict[str, Any]], seconds: int) -> Answers:
    """What rows of the lake say, through the view that docs/lake.md gives to users."""
    view: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["revision"], row["ingested_at"])):
        for group in row["data_groups"]:
            names = ("array", "volume", "interval_start", "interval_seconds", "chunk")
            view[group, *(row[name] for name in names)] = row
    found: Answers = {}
    for (group, *_), row in view.items():
        if row["quarantine_reason"] is not None:
            continue
        volume, start = f"{row['array']}/{row['volume']}", int(row["interval_start"].timestamp())
        own = found.setdefault((group, volume, start // seconds), Answer(set()))
        bits = BitMap.deserialize(row["tracks"])
        assert len(bits) == row["changed_tracks"]
        own.tracks |= {(row["track_bytes"], row["first_track"] + track) for track in bits}
        own.changed_tracks_sum += row["changed_tracks_sum"]
        own.changed_bytes_sum += row["changed_bytes_sum"]
        own.writes = added(own.writes, row["writes"])
        own.written_bytes = added(own.written_bytes, row["written_bytes"])
        own.covered_us += round(row["covered_seconds"] * US)
    return found


@dataclass(frozen=True)
class Definition:
    """What a group is for a while: its members, its tracks, and how many steps an interval has."""

    members: tuple[str, ...]
    track_bytes: int
    steps: int


@st.composite
def definitions(draw: st.DrawFn, group: str, track_sizes: Sequence[int]) -> Definition:
    members = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True))
    return Definition(
        tuple(sorted(each.format(group) for each in members)),
        draw(st.sampled_from(track_sizes)),
        draw(st.sampled_from([1, 1, 2])),
    )


@st.composite
def entries(draw: st.DrawFn, volume: str, track_bytes: int, start_us: int, end_us: int) -> Entry:
    edges = sorted(set(draw(st.lists(st.integers(start_us, end_us), max_size=4))))
    known = draw(st.sampled_from([True, True, False]))
    return Entry(
        volume=volume,
        volume_bytes=draw(st.sampled_from([None, 1 << 40, track_bytes * (CHUNK + 3) - 100])),
        track_bytes=track_bytes,
        tracks=BitTable.of(draw(st.lists(st.sampled_from(TRACKS_USED), max_size=4))),
        writes=draw(st.integers(0, 9)) if known else None,
        written_bytes=draw(st.integers(0, 1 << 20)) if known else None,
        covered=union(zip(edges[::2], edges[1::2], strict=False)),
    )


@st.composite
def revised(draw: st.DrawFn, entry: Entry) -> Entry:
    """The entry with late writes in it, which only ever add."""
    tracks = entry.tracks.copy()
    tracks.update(BitTable.of(draw(st.lists(st.sampled_from(TRACKS_USED), max_size=2))))
    return replace(entry, tracks=tracks, writes=added(entry.writes, 1))


@st.composite
def sites(draw: st.DrawFn, hours: int = 4, track_sizes: Sequence[int] = (65_536, 65_536, 4096)) -> Site:
    """Two groups that share volumes, each defined anew at some time; some intervals revised, some spoilt."""
    most = hours * HOUR // STEP - 1
    changes = {group: draw(st.integers(0, most)) // 2 * 2 for group in GROUPS}
    defined = {group: [draw(definitions(group, track_sizes)) for _ in range(2)] for group in GROUPS}
    found: list[Interval] = []
    measured: dict[tuple[Any, ...], Entry] = {}
    for number in sorted(draw(st.lists(st.integers(0, most), min_size=1, max_size=7, unique=True))):
        for group in draw(st.sampled_from([GROUPS, GROUPS, GROUPS[:1], GROUPS[1:]])):
            now = defined[group][number >= changes[group]]
            start_us = number // now.steps * now.steps * STEP * US
            if any((each.group, each.start_us) == (group, start_us) for each in found):
                continue
            end_us = start_us + now.steps * STEP * US
            own = []
            for volume in now.members:
                alike = (volume, now.track_bytes, start_us, end_us)
                if alike not in measured or draw(st.sampled_from([False, False, True])):
                    measured[alike] = draw(entries(*alike))
                own.append(measured[alike])
            for revision in range(draw(st.sampled_from([1, 1, 2]))):
                if revision:
                    own = [draw(revised(entry)) for entry in own]
                length = now.steps * STEP
                found.append(
                    Interval(group, 1, length, start_us, revision, False, tuple(own), 10, None, 0, 0)
                )
    keys = [Key(each.group, each.start_us, each.revision, e.volume) for each in found for e in each.entries]
    spoilt = draw(st.one_of(st.just([]), st.lists(st.sampled_from(keys), max_size=2)))
    buckets = {array: (draw(st.integers(0, 1)), draw(st.integers(0, 1))) for array in "ab"}
    return Site(tuple(found), frozenset(spoilt), buckets, draw(st.integers(0, most)) * STEP * US)
