"""Business hours and local days, over changes of the clock too, against asking every moment."""

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.intervals import US, total_us
from streams.model.sizing.localtime import ALL_WEEK, Hours, day_starts_us, spans_of

HOUR_US = 3600 * US


def us(text):
    return int(datetime.fromisoformat(text).timestamp()) * US


@given(
    st.integers(0, 24 * 7),
    st.integers(1, 24 * 15),
    st.integers(0, 23),
    st.integers(0, 23),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(-12, 14),
)
def test_spans_hold_the_moments_whose_clock_says_so(first, hours, begin, end, weekdays, offset):
    zone = timezone(timedelta(hours=offset))
    window = (first * HOUR_US, (first + hours) * HOUR_US)
    spans = spans_of(Hours(time(begin), time(end), weekdays), window, zone)
    for hour in range(first, first + hours):
        local = datetime.fromtimestamp(hour * 3600, zone)
        today, before = local.weekday() in weekdays, (local.weekday() - 1) % 7 in weekdays
        if begin < end:
            expected = today and begin <= local.hour < end
        else:
            expected = (today and local.hour >= begin) or (before and local.hour < end)
        assert any(start <= hour * HOUR_US < stop for start, stop in spans) == expected


def test_office_hours_move_with_the_clock():
    berlin = ZoneInfo("Europe/Berlin")
    window = (us("2026-03-27T00:00+00:00"), us("2026-03-31T00:00+00:00"))  # clocks change on Sunday the 29th
    assert spans_of(Hours(time(8), time(18)), window, berlin) == [
        (us("2026-03-27T07:00+00:00"), us("2026-03-27T17:00+00:00")),
        (us("2026-03-30T06:00+00:00"), us("2026-03-30T16:00+00:00")),
    ]


def test_a_day_of_23_hours():
    berlin = ZoneInfo("Europe/Berlin")
    window = (us("2026-03-28T23:00+00:00"), us("2026-03-30T22:00+00:00"))
    assert day_starts_us(window, berlin) == [us("2026-03-28T23:00+00:00"), us("2026-03-29T22:00+00:00")]
    assert total_us(spans_of(Hours(weekdays={6}), window, berlin)) == 23 * HOUR_US


@given(st.integers(0, 500), st.integers(1, 100), st.integers(-12, 14))
def test_days_begin_at_local_midnight_and_cover_the_window(first, hours, offset):
    zone = timezone(timedelta(hours=offset))
    window = (first * HOUR_US, (first + hours) * HOUR_US)
    starts = day_starts_us(window, zone)
    assert starts[0] <= window[0] < starts[0] + 24 * HOUR_US
    assert starts[-1] < window[1] <= starts[-1] + 24 * HOUR_US
    assert all(datetime.fromtimestamp(start // US, zone).time() == time(0) for start in starts)
    assert {later - start for start, later in pairwise(starts)} <= {24 * HOUR_US}


def test_the_whole_week_is_the_whole_window():
    window = (5 * HOUR_US, 1000 * HOUR_US)
    assert spans_of(Hours(weekdays=ALL_WEEK), window, UTC) == [window]


@pytest.mark.parametrize("weekdays", [set(), {7}, {-1, 3}])
def test_days_that_no_week_has(weekdays):
    with pytest.raises(ValueError, match=r"weekdays .*: at least one of 0 \(Monday\) to 6 \(Sunday\)"):
        Hours(weekdays=weekdays)


@pytest.mark.parametrize(("first", "last"), [((1, 1, 1), (1, 2, 1)), ((9999, 12, 1), (9999, 12, 31))])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_are_refused_and_what_lies_between_is_not(first, last, zone):
    place = ZoneInfo(zone)
    window = (us_of_day(first), us_of_day(last))
    for ask in (day_starts_us, lambda *about: spans_of(Hours(time(22), time(6)), *about)):
        with pytest.raises(ValueError, match="choose one from 0001-01-04 to 9999-12-28"):
            ask(window, place)
    inside = (us_of_day(max(first, (1, 1, 4))), us_of_day(min(last, (9999, 12, 28))))
    assert total_us(spans_of(Hours(weekdays=ALL_WEEK), inside, place)) == inside[1] - inside[0]
    assert day_starts_us(inside, place)


def us_of_day(day):
    return (datetime(*day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * US
