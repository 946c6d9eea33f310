"""Hours, weekdays and zones as people write them."""

from datetime import UTC, datetime

import pytest
import typer

from streams.cli.reports.calendar import calendar_of
from streams.model.intervals import US, total_us


def us(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * US


WEEK = us("2026-03-02"), us("2026-03-09")  # Monday to Monday


def shown(spans):
    return [
        tuple(datetime.fromtimestamp(edge / US, UTC).strftime("%a %H:%M") for edge in span) for span in spans
    ]


def test_without_hours_all_of_the_range_is_asked_for():
    calendar = calendar_of(None, None, "UTC")
    assert calendar.spans(WEEK) == [WEEK]
    assert len(calendar.days(WEEK)) == 7


def test_business_hours_of_a_zone():
    spans = calendar_of("8-18", "mon-fri", "Europe/Rome").spans(WEEK)
    assert shown(spans)[::4] == [("Mon 07:00", "Mon 17:00"), ("Fri 07:00", "Fri 17:00")]
    assert len(spans) == 5


@pytest.mark.parametrize(
    ("hours", "days", "seconds"),
    [
        (None, "sat,sun", 2 * 86_400),
        ("0-24", None, 7 * 86_400),
        ("8:30-24", None, 7 * 15.5 * 3600),
        ("9-17", "Fri-Mon", 4 * 8 * 3600),
        ("9-17", "Monday", 8 * 3600),
    ],
)
def test_hours_and_days(hours, days, seconds):
    assert total_us(calendar_of(hours, days, "UTC").spans(WEEK)) == seconds * US


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin():
    assert shown(calendar_of("22-6", "fri", "UTC").spans(WEEK)) == [("Fri 22:00", "Sat 06:00")]


@pytest.mark.parametrize(
    ("hours", "days", "zone", "complaint"),
    [
        ("8", None, "UTC", "they look like 8-18"),
        ("8-25", None, "UTC", "they look like 8-18"),
        ("8:60-9", None, "UTC", "they look like 8-18"),
        (None, "mon-", "UTC", "they look like mon-fri"),
        (None, "mon-tue-wed", "UTC", "they look like mon-fri"),
        (None, None, "Europe/Roma", "Europe/Rome"),
        (None, None, "../etc/passwd", "is no time zone"),
        (None, None, "", "is no time zone"),
    ],
)
def test_what_no_calendar_has_is_refused(hours, days, zone, complaint):
    with pytest.raises(typer.BadParameter, match=complaint):
        calendar_of(hours, days, zone)
