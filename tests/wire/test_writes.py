from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.messages import AgentMessage, Origin
from streams.model.writes import WriteBatch
from streams.wire.agent import encode_message
from streams.wire.arrow import write_stream
from streams.wire.writes import decode_writes, encode_writes

UTC = pa.timestamp("us", "UTC")


def table(**columns):
    """A valid batch of two writes with some columns replaced, added or (None) left out."""
    good = {
        "time": pa.array([1, 2], UTC),
        "volume": pa.array(["v", "w"]).dictionary_encode(),
        "offset": pa.array([0, 4096], pa.uint64()),
        "length": pa.array([512, 512], pa.uint32()),
    }
    chosen = {name: column for name, column in (good | columns).items() if column is not None}
    return pa.record_batch(chosen)


def refusal(batch):
    with pytest.raises(MessageError) as caught:
        decode_writes(write_stream(batch))
    return str(caught.value)


def names(value):
    return pa.ipc.open_stream(value).schema.names


@given(st.from_type(WriteBatch))
def test_round_trip(rows, batch):
    """All rows come back; those of one time in their order."""
    value = encode_writes(batch)
    decoded = decode_writes(value)
    assert rows(decoded) in (rows(batch), sorted(rows(batch), key=lambda row: row[1]))
    assert set(decoded.volumes) == {name for name, *_ in rows(batch)}
    assert encode_writes(decoded) == value


@given(st.from_type(WriteBatch))
def test_a_column_is_narrow_exactly_where_its_rows_allow(rows, batch):
    found = sorted(rows(batch), key=lambda row: row[1])
    moments = [time_us for _, time_us, *_ in found]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    narrow = {
        "time_gap_us": bool(moments) and moments[0] >= 0 and max(gaps, default=0) < 1 << 32,
        "offset_sectors": all(offset % 512 == 0 and offset < 1 << 41 for _, _, offset, _, _ in found),
        "length_sectors": all(length % 512 == 0 and length < 1 << 25 for _, _, _, length, _ in found),
    }
    assert {name: name in names(encode_writes(batch)) for name in narrow} == narrow


@given(st.from_type(WriteBatch))
def test_plain_columns_hold_every_batch_in_its_order(rows, batch):
    value = encode_writes(batch, narrow=False)
    assert names(value)[:4] == ["time", "volume", "offset", "length"]
    assert rows(decode_writes(value)) == rows(batch)


@given(st.from_type(WriteBatch), st.integers(0, 12), st.integers(1, 3))
def test_a_slice_is_a_batch_like_any_other(rows, batch, start, step):
    part = decode_writes(encode_writes(batch.take(slice(start, None, step))))
    assert sorted(rows(part)) == sorted(rows(batch)[start::step])


def test_an_ordinary_write_takes_nine_bytes_and_its_part_of_the_frame():
    rng = np.random.default_rng(4)
    writes = WriteBatch(
        1_172_145_600_000_000 + np.cumsum(rng.integers(0, 1 << 16, 8192)),
        rng.integers(0, 16, 8192, np.int32),
        tuple(f"vol-{number}" for number in range(16)),
        rng.integers(0, 1 << 32, 8192, np.uint64) << np.uint64(9),
        rng.integers(0, 1 << 16, 8192, np.uint64) << np.uint64(9),
    )
    origin = Origin("array-1", "agent-7", 1_172_100_000_000_000, 42, 0, 1_172_145_600_000_000)
    record = encode_message("billing", AgentMessage("writes", origin, writes))
    assert record.size_bytes() <= 9.3 * len(writes)


def test_plain_columns_are_read_without_copying():
    whole = WriteBatch(
        np.arange(1000),
        np.zeros(1000, np.int32),
        ("v",),
        np.arange(1000, dtype=np.uint64),
        np.full(1000, 1 << 40, np.uint64),
    )
    value = encode_writes(whole, narrow=False)
    batch = decode_writes(value)
    for column in (batch.time_us, batch.offset_bytes, batch.length_bytes):
        assert not column.flags.owndata


@pytest.mark.parametrize(
    ("volumes", "index"), [(1, pa.int8()), (128, pa.int8()), (129, pa.int16()), (40_000, pa.int32())]
)
def test_a_write_takes_as_few_bytes_as_its_batch_allows(volumes, index):
    batch = WriteBatch(
        np.arange(volumes),
        np.arange(volumes, dtype=np.int32),
        tuple(map(str, range(volumes))),
        np.zeros(volumes, np.uint64),
        np.full(volumes, (1 << 32) - 1, np.uint64),
    )
    schema = pa.ipc.open_stream(encode_writes(batch)).schema
    assert schema.field("volume").type.index_type == index
    assert schema.field("length").type == pa.uint32()


@pytest.mark.parametrize(
    "index",
    [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()],
)
@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_takes_every_index_type_and_order_of_columns(rows, index, text):
    volume = pa.array(["w", "v"]).dictionary_encode().cast(pa.dictionary(index, text))
    batch = table(volume=volume, length=pa.array([1, 2], pa.uint64()))
    shuffled = batch.select(["length", "volume", "offset", "time"])
    expected = [("w", 1, 0, 1, False), ("v", 2, 4096, 2, False)]
    assert rows(decode_writes(write_stream(shuffled))) == expected


@pytest.mark.parametrize("zone", ["UTC", "+00:00", "Etc/UTC"])
def test_takes_every_name_of_utc(zone):
    batch = table(time=pa.array([1, 2], pa.timestamp("us", zone)))
    assert decode_writes(write_stream(batch)).time_us.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("time", pa.array([1, 2], pa.timestamp("us"))),
        ("time", pa.array([1, 2], pa.timestamp("ns", "UTC"))),
        ("time", pa.array([1, 2], pa.timestamp("us", "Europe/Vienna"))),
        ("time", pa.array([1, 2], pa.int64())),
        ("volume", pa.array(["v", "w"])),
        ("volume", pa.array([1, 2]).dictionary_encode()),
        ("offset", pa.array([1, 2], pa.int64())),
        ("length", pa.array([1, 2], pa.uint16())),
        ("length", pa.array([1.0, 2.0])),
        ("discard", pa.array([1, 0], pa.uint8())),
    ],
)
def test_another_type_is_refused_with_both_types(column, found):
    text = refusal(table(**{column: found}))
    assert text.startswith(f"bad-schema: column {column}: expected ")
    assert text.endswith(f"found {found.type}")


@pytest.mark.parametrize("column", ["time", "volume", "offset", "length"])
def test_a_missing_column_is_named(column):
    assert refusal(table(**{column: None})).startswith(f"bad-schema: column {column}: missing, expected ")


@pytest.mark.parametrize("column", ["data", "payload", "Time"])
def test_content_of_writes_is_refused(column):
    """R13: identification of what was written, never the content."""
    assert refusal(table(**{column: pa.array([b"secret", b""])})).startswith(
        f"extra-column: column {column}: "
    )


def test_a_column_that_is_there_twice_is_refused():
    batch = table()
    doubled = pa.RecordBatch.from_arrays([*batch.columns, batch["time"]], [*batch.schema.names, "time"])
    assert refusal(doubled) == "bad-schema: column time: there 2 times"


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("time", pa.array([1, None], UTC)),
        ("volume", pa.array(["v", None]).dictionary_encode()),
        ("volume", pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["v", None]))),
        ("offset", pa.array([1, None], pa.uint64())),
        ("discard", pa.array([True, None])),
    ],
)
def test_nulls_are_refused(column, found):
    assert refusal(table(**{column: found})) == f"bad-value: column {column}: 1 nulls, expected none"


@pytest.mark.parametrize("dictionary", [["v", ""], ["v", "v"]])
def test_empty_and_doubled_names_are_refused(dictionary):
    volume = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(dictionary))
    assert refusal(table(volume=volume)).startswith("bad-value: column volume: ")


def test_an_index_beyond_the_dictionary_is_refused():
    volume = pa.DictionaryArray.from_arrays(pa.array([0, 9], pa.int8()), pa.array(["v"]), safe=False)
    assert refusal(table(volume=volume)).startswith("bad-arrow: ")


def test_every_truncation_is_refused():
    value = write_stream(table())
    whole = len(value) - 8  # the mark of the stream's end may be missing
    for length in range(whole):
        with pytest.raises(MessageError, match=r"^bad-arrow: "):
            decode_writes(value[:length])
    assert len(decode_writes(value[:whole])) == 2


@pytest.mark.parametrize(("batches", "found"), [(0, "none"), (2, "more"), (3, "more")])
def test_exactly_one_batch_is_expected(batches, found):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table().schema) as writer:
        for _ in range(batches):
            writer.write_batch(table())
    with pytest.raises(MessageError, match=f"^bad-arrow: one record batch expected, found {found}$"):
        decode_writes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_what_arrow_itself_compressed_is_refused(codec):
    batch = pa.record_batch({"time": pa.array(np.zeros(100_000, np.int64), UTC)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_batch(batch)
    with pytest.raises(MessageError, match=r"^bad-arrow: buffers are compressed inside Arrow"):
        decode_writes(sink.getvalue().to_pybytes())


def test_names_that_are_not_utf_8_are_refused():
    value = write_stream(table(xyzzy=pa.array([1, 2])))
    with pytest.raises(MessageError, match=r"^bad-arrow: .*UTF-8"):
        decode_writes(value.replace(b"xyzzy", b"xy\xff\xff\xff"))
