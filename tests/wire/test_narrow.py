"""Narrow columns stand for plain ones exactly, in any mix, and whatever they cannot stand for is refused."""

from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire.arrow import write_stream
from streams.wire.narrow import SECTOR_BYTES, TIME_BASE, in_order_of_time, sectors_of, time_gaps_us
from streams.wire.writes import decode_writes, encode_writes

NOON_US = 1_172_145_600_000_000
LAST_US = (1 << 63) - 1
PLAIN = {
    "time": pa.array([NOON_US + 5, NOON_US + 7], pa.timestamp("us", "UTC")),
    "volume": pa.array(["v", "w"]).dictionary_encode(),
    "offset": pa.array([0, 4096], pa.uint64()),
    "length": pa.array([512, 1024], pa.uint32()),
}
NARROW = {
    "time": ("time_gap_us", pa.array([5, 2], pa.uint16())),
    "offset": ("offset_sectors", pa.array([0, 8], pa.uint32())),
    "length": ("length_sectors", pa.array([1, 2], pa.uint16())),
}
ROWS = [("v", NOON_US + 5, 0, 512, False), ("w", NOON_US + 7, 4096, 1024, False)]


def stream(narrow=NARROW, base=str(NOON_US), **columns):
    """Two writes with these columns narrow, some replaced, added or (None) left out."""
    chosen = dict(NARROW[name] if name in narrow else (name, column) for name, column in PLAIN.items())
    chosen = {name: column for name, column in (chosen | columns).items() if column is not None}
    return write_stream(pa.record_batch(chosen, metadata=None if base is None else {TIME_BASE: base}))


def refusal(value):
    with pytest.raises(MessageError) as caught:
        decode_writes(value)
    return str(caught.value)


@pytest.mark.parametrize("narrow", list(product([True, False], repeat=3)))
def test_any_mix_of_plain_and_narrow_columns_is_read(rows, narrow):
    chosen = [name for name, is_narrow in zip(NARROW, narrow, strict=True) if is_narrow]
    assert rows(decode_writes(stream(chosen))) == ROWS


@pytest.mark.parametrize("name", NARROW)
def test_a_column_that_is_there_both_plain_and_narrow_is_refused(name):
    narrow, _ = NARROW[name]
    assert refusal(stream(**{name: PLAIN[name]})) == (
        f"bad-schema: columns {name} and {narrow}: both are there, expected one of the two"
    )


@pytest.mark.parametrize("name", NARROW)
def test_a_column_that_is_there_neither_plain_nor_narrow_is_refused(name):
    narrow, _ = NARROW[name]
    text = refusal(stream(**{narrow: None}))
    assert text.startswith(f"bad-schema: column {name}: missing, expected ")
    assert text.endswith(f" or a column {narrow} instead")


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("time_gap_us", [pa.uint8(), pa.uint64(), pa.int16(), pa.int32(), pa.duration("us")]),
        ("offset_sectors", [pa.uint16(), pa.uint64(), pa.int32()]),
        ("length_sectors", [pa.uint8(), pa.uint32(), pa.int16()]),
    ],
)
def test_another_type_is_refused_with_both_types(column, wrong):
    for kind in wrong:
        text = refusal(stream(**{column: pa.array([1, 2], kind)}))
        assert text.startswith(f"bad-schema: column {column}: expected uint")
        assert text.endswith(f"found {kind}")


@pytest.mark.parametrize("name", NARROW)
def test_nulls_are_refused(name):
    narrow, column = NARROW[name]
    value = stream(**{narrow: pa.array([1, None], column.type)})
    assert refusal(value) == f"bad-value: column {narrow}: 1 nulls, expected none"


def test_a_narrow_column_that_is_there_twice_is_refused():
    batch = pa.ipc.open_stream(stream()).read_next_batch()
    doubled = pa.RecordBatch.from_arrays(
        [*batch.columns, batch["time_gap_us"]], [*batch.schema.names, "time_gap_us"]
    )
    assert refusal(write_stream(doubled)) == "bad-schema: column time_gap_us: there 2 times"


def test_gaps_need_the_time_from_which_they_count():
    assert refusal(stream(base=None)).startswith("bad-schema: schema metadata time_base_us: missing")
    assert decode_writes(stream(["offset", "length"], base=None)).time_us.tolist() == [
        NOON_US + 5,
        NOON_US + 7,
    ]


@pytest.mark.parametrize(
    "base", ["", "-1", "+1", " 1", "1_0", "1.0", "0x1", "²", str(1 << 63), "1" * 20, "1" * 5000]
)
def test_a_base_that_is_no_decimal_time_is_refused(base):
    assert refusal(stream(base=base)).startswith("bad-value: schema metadata time_base_us: ")


@pytest.mark.parametrize("base", ["0", "007", str(LAST_US - 7)])
def test_every_base_within_the_range_of_times_is_taken(base):
    assert decode_writes(stream(base=base)).time_us.tolist() == [int(base) + 5, int(base) + 7]


@pytest.mark.parametrize("gaps", [[8, 0], [0, 8], [5, 3], [(1 << 32) - 1, (1 << 32) - 1]])
def test_times_that_add_up_beyond_their_range_are_refused(gaps):
    value = stream(base=str(LAST_US - 7), time_gap_us=pa.array(gaps, pa.uint32()))
    assert refusal(value) == f"bad-value: column time_gap_us: times go beyond {LAST_US}"


@given(
    st.integers(LAST_US - (1 << 34), LAST_US),
    st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=8),
)
def test_sums_of_gaps_are_exact_up_to_the_end_of_their_range(base, gaps):
    expected = (np.cumsum(np.array(gaps, object)) + base).tolist()
    batch = pa.record_batch(
        {
            "time_gap_us": pa.array(gaps, pa.uint32()),
            "volume": pa.array(["v"] * len(gaps)).dictionary_encode(),
            "offset": pa.array([0] * len(gaps), pa.uint64()),
            "length": pa.array([0] * len(gaps), pa.uint32()),
        },
        metadata={TIME_BASE: str(base)},
    )
    value = write_stream(batch)
    if expected[-1] > LAST_US:
        assert refusal(value).startswith("bad-value: column time_gap_us: ")
    else:
        assert decode_writes(value).time_us.tolist() == expected


def test_no_rows_are_no_writes():
    empty = {name: column[:0] for name, column in NARROW.values()}
    assert len(decode_writes(stream(volume=PLAIN["volume"][:0], **empty))) == 0
    assert len(decode_writes(encode_writes(WriteBatch.empty()))) == 0


def test_the_largest_sectors_are_read_exactly():
    value = stream(
        offset_sectors=pa.array([0, (1 << 32) - 1], pa.uint32()),
        length_sectors=pa.array([0, (1 << 16) - 1], pa.uint16()),
    )
    found = decode_writes(value)
    assert found.offset_bytes.tolist() == [0, ((1 << 32) - 1) * SECTOR_BYTES]
    assert found.length_bytes.tolist() == [0, ((1 << 16) - 1) * SECTOR_BYTES]


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        ([7], np.uint16),
        ([7, 7, 7 + (1 << 16) - 1], np.uint16),
        ([7, 7 + (1 << 16)], np.uint32),
        ([0, (1 << 32) - 1], np.uint32),
        ([0, 1 << 32], None),
        ([0, LAST_US], None),
        ([7, 6], None),
        ([-1, 0], None),
        ([-1 << 63, LAST_US], None),
        ([LAST_US, -1 << 63], None),
        ([], None),
    ],
)
def test_gaps_are_as_narrow_as_the_longest_allows(times, kind):
    gaps = time_gaps_us(np.array(times, np.int64))
    if kind is None:
        assert gaps is None
    else:
        assert gaps.dtype == kind
        assert gaps.tolist() == [0, *np.diff(times).tolist()]


@pytest.mark.parametrize(
    ("extents", "kind", "expected"),
    [
        ([], np.uint32, []),
        ([0, 512, 1024], np.uint32, [0, 1, 2]),
        ([512, 1], np.uint32, None),
        ([511], np.uint16, None),
        ([((1 << 32) - 1) << 9, 512], np.uint32, [(1 << 32) - 1, 1]),
        ([1 << 41], np.uint32, None),
        ([((1 << 16) - 1) << 9], np.uint16, [(1 << 16) - 1]),
        ([1 << 25], np.uint16, None),
        ([((1 << 64) - 1) // 512 * 512], np.uint32, None),
    ],
)
def test_sectors_stand_only_for_whole_ones_that_fit(extents, kind, expected):
    found = sectors_of(np.array(extents, np.uint64), kind)
    assert expected == (None if found is None else found.tolist())
    assert found is None or found.dtype == kind


@given(st.lists(st.integers(0, 5) | st.integers(NOON_US, NOON_US + (1 << 40)), max_size=40))
def test_rows_are_brought_into_the_order_of_time_and_no_other(rows, times):
    batch = WriteBatch(
        np.array(times, np.int64),
        np.zeros(len(times), np.int32),
        ("v",),
        np.arange(len(times), dtype=np.uint64),
        np.arange(len(times), dtype=np.uint64),
        np.arange(len(times)) % 3 == 0,
    )
    assert rows(in_order_of_time(batch)) == sorted(rows(batch), key=lambda row: row[1])


@pytest.mark.parametrize("times", [[5, -1], [LAST_US, 0], [LAST_US, -1 << 63], [1 << 62, 0, 1]])
def test_rows_that_gaps_cannot_hold_stay_where_they_are(rows, times):
    batch = WriteBatch(
        np.array(times, np.int64),
        np.zeros(len(times), np.int32),
        ("v",),
        np.zeros(len(times), np.uint64),
        np.zeros(len(times), np.uint64),
    )
    assert in_order_of_time(batch) is batch
    assert rows(decode_writes(encode_writes(batch))) == rows(batch)
