"""Real traces in a lake: any range and any group, also one defined afterwards, as the raw file says.

LINKGAUGE_TRACES names the folder of the traces; without it there is nothing here to collect.
"""

from __future__ import annotations

import os
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from streams.agents.traces import TraceOptions, read_trace
from streams.lake.backfill import backfill
from streams.lake.formats.opening import open_table
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.sizing.extents import inside_extents
from streams.model.sizing.grid import Grid
from streams.settings import Lake
from streams.store import LakeSource, Only, lake_unions, read_stored
from streams.wire.lake_rows import Origin
from streams.wire.lake_tables import TABLES

FOLDER = os.environ.get("LINKGAUGE_TRACES")
TRACK, STEP_US = 65_536, 300 * US
GEOMETRY = Geometry.for_interval(300)


@cache
def writes():
    files = sorted(Path(FOLDER or "", "msr").glob("*.csv"))
    return read_trace(files, TraceOptions(format="msr")).writes


def lake_of_trace(folder: Path, form: str) -> Lake:
    lake = Lake(format=form, path=str(folder / "lake"))
    tables = {name: open_table(lake, spec) for name, spec in TABLES.items()}
    backfill(tables, writes(), "web", GEOMETRY, Origin("trace:msr", None, None, 0))
    return lake


def random_group(dice: random.Random, number: int) -> Definition:
    names = sorted(writes().volumes)
    members = []
    for name in dice.sample(names, dice.randint(1, len(names))):
        array, _, volume = name.partition("/")
        edges = sorted(dice.sample(range(0, 1 << 18, 64), 4))
        extents = tuple((low * TRACK, (high - low) * TRACK) for low, high in (edges[:2], edges[2:]))
        members.append(Member(array, volume, extents=extents if dice.random() < 0.6 else None))
    return Definition(f"later-{number}", tuple(members), GEOMETRY)


def brute_force(group: Definition, from_us: int, to_us: int) -> int:
    """Distinct tracks, write by write, of writes whose interval starts in the range."""
    found, raw = set(), writes()
    start_us = raw.time_us // STEP_US * STEP_US
    for at in np.flatnonzero((start_us >= from_us) & (start_us < to_us) & (raw.length_bytes > 0)).tolist():
        name = raw.volumes[raw.volume_codes[at]]
        if name not in group.by_id:
            continue
        offset, length = int(raw.offset_bytes[at]), int(raw.length_bytes[at])
        extents = group.by_id[name].extents or ((0, 1 << 62),)
        for track in range(offset // TRACK, (offset + length - 1) // TRACK + 1):
            if any(low <= track * TRACK < low + size for low, size in extents):
                found.add((name, track))
    return len(found)


def tracks_or(lake: Lake, group: Definition, from_us: int, to_us: int) -> int:
    stored = read_stored(LakeSource(lake, group), [group.group], from_us, to_us)[group.group]
    steps = (to_us - from_us) // STEP_US
    grid = Grid(from_us, 300, np.ones(steps, np.bool_))
    total = 0
    for volume in stored.volumes():
        history = volume.history(grid)
        extents = group.by_id[volume.volume].extents
        history = history if extents is None else inside_extents(history, extents)
        total += len(
            {
                track
                for first, last in zip(history.first.tolist(), history.last.tolist(), strict=True)
                for track in range(first, last + 1)
            }
        )
    return total


def united_tracks(lake: Lake, group: Definition, from_us: int, to_us: int) -> int:
    """The same, added up while it is read."""
    extents = {member.id: member.extents or ((0, 1 << 62),) for member in group.members}
    source, only = LakeSource(lake, group), Only(extents=extents)
    found = lake_unions(source, [group.group], (from_us, to_us), lambda *_: None, only)
    return sum(each.changes.changed_tracks_or for each in found[group.group].volumes)


if FOLDER:

    @pytest.mark.parametrize(("form", "ranges"), [("delta", 100), ("parquet", 5), ("iceberg", 5)])
    def test_or_over_ranges_and_groups_defined_afterwards_is_that_of_the_raw_file(tmp_path, form, ranges):
        lake = lake_of_trace(tmp_path, form)
        dice = random.Random(20)
        groups = [random_group(dice, number) for number in range(20)]
        first, last = int(writes().time_us.min()) // STEP_US, int(writes().time_us.max()) // STEP_US
        seen_changes = 0
        for number in range(ranges):
            low, high = sorted(dice.sample(range(first, last + 2), 2))
            group = groups[number % 20]
            expected = brute_force(group, low * STEP_US, high * STEP_US)
            times = low * STEP_US, high * STEP_US
            assert tracks_or(lake, group, *times) == expected, (group, low, high)
            assert united_tracks(lake, group, *times) == expected, (group, low, high)
            seen_changes += expected > 0
        assert seen_changes > ranges // 2
