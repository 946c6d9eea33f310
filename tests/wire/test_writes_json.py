import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire.times import parse_time
from streams.wire.writes_json import decode_writes_json, encode_writes_json

GOOD = {"time": [1, 2], "volume": ["v", "w"], "offset": [0, 4096], "length": [512, 512]}


def refusal(value):
    with pytest.raises(MessageError) as caught:
        decode_writes_json(value if isinstance(value, bytes) else orjson.dumps(value))
    return str(caught.value)


@given(st.from_type(WriteBatch))
def test_round_trip(rows, batch):
    value = encode_writes_json(batch)
    decoded = decode_writes_json(value)
    assert rows(decoded) == rows(batch)
    assert encode_writes_json(decoded) == value


@given(st.from_type(WriteBatch), st.integers(0, 12), st.integers(1, 3))
def test_a_slice_is_a_batch_like_any_other(rows, batch, start, step):
    part = batch.take(slice(start, None, step))
    assert rows(decode_writes_json(encode_writes_json(part))) == rows(batch)[start::step]


@pytest.mark.parametrize(
    "text",
    [
        "2007-02-22T12:05:00Z",
        "2007-02-22t12:05:00.5z",
        "2007-02-22 14:35:00.123456789+02:30",
        "1970-01-01T00:00:00.0000019-01:00",
        "2007-02-22T12:05:00.12-23:59",
    ],
)
def test_times_as_text_are_cut_to_microseconds(text):
    batch = decode_writes_json(orjson.dumps(GOOD | {"time": [text, "1970-01-01T00:00:00Z"]}))
    assert batch.time_us.tolist() == [parse_time(text), 0]


digits = st.integers(0, 99).map("{:02d}".format)
almost_times = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["0000", "1969", "2007", "9999", "07"]),
    *(digits, digits, st.sampled_from("Tt _"), digits, digits, digits),
    st.sampled_from(["", ".", ".5", ".1234567"]),
    st.sampled_from(["Z", "z", "", "+00:00", "-23:59", "+24:00", "+14:60", "+1:00", "-99:99"]),
)


@given(almost_times | st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
def test_a_column_of_times_agrees_with_single_times(text):
    value = orjson.dumps(GOOD | {"time": ["2007-02-22T12:05:00Z", text]})
    try:
        expected = parse_time(text)
    except MessageError:
        assert refusal(value).startswith(f'bad-value: time[1] is "{text}", expected an RFC 3339 time')
    else:
        assert decode_writes_json(value).time_us.tolist()[1] == expected


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("offset", [0, -4096], "offset[1] is -4096, expected a whole number from 0 to 18446744073709551615"),
        ("length", [-1, 0], "length[0] is -1, expected a whole number from 0 to 18446744073709551615"),
        ("offset", [0, 1.0], "offset[1] is 1.0, expected a whole number"),
        ("offset", [0, 1 << 64], "offset[1] is 1.8446744073709552e+19, expected a whole number"),
        ("offset", [True, 0], "offset[0] is true, expected a whole number"),
        ("offset", ["0", 0], 'offset[0] is "0", expected a whole number'),
        ("length", [0, None], "length[1] is null, expected a whole number"),
        ("length", [0, [1]], "length[1] is [1], expected a whole number"),
        (
            "time",
            [0, 1 << 63],
            "time[1] is 9223372036854775808, expected a whole number from -9223372036854775808",
        ),
        ("time", [0, "2007-02-22T12:05:00Z"], 'time[1] is "2007-02-22T12:05:00Z", expected a whole number'),
        ("time", ["2007-02-22T12:05:00Z", "now"], 'time[1] is "now", expected an RFC 3339 time'),
        ("volume", ["v", ""], 'volume[1] is "", expected a name'),
        ("volume", ["v", 7], "volume[1] is 7, expected a name"),
        ("discard", [False, 0], "discard[1] is 0, expected true or false"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(field, values, said):
    text = json.dumps(GOOD | {field: values}).encode()  # json writes numbers that orjson would not
    assert refusal(text).startswith(f"bad-value: {said}")


@pytest.mark.parametrize("field", ["data", "Offset", "payload", "time_gap_us"])
def test_content_of_writes_is_refused(field):
    """R13: identification of what was written, never the content."""
    assert refusal(GOOD | {field: ["secret", ""]}) == (
        f"extra-column: field {field}: not in the contract; remove it"
    )


@pytest.mark.parametrize("field", ["time", "volume", "offset", "length"])
def test_a_missing_field_is_named(field):
    value = {name: values for name, values in GOOD.items() if name != field}
    assert refusal(value) == f"bad-schema: field {field}: missing, expected an array"


def test_a_field_that_is_no_array_is_named():
    assert refusal(GOOD | {"offset": 7}) == "bad-schema: field offset: expected an array, found 7"


def test_arrays_of_different_length_are_refused():
    assert refusal(GOOD | {"length": [1]}) == (
        "bad-value: arrays differ in length: time 2, volume 2, offset 2, length 1"
    )


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b"7", b'"x"', b"NaN", b"[" * 5000])
def test_what_is_no_json_object_is_refused(value):
    assert refusal(value).startswith("bad-json: ")
