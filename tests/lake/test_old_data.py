"""Old data in tables of every format: upkeep changes no answer, whoever is asked."""

from __future__ import annotations

from datetime import date, timedelta
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.gathered import gather
from streams.cli.reports.sets import sets_of
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.model.groups import Definition, Geometry, Member
from streams.model.state import Version
from streams.settings import Lake
from streams.store import LakeSource, lake_unions
from streams.wire.lake_rows import Origin, definition_row, rows_table
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS
from tests.lake.conftest import FORMATS
from tests.lake.oldsite import GROUPS, HOUR, MEMBERS, answers, expected, sites
from tests.lake.reading import read

DAY = 24 * HOUR
ORIGIN = Origin("by hand", None, None, 0)


def written(lake, rows, commits):
    """The rows in so many commits, and the groups that they are of."""
    open_table(lake, SUMMARY)
    table = open_table(lake, TRACKS)
    for number in range(commits):
        table.append(rows.take(pa.array(range(number, rows.num_rows, commits), pa.int64())))
    versions = [
        Version(1, None, 0, Definition(group, members_of(group), Geometry.for_interval(300)))
        for group in GROUPS
    ]
    found = [definition_row(version, ORIGIN) for version in versions]
    open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, found))


def members_of(group):
    return tuple(Member(*each.format(group).split("/")) for each in MEMBERS)


def kept_small(lake, today):
    table = open_table(lake, TRACKS)
    list(compact(lake, TRACKS, table, today, lambda *_: None))
    table.vacuum(0)


def totals(lake):
    """Of each group and volume what `report --totals` says, and for how long it was measured."""
    found = lake_unions(LakeSource(lake), GROUPS, (None, None), lambda *_: None)
    return {
        (group, each.volume): (each.vouched_us, each.changes)
        for group, united in found.items()
        for each in united.volumes
    }


def whole(lake):
    """What whole reports say of the same, which go through the tables themselves."""
    found = {}
    for group in lake_unions(source := LakeSource(lake), GROUPS, (None, None), lambda *_: None):
        choice = Choice(None, None, calendar_of(None, None, "UTC"), 0)
        gathered = gather(source, [group], choice, lambda *_: None)
        sets = sets_of(gathered, lambda *_: None)
        found |= {(group, each.volume): (each.vouched_us, each.changes) for each in sets.volumes}
    return found


@pytest.mark.parametrize("form", FORMATS)
@given(site=sites(track_sizes=[65_536]), commits=st.integers(1, 3))
@settings(max_examples=5, deadline=None)
def test_hours_and_days_answer_as_the_intervals_did(form, site, commits):
    with TemporaryDirectory() as folder:
        lake = Lake(format=form, path=folder)
        written(lake, site.rows(), commits)
        before = totals(lake)
        assert whole(lake) == before
        for age, seconds in ((1, HOUR), (40, HOUR), (400, DAY)):
            kept_small(lake, date(1970, 1, 1) + timedelta(days=age))
            rows = read(lake, "interval_tracks").rows(named=True)
            assert answers(rows, seconds) == expected(site, seconds)
            assert totals(lake) == whole(lake) == before
