import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.entries import Gap, Summary, Totals, summarise
from streams.wire.keys import GapKey, SummaryKey, parse_interval_key
from streams.wire.summaries import decode_interval_row, encode_gap, encode_summary

SUMMARY = Summary(
    group="g",
    definition_version=1,
    rung_seconds=300,
    start_us=1_172_145_900_000_000,
    revision=0,
    partial=False,
    coverage=1.0,
    volumes=1,
    track_bytes=65_536,
    changed_tracks_or=2,
    changed_tracks_sum=2,
    changed_bytes_or=131_072,
    changed_bytes_sum=131_072,
    writes=None,
    written_bytes=None,
    slot_seconds=10,
    written_bytes_by_slot=None,
    discards=0,
    late_writes=0,
    watermark_us=None,
    totals=Totals(),
)


@given(st.from_type(Summary) | st.from_type(Gap))
def test_round_trip(row):
    record = encode_gap(row) if isinstance(row, Gap) else encode_summary(row)
    assert decode_interval_row(record.value) == row


def test_keys_name_the_row():
    key = parse_interval_key(encode_summary(SUMMARY).key)
    assert key == SummaryKey("g", 300, 1_172_145_900_000_000, 0)
    assert parse_interval_key(encode_gap(Gap("g", 1, 0, 10)).key) == GapKey("g", 0)


def test_times_are_text_and_unknown_counts_null():
    value = orjson.loads(encode_summary(SUMMARY).value)
    assert (value["start"], value["end"]) == ("2007-02-22T12:05:00Z", "2007-02-22T12:10:00Z")
    assert value["writes"] is value["written_bytes"] is value["written_bytes_by_slot"] is None


def test_what_the_model_sums_up_survives(interval_with_two_volumes):
    summary = summarise(interval_with_two_volumes, Totals(writes=7), watermark_us=5)
    assert decode_interval_row(encode_summary(summary).value) == summary


@pytest.mark.parametrize("field", orjson.loads(encode_summary(SUMMARY).value))
def test_a_missing_field_is_named(field):
    value = orjson.loads(encode_summary(SUMMARY).value)
    del value[field]
    with pytest.raises(MessageError, match=rf"^bad-row: {field}: this field is missing$"):
        decode_interval_row(orjson.dumps(value))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "yesterday"}, "start: 'yesterday' is no RFC 3339 time"),
        ({"end": "2007-02-22T12:15:00Z"}, "end: expected 2007-02-22T12:10:00Z"),
        ({"revision": -1}, "revision: expected a whole number from 0"),
        ({"coverage": "1"}, 'coverage: expected a number, found "1"'),
        ({"written_bytes_by_slot": [1, "2"]}, 'written_bytes_by_slot[1]: expected a whole number, found "2"'),
        ({"totals": {}}, "totals.intervals_closed: this field is missing"),
        ({"extra": 1}, "extra: unknown field"),
        ({"gap": False}, "gap: expected true"),
    ],
)
def test_a_wrong_field_is_named(change, said):
    value = orjson.loads(encode_summary(SUMMARY).value) | change
    with pytest.raises(MessageError) as caught:
        decode_interval_row(orjson.dumps(value))
    assert f"bad-row: {said}" in str(caught.value)
