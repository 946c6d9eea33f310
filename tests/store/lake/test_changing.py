"""Tables that change while they are read: every answer is that of the tables before, or after."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.model.sizing.rollups import by_volume
from streams.store import LakeSource, lake_unions, read_intervals, read_stored
from streams.wire.lake_tables import TABLES
from tests.lake import story
from tests.store.lake import test_reading

lake = test_reading.lake


class Upkeep:
    """Compacts all tables and removes what they do not need any more, once the second day is due."""

    def __init__(self, lake, today: date) -> None:
        self.runs = 0
        self._lake, self._today = lake, today

    def __call__(self, stage, done, total) -> None:
        if done == 1 and not self.runs:
            self.runs += 1
            for spec in TABLES.values():
                list(compact(self._lake, spec, open_table(self._lake, spec), self._today, lambda *_: None))
                open_table(self._lake, spec).vacuum(0)


@pytest.mark.parametrize("days", [1, 40])
def test_compaction_and_vacuum_while_a_range_is_added_up(lake, days):
    """After 40 days the tables become hours, which changes no OR and no SUM."""
    upkeep = Upkeep(lake, date(1970, 1, 3) + timedelta(days=days))
    expected = by_volume(read_intervals(LakeSource(lake), "oltp"))
    found = lake_unions(LakeSource(lake), ["oltp"], (None, None), upkeep)["oltp"]
    assert list(found.volumes) == expected
    assert upkeep.runs == 1


def test_compaction_and_vacuum_while_tables_are_read(lake):
    upkeep = Upkeep(lake, date(1970, 1, 4))
    before = read_stored(LakeSource(lake), ["files"])["files"]
    found = read_stored(LakeSource(lake), ["files"], progress=upkeep)["files"]
    assert upkeep.runs == 1
    assert [each.start_us for each in found.intervals] == [each.start_us for each in before.intervals]
    for one, other in zip(found.volumes(), before.volumes(), strict=True):
        assert (one.volume, one.writes, one.start_us.tolist()) == (
            other.volume,
            other.writes,
            other.start_us.tolist(),
        )
    assert {volume.volume for volume in found.volumes()} == set(story.VOLUMES["files"])
