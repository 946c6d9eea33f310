from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.wire.times import format_time, parse_time

FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


@given(st.integers(FIRST_US, LAST_US))
def test_round_trip(time_us):
    assert parse_time(format_time(time_us)) == time_us


@given(st.datetimes(timezones=st.just(UTC)))
def test_agrees_with_the_calendar(moment):
    since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert parse_time(moment.isoformat()) == since


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("2007-02-22T12:05:00Z", 1_172_145_900_000_000),
        ("2007-02-22t12:05:00.5z", 1_172_145_900_500_000),
        ("2007-02-22 14:35:00+02:30", 1_172_145_900_000_000),
        ("2007-02-22T11:05:00-01:00", 1_172_145_900_000_000),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1969-12-31T23:59:59.9999999Z", -1),
    ],
)
def test_parses_and_cuts(text, time_us):
    assert parse_time(text) == time_us


def test_shows_whole_seconds_without_a_fraction():
    assert format_time(1_172_145_900_000_000) == "2007-02-22T12:05:00Z"
    assert format_time(1_172_145_900_000_001) == "2007-02-22T12:05:00.000001Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2007-02-22",
        "2007-02-22T12:05:00",
        "2007-02-30T12:05:00Z",
        "2007-02-22T24:00:00Z",
        "2007-02-22T12:05:60Z",
        "2007-02-22T12:05:00+24:00",
        "0000-01-01T00:00:00Z",
        "2007-02-22T12:05:00.Z",
        "٢٠٠٧-02-22T12:05:00Z",
    ],
)
def test_refuses_what_is_no_time(text):
    with pytest.raises(MessageError, match=r"bad-value: .*RFC 3339|bad-value: .*is no time"):
        parse_time(text)


@pytest.mark.parametrize("time_us", [FIRST_US - 1, LAST_US + 1, 1 << 70])
def test_refuses_to_show_what_rfc_3339_cannot(time_us):
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        format_time(time_us)
