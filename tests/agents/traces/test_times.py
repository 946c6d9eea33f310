"""Times in every unit, cut to microseconds."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces.fields import Fields
from streams.agents.traces.files import PAD_BYTES
from streams.agents.traces.times import END_OF_TIME_US, TIME_UNITS, expected_time, microseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(text: str, unit: str) -> int | None:
    padding = b"\0" * PAD_BYTES
    encoded = text.encode()
    ends = np.array([PAD_BYTES]), np.array([PAD_BYTES + len(encoded)])
    time_us, good = microseconds(Fields(np.frombuffer(padding + encoded + padding, np.uint8), *ends), unit)
    return int(time_us[0]) if good[0] else None


@pytest.mark.parametrize(
    ("text", "unit", "time_us"),
    [
        ("12", "s", 12_000_000),
        ("12.3456789", "s", 12_345_678),
        ("0.000001999", "s", 1),
        ("12.3459", "ms", 12_345),
        ("12", "ms", 12_000),
        ("12", "us", 12),
        ("12.9", "us", 12),
        ("1999", "ns", 1),
        ("999", "ns", 0),
        ("128166481075232275", "filetime", 1_172_174_507_523_227),
        ("116444736000000019", "filetime", 1),
        ("1970-01-01T00:00:00Z", "rfc3339", 0),
        ("2007-02-22T17:00:00.1234569Z", "rfc3339", 1_172_163_600_123_456),
        ("2007-02-22t17:00:00z", "rfc3339", 1_172_163_600_000_000),
        ("2007-02-22 22:30:00+05:30", "rfc3339", 1_172_163_600_000_000),
        ("2016-12-31T23:59:60Z", "rfc3339", 1_483_228_800_000_000),
        ("9999-12-31T23:59:59.999999Z", "rfc3339", END_OF_TIME_US - 1),
        ("253402300799.9999999", "s", END_OF_TIME_US - 1),
    ],
)
def test_a_time_is_cut_to_microseconds(text, unit, time_us):
    assert read(text, unit) == time_us


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *(("", unit) for unit in TIME_UNITS),
        *(("-1", unit) for unit in TIME_UNITS),
        *(("Timestamp", unit) for unit in TIME_UNITS),
        ("1.2e9", "s"),
        ("1.", "s"),
        (".5", "s"),
        ("1.2.3", "s"),
        ("253402300800", "s"),
        ("99999999999999999999", "us"),
        ("116444735999999999", "filetime"),
        ("2650467744000000000", "filetime"),
        ("2007-02-22T17:00:00", "rfc3339"),
        ("2007-02-22T17:00:00.5", "rfc3339"),
        ("2007-02-22T17:00:00.Z", "rfc3339"),
        ("2007-02-22T17:00:005Z", "rfc3339"),
        ("2007-02-22T17:00:00+0530", "rfc3339"),
        ("2007-02-22T17:00:00+24:00", "rfc3339"),
        ("2007-02-22T17:00:00+05:60", "rfc3339"),
        ("2007-02-29T17:00:00Z", "rfc3339"),
        ("2007-13-01T17:00:00Z", "rfc3339"),
        ("2007-00-01T17:00:00Z", "rfc3339"),
        ("2007-02-00T17:00:00Z", "rfc3339"),
        ("2007-02-22T24:00:00Z", "rfc3339"),
        ("2007-02-22T17:60:00Z", "rfc3339"),
        ("2007-02-22T17:00:61Z", "rfc3339"),
        ("2007/02/22T17:00:00Z", "rfc3339"),
        ("1969-12-31T23:59:59Z", "rfc3339"),
        ("1970-01-01T00:00:00+00:01", "rfc3339"),
        ("9999-12-31T23:59:59-00:01", "rfc3339"),
    ],
)
def test_what_is_no_time_is_told(text, unit):
    assert read(text, unit) is None
    assert expected_time(unit)


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_rfc3339_agrees_with_datetime(moment, zone):
    moment = moment.replace(tzinfo=zone)
    assert read(moment.isoformat(), "rfc3339") == (moment - EPOCH) // timedelta(microseconds=1)
