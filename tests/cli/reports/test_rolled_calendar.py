"""Hours and weekdays over a lake whose old tables have become hours and days, against a plain count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.common import remarks
from streams.cli.reports.gathered import gather
from streams.cli.reports.sets import sets_of
from streams.cli.reports.totals import totals_of
from streams.errors import MissingData
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.model.entries import Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.settings import Lake
from streams.store import LakeSource
from streams.wire.lake_rows import Origin, definition_row, interval_rows, rows_table, summary_row
from streams.wire.lake_tables import DEFINITIONS, SUMMARY, TRACKS
from tests.lake import story

DAY, DAYS = 288, 4  # from Thursday, 1 January 1970, on
STEP = timedelta(seconds=story.STEP_SECONDS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Lakes of the same four days: as captured, two days or all in hours, and all in days."""
    lakes = {}
    for name, today in (("captured", None), ("mixed", 32), ("hours", 60), ("days", 500)):
        lake = Lake(format="parquet", path=str(tmp_path_factory.mktemp(name)))
        origin = Origin("t", 0, 0, 0)
        found = [story.interval("files", number) for number in range(DAYS * DAY)]
        rows = pa.concat_tables([interval_rows(each, origin) for each in found])
        open_table(lake, TRACKS).append(rows)
        summaries = [summary_row(summarise(each, Totals(), None), origin) for each in found]
        open_table(lake, SUMMARY).append(rows_table(SUMMARY, summaries))
        definition = definition_row(story.definition("files"), origin)
        open_table(lake, DEFINITIONS).append(rows_table(DEFINITIONS, [definition]))
        if today is not None:
            day = date(1970, 1, 1) + timedelta(days=today)
            list(compact(lake, TRACKS, open_table(lake, TRACKS), day, lambda *_: None))
        lakes[name] = lake
    return lakes


def choice_of(hours, weekdays, zone):
    return Choice(None, None, calendar_of(hours, weekdays, zone), 0)


def whole_report(lake, choice):
    gathered = gather(LakeSource(lake), ["files"], choice, lambda *_: None)
    return gathered, sets_of(gathered, lambda *_: None)


def totals(lake, choice):
    return totals_of(LakeSource(lake), ["files"], choice, lambda *_: None)


def plain(begin, end, weekdays, zone, step_minutes):
    """SUM by 5 minutes, and OR, of the steps that lie wholly inside the hours, minute by minute."""

    def is_asked(moment):
        local = moment.astimezone(ZoneInfo(zone))
        return local.weekday() in weekdays and begin <= local.hour * 60 + local.minute < end

    found, total = {}, 0
    for first in range(0, DAYS * 1440, step_minutes):
        minutes = range(first, first + step_minutes)
        if not all(is_asked(EPOCH + timedelta(minutes=minute)) for minute in minutes):
            continue
        for number in range(first // 5, (first + step_minutes) // 5):
            for volume in story.VOLUMES["files"]:
                tracks = story.entry(volume, number).tracks.tracks().tolist()
                found.setdefault(volume, set()).update(tracks)
                total += len(tracks)
    return total, sum(map(len, found.values()))


def counts(found):
    return [
        sum(getattr(each.changes, name) for each in found.volumes)
        for name in ("changed_tracks_sum", "changed_tracks_or")
    ]


ALL = range(7)


@pytest.mark.parametrize(
    ("asked", "minutes", "weekdays"),
    [
        (("8-18", None, "UTC"), (480, 1080), ALL),
        (("8-18", "fri,sat", "Europe/Rome"), (480, 1080), (4, 5)),
        (("8:30-18:10", None, "UTC"), (510, 1090), ALL),
        ((None, "thu-sat", "UTC"), (0, 1440), (3, 4, 5)),
    ],
)
@pytest.mark.parametrize(("kept", "step"), [("captured", 5), ("mixed", 60), ("hours", 60), ("days", 1440)])
def test_figures_are_those_of_whole_intervals_inside_the_hours(made, asked, minutes, weekdays, kept, step):
    choice = choice_of(*asked)
    expected = plain(*minutes, weekdays, asked[2], step)
    if not expected[0]:
        for ask in (whole_report, totals):
            with pytest.raises(MissingData, match=r"intervals are 86400 s long in this range, and the cal"):
                ask(made[kept], choice)
        return
    gathered, found = whole_report(made[kept], choice)
    summed, added = totals(made[kept], choice)
    assert counts(found) == counts(added) == list(expected)
    assert gathered.coverage == summed.coverage == 1.0
    is_cut = any(minute % step for minute in minutes)
    for laid, sets in ((gathered, found), (summed, added)):
        told = [text for text in remarks(laid, sets) if text.startswith("The hours cut intervals")]
        assert len(told) == is_cut


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("captured", []),
        (
            "mixed",
            ["300 s have become ones of 3600 s", "once in 3600 s", "Report the ranges before"],
        ),
        ("hours", ["300 s have become ones of 3600 s", "once in 3600 s"]),
        ("days", ["300 s have become ones of 86400 s", "once in 86400 s"]),
    ],
)
def test_a_whole_report_keeps_sum_and_says_what_longer_intervals_cannot_tell(made, kept, said):
    choice = choice_of(None, None, "UTC")
    as_captured = totals(made["captured"], choice)[1].volumes
    for laid, sets in (whole_report(made[kept], choice), totals(made[kept], choice)):
        assert sets.volumes == as_captured
        told = [text for text in remarks(laid, sets) if text.startswith("Group files")]
        assert len(told) == bool(said)
        assert all(words in told[0] for words in said)


@pytest.mark.parametrize("kept", ["captured", "hours", "days"])
def test_a_part_of_a_volume_has_the_sum_of_its_rows(made, kept):
    choice = choice_of(None, None, "UTC").of(
        extents={"east/b": ((0, 65_536 << 21),), "west/z": ((0, 1 << 62),)}
    )
    (laid, found), (_, added) = whole_report(made[kept], choice), totals(made[kept], choice)
    assert list(found.volumes) == list(added.volumes)
    told = [text for text in remarks(laid, found) if text.startswith("Group files")]
    assert ["So does SUM where only a part" in text for text in told] == [True] * (kept != "captured")


@pytest.mark.parametrize("seconds", [300, 3600])
def test_a_group_defined_afterwards_keeps_its_sum_too(made, seconds):
    members = tuple(Member(*volume.split("/")) for volume in story.VOLUMES["files"])
    later = Definition("later", members, Geometry.for_interval(seconds))
    expected = None
    for kept in ("captured", "mixed", "hours"):
        source, choice = LakeSource(made[kept], later), choice_of(None, None, "UTC").of_definition(later)
        gathered = gather(source, ["later"], choice, lambda *_: None)
        found = sets_of(gathered, lambda *_: None)
        expected = expected or list(found.volumes)
        assert list(found.volumes) == expected
        assert list(totals_of(source, ["later"], choice, lambda *_: None)[1].volumes) == expected
        told = [text for text in remarks(gathered, found) if text.startswith("Group later")]
        assert len(told) == (seconds == 300 and kept != "captured")


@pytest.mark.parametrize(
    ("kept", "hours", "said"),
    [
        ("captured", (10, 58), None),
        ("days", (24, 48), None),
        ("days", (10, 58), "told is 1970-01-02T00:00:00Z to 1970-01-04T00:00:00Z: the intervals of 86400 s"),
    ],
)
def test_a_range_that_intervals_move_is_told(made, kept, hours, said):
    start_us, end_us = (number * 3600 * US for number in hours)
    choice = replace(choice_of(None, None, "UTC"), from_us=start_us, to_us=end_us)
    for laid, sets in (whole_report(made[kept], choice), totals(made[kept], choice)):
        told = [text for text in remarks(laid, sets) if text.startswith("Asked for was")]
        assert len(told) == (said is not None)
        assert all(str(said) in text for text in told)


def test_hours_of_days_that_are_kept_whole_are_refused_with_when_they_are_shorter(made, tmp_path):
    """Days before, hours behind: hours can be asked for from there on."""
    lake = made["hours"]
    copied = Lake(format="parquet", path=str(tmp_path / "lake"))
    origin = Origin("t", 0, 0, 0)
    for first, today in ((0, 500), (DAY, None)):
        rows = [interval_rows(story.interval("files", n), origin) for n in range(first, first + DAY)]
        open_table(copied, TRACKS).append(pa.concat_tables(rows))
        if today is not None:
            day = date(1970, 1, 1) + timedelta(days=today)
            list(compact(copied, TRACKS, open_table(copied, TRACKS), day, lambda *_: None))
    definition = definition_row(story.definition("files"), origin)
    open_table(copied, DEFINITIONS).append(rows_table(DEFINITIONS, [definition]))
    open_table(copied, SUMMARY)
    for ask in (whole_report, totals):
        assert ask(lake, choice_of("8-18", None, "UTC"))
        with pytest.raises(MissingData, match=r"or --from 1970-01-02T00:00:00Z, from when on they are 300 s"):
            ask(copied, choice_of("8-18", None, "UTC"))
