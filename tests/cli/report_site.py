"""Groups on the topics for tests of reports, and what a brute force says of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from click.testing import Result
from typer.testing import CliRunner

from streams.cli import app
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.definitions import encode_version
from streams.wire.tables import encode_tables

__all__ = ["SLOT", "STEP", "TRACK", "Site", "flat", "put_site", "random_tables", "report"]

TRACK, STEP, SLOT = 4096, 300, 60
SLOTS = STEP // SLOT

Tables = list[dict[str, set[int]] | None]


@dataclass
class Site:
    """Tables by group and interval (None is a gap) and written bytes by slot, None where nobody counted."""

    groups: dict[str, Tables] = field(default_factory=dict)
    written: dict[str, list[int] | None] = field(default_factory=dict)

    def tables(self, groups: Sequence[str] | None = None) -> list[dict[str, set[int]]]:
        """The union of the groups' volumes, interval by interval; a gap is empty."""
        chosen = [self.groups[group] for group in groups or self.groups]
        return [
            {volume: set(tracks) for part in parts if part for volume, tracks in part.items()}
            for parts in zip(*chosen, strict=True)
        ]

    def sums(self, keep: Callable[[str], bool] = lambda _: True) -> tuple[int, int]:
        """Tracks in SUM and in OR of the volumes that are kept, counted one by one."""
        total, union = 0, set()
        for table in self.tables():
            for volume, tracks in table.items():
                if keep(volume):
                    total += len(tracks)
                    union |= {(volume, track) for track in tracks}
        return total, len(union)

    def unique(self, length: int, groups: Sequence[str] | None = None) -> list[int]:
        """Unique tracks of every window of so many intervals."""
        tables = self.tables(groups)
        found = []
        for start in range(len(tables) - length + 1):
            window = tables[start : start + length]
            found.append(len({(v, t) for table in window for v, tracks in table.items() for t in tracks}))
        return found


def report(*arguments: str, code: int = 0) -> Result:
    """`linkgauge report` as typed, ended as expected."""
    ended = CliRunner().invoke(app, ["report", *arguments])
    assert ended.exit_code == code, ended.output
    return ended


def flat(ended: Result) -> str:
    """A complaint as one line, out of the frame that a terminal shows it in."""
    return " ".join(ended.stderr.replace("│", " ").split())


def random_tables(seed: int, volumes: Sequence[str], count: int) -> Tables:
    """Tracks at random, some of them hot; no gap."""
    source = random.Random(seed)
    return [
        {
            volume: {int(source.triangular(0, 64, 5)) for _ in range(source.randrange(14))}
            for volume in volumes
        }
        for _ in range(count)
    ]


def put_site(put: Callable[..., None], site: Site, start_us: int = 0) -> None:
    """Writes definitions and tables of the site to the topics."""
    for group, tables in site.groups.items():
        volumes = sorted({volume for table in tables if table for volume in table})
        members = tuple(Member(*volume.split("/"), 64 * TRACK) for volume in volumes)
        geometry = Geometry(track_bytes=TRACK, interval_seconds=STEP, slot_seconds=SLOT, rungs_seconds=())
        put("groups", group, [encode_version(Version(1, None, 0, Definition(group, members, geometry)))])
        slots = site.written.get(group)
        for index, table in enumerate(tables):
            if table is not None:
                part = None if slots is None else slots[index * SLOTS : (index + 1) * SLOTS]
                put("tables", group, encode_tables(interval(group, start_us, index, table, part)))


def interval(
    group: str, origin_us: int, index: int, table: Mapping[str, set[int]], slots: list[int] | None
) -> Interval:
    """One closed interval; the bytes of its slots are those of its first volume."""
    start_us = origin_us + index * STEP * US
    entries = []
    for place, (volume, tracks) in enumerate(sorted(table.items())):
        written = None if slots is None else sum(slots) * (place == 0)
        covered = [(start_us, start_us + STEP * US)]
        entries.append(Entry(volume, 64 * TRACK, TRACK, BitTable.of(tracks), len(tracks), written, covered))
    by_slot = None if slots is None else tuple(slots)
    return Interval(group, 1, STEP, start_us, 0, False, tuple(entries), SLOT, by_slot, 0, 0)
