from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.entries import Entry, Interval
from streams.wire.arrow import read_stream, write_stream
from streams.wire.keys import TableKey, parse_table_key
from streams.wire.record import MAX_MESSAGE_BYTES
from streams.wire.tables import METADATA, decode_tables, encode_tables, encode_together, read_head


def values(interval):
    return [record.value for record in encode_tables(interval)]


def rows(value):
    return pa.ipc.open_stream(value).read_all().to_pylist()


def dense(parts, volume="a/dense"):
    """A volume whose every second track was written: the largest a table can be."""
    tracks = BitTable()
    first = np.arange(0, parts * PART_TRACKS, 2, dtype=np.uint64)
    tracks.mark(first, first)
    return Entry(volume, None, 4096, tracks, 7, None, [])


@given(st.from_type(Interval), st.randoms())
def test_round_trip(interval, random):
    encoded = values(interval)
    assert values(decode_tables(encoded)) == encoded
    random.shuffle(encoded)
    assert decode_tables(encoded) == interval


@given(st.lists(st.from_type(Interval), max_size=4))
def test_bytes_are_the_same_however_many_intervals_are_encoded_together(intervals):
    assert encode_together(intervals) == [encode_tables(interval) for interval in intervals]


def test_unknown_counts_of_a_neighbour_leave_no_trace(interval_with_two_volumes):
    """Which rows are null is said in bits; the last byte has some that no row of the interval has."""
    idle, written = interval_with_two_volumes.entries
    known = replace(interval_with_two_volumes, entries=(replace(idle, writes=None), written))
    unknown = replace(known, entries=tuple(replace(entry, writes=None) for entry in known.entries))
    alone = encode_tables(known)
    assert encode_together([known, unknown, known, known]) == [alone, encode_tables(unknown), alone, alone]


@given(st.from_type(Interval))
def test_bytes_depend_on_the_interval_alone(interval):
    """Tables that were filled in another order have other containers inside, but the same bytes outside."""
    rebuilt = tuple(
        replace(entry, tracks=BitTable.of(reversed(entry.tracks.tracks().tolist())))
        for entry in interval.entries
    )
    assert values(replace(interval, entries=rebuilt)) == values(interval)


@given(st.from_type(Interval))
def test_columns_add_up_to_the_entries(interval):
    found = [row for value in values(interval) for row in rows(value)]
    for entry in interval.entries:
        mine = [row for row in found if row["volume"] == entry.volume]
        assert sum(row["changed_tracks"] for row in mine) == entry.changed_tracks
        assert sum(row["changed_bytes"] for row in mine) == entry.changed_bytes
        assert sum(len(row["covered"]) for row in mine) == len(entry.covered)
        for name in ("writes", "written_bytes"):
            counts = [row[name] for row in mine]
            expected = getattr(entry, name)
            assert counts == [expected] + [None if expected is None else 0] * (len(mine) - 1)
        assert {row["volume_bytes"] for row in mine} == {entry.volume_bytes}


def test_an_idle_volume_has_a_row(interval_with_two_volumes):
    """Zero and missing never look the same."""
    (value,) = values(interval_with_two_volumes)
    idle, written = rows(value)
    assert (idle["volume"], idle["first_track"], idle["changed_tracks"], idle["writes"]) == (
        "a/idle",
        0,
        0,
        0,
    )
    assert written["changed_bytes"] == 4096 + 512
    assert decode_tables([value]) == interval_with_two_volumes


def test_keys_name_the_parts():
    interval = Interval("g", 1, 300, 600_000_000, 2, False, (dense(2),), 10, None, 0, 0)
    keys = [parse_table_key(record.key) for record in encode_tables(interval)]
    assert keys == [TableKey("g", 300, 600_000_000, 2, part) for part in range(2)]


def test_a_dense_volume_is_split_at_multiples_of_2_22_tracks():
    interval = Interval("g", 1, 300, 0, 0, False, (dense(3),), 10, None, 0, 0)
    encoded = values(interval)
    found = [row for value in encoded for row in rows(value)]
    assert [row["first_track"] for row in found] == [0, PART_TRACKS, 2 * PART_TRACKS]
    assert [len(row["tracks"]) for row in found] == [524_808] * 3
    assert [row["writes"] for row in found] == [7, 0, 0]
    assert decode_tables(encoded) == interval


@pytest.mark.parametrize(
    ("tracks", "size_bytes", "expected"),
    [
        ({0, PART_TRACKS}, 4096 * PART_TRACKS + 512, [4096, 512]),
        ({0, PART_TRACKS}, 4096 * (PART_TRACKS + 1) + 512, [4096, 4096]),
        ({5, PART_TRACKS}, 4096 * 5 + 512, [512, 4096]),
        ({0, 5, 2 * PART_TRACKS}, None, [8192, 4096]),
    ],
)
def test_the_last_track_of_a_volume_has_its_true_bytes_in_its_own_row(tracks, size_bytes, expected):
    entry = Entry("a/v", size_bytes, 4096, BitTable.of(tracks), 7, None, [])
    (value,) = values(Interval("g", 1, 300, 0, 0, False, (entry,), 10, None, 0, 0))
    assert [row["changed_bytes"] for row in rows(value)] == expected


def test_rows_that_only_go_on_with_covered_spans_count_nothing():
    spans = [(20 * number, 20 * number + 10) for number in range(5_000)]
    entry = Entry("a/v", 4096 * 5 + 512, 4096, BitTable.of([5]), 7, 100, spans)
    (value,) = values(Interval("g", 1, 300, 0, 0, False, (entry,), 10, None, 0, 0))
    found = [(row["changed_tracks"], row["changed_bytes"], row["writes"]) for row in rows(value)]
    assert found == [(1, 512, 7), (0, 0, 0)]


def test_no_message_is_above_the_limit():
    """8,640 slots, agents with thousands of spans, long names, dense, idle, oddly covered volumes at once."""
    broken = [(i * 20, i * 20 + 10) for i in range(10_000)]
    interval = Interval(
        group="ü" * 127,
        definition_version=1,
        rung_seconds=86_400,
        start_us=0,
        revision=0,
        partial=True,
        entries=(
            *(Entry(f"a/{i:06}{'v' * 240}", None, 4096, BitTable(), 0, 0, []) for i in range(6_000)),
            dense(2),
            *(Entry(f"a/idle-{i}", None, 4096, BitTable(), 0, 0, []) for i in range(20_000)),
            Entry("a/gaps", None, 4096, BitTable.of([1]), 1, 1, broken),
            dense(1, "b/" + "v" * 253),
        ),
        slot_seconds=10,
        written_bytes_by_slot=((1 << 63) - 1,) * 8640,
        discards=0,
        late_writes=0,
        agent_spans=tuple((f"a/agent-{i}", tuple(broken[: 5000 if i == 7 else 500])) for i in range(300)),
    )
    records = encode_tables(interval)
    assert max(record.size_bytes() for record in records) < MAX_MESSAGE_BYTES
    assert decode_tables([record.value for record in records]) == interval
    assert sum(len(record.value) for record in records) / len(records) > 100_000


def test_the_head_is_read_without_the_rows(interval_with_two_volumes):
    head = read_head(values(interval_with_two_volumes)[0])
    assert (head.group, head.start_us, head.revision, head.part, head.parts) == ("g", 300_000_000, 1, 0, 1)
    assert head.slots == (5000, None)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_part_is_named(missing):
    encoded = values(Interval("g", 1, 300, 600_000_000, 2, False, (dense(3),), 10, None, 0, 0))
    del encoded[missing]
    with pytest.raises(MessageError) as caught:
        decode_tables(encoded)
    assert str(caught.value) == (
        f"missing-part: tables of group g, rung 300 s, start 600000000 us, revision 2: part {missing} of 3"
    )


def test_parts_of_two_revisions_are_not_mixed():
    one = Interval("g", 1, 300, 0, 0, False, (dense(2),), 10, None, 0, 0)
    first, second = values(one)[0], values(replace(one, revision=1))[1]
    with pytest.raises(MessageError, match=r"bad-row: tables: parts of .* revision 0 and of .* are mixed"):
        decode_tables([first, second])
    with pytest.raises(MessageError, match=r"bad-row: .* 3 parts, expected 2"):
        decode_tables([*values(one), first])
    with pytest.raises(MessageError, match="missing-part: tables: no part at all"):
        decode_tables([])


def altered(interval, change):
    """The interval's only message with its metadata changed; None drops a field."""
    batch = read_stream(values(interval)[0])
    found = orjson.loads(batch.schema.metadata[METADATA]) | change
    metadata = {name: value for name, value in found.items() if value is not ...}
    return write_stream(batch.replace_schema_metadata({METADATA: orjson.dumps(metadata)}))


@pytest.mark.parametrize(
    "field",
    [
        "format",
        "group",
        "definition_version",
        "rung_seconds",
        "start_us",
        "revision",
        "partial",
        "part",
        "parts",
        "slot_seconds",
        "written_bytes_by_slot",
        "discards",
        "late_writes",
        "agent_spans",
    ],
)
def test_a_missing_field_fails(interval_with_two_volumes, field):
    """R06: a stored record carries interval, group and flags, or it is none."""
    with pytest.raises(MessageError, match=rf"^bad-row: tables: {field}: this field is missing$"):
        decode_tables([altered(interval_with_two_volumes, {field: ...})])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 2, this release reads 1"),
        ({"news": 1}, "news: unknown field"),
        ({"agent_spans": [["a/x"]]}, "agent_spans[0]: expected [agent, [[start, end], ...]]"),
        ({"written_bytes_by_slot": ["1"]}, "written_bytes_by_slot[0]: expected a whole number"),
    ],
)
def test_wrong_metadata_is_named(interval_with_two_volumes, change, said):
    with pytest.raises(MessageError) as caught:
        decode_tables([altered(interval_with_two_volumes, change)])
    assert f"bad-row: tables: {said}" in str(caught.value)


@pytest.mark.parametrize("column", range(10))
def test_a_missing_column_fails(interval_with_two_volumes, column):
    batch = read_stream(values(interval_with_two_volumes)[0])
    left = batch.remove_column(column).replace_schema_metadata(batch.schema.metadata)
    with pytest.raises(MessageError, match=r"^bad-row: columns: expected volume string not null, "):
        decode_tables([write_stream(left)])


def test_a_stream_that_is_no_table_is_refused():
    with pytest.raises(MessageError, match="bad-row: tables: no linkgauge metadata"):
        decode_tables([write_stream(pa.record_batch({"x": [1]}))])
