import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.messages import Origin
from streams.wire.headers import MAX_NAME_BYTES, decode_origin, encode_origin, media_type, read_headers

ORIGIN = Origin("array-1", "agent-1", 5, 0, 10, 20, 3)


def changed(**headers):
    found = dict(encode_origin(ORIGIN)) | headers
    return {name: value for name, value in found.items() if value is not None}


@given(st.from_type(Origin))
def test_round_trip(origin):
    assert decode_origin(read_headers(encode_origin(origin))) == origin


def test_lost_may_be_left_out():
    assert decode_origin(changed(lost=None)).lost_writes == 0


@pytest.mark.parametrize("name", ["array", "agent", "epoch", "sequence", "observed_from", "watermark"])
def test_a_missing_header_is_named(name):
    with pytest.raises(MessageError, match=f"^missing-header: {name}$"):
        decode_origin(changed(**{name: None}))


@pytest.mark.parametrize("name", ["epoch", "sequence", "observed_from", "watermark", "lost"])
@pytest.mark.parametrize(
    "value", [b"", b"-1", b"1.0", b" 1", b"1_0", b"0x1", b"\xd9\xa1", b"9223372036854775808", b"\xff"]
)
def test_a_garbled_number_is_named(name, value):
    with pytest.raises(MessageError, match=f"^bad-header: {name}: "):
        decode_origin(changed(**{name: value}))


@pytest.mark.parametrize("name", ["array", "agent"])
@pytest.mark.parametrize("value", [b"", b"\xff", b"n" * (MAX_NAME_BYTES + 1)])
def test_a_garbled_name_is_named(name, value):
    with pytest.raises(MessageError, match=f"^bad-header: {name}: "):
        decode_origin(changed(**{name: value}))


def test_an_array_has_no_slash_but_an_agent_may():
    assert decode_origin(changed(agent=b"host/7")).agent == "host/7"
    with pytest.raises(MessageError, match=r"^bad-header: array: .*slash"):
        decode_origin(changed(array=b"a/b"))


def test_headers_of_others_are_left_alone():
    assert read_headers([("traceparent", b"x"), ("traceparent", None), ("kind", b"bye")]) == {"kind": b"bye"}
    assert read_headers(None) == {}


def test_null_and_doubled_headers_are_refused():
    with pytest.raises(MessageError, match=r"^bad-header: kind: null"):
        read_headers([("kind", None)])
    with pytest.raises(MessageError, match=r"^bad-header: kind: there twice"):
        read_headers([("kind", b"bye"), ("kind", b"bye")])


def test_parameters_of_a_content_type_do_not_matter():
    assert media_type("Application/JSON; charset=utf-8") == "application/json"
