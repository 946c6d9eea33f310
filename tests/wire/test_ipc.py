"""No message asks Arrow for more memory than it has bytes itself."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.messages import Fold
from streams.model.writes import WriteBatch
from streams.wire import arrow, ipc
from streams.wire.arrow import read_stream, write_stream
from streams.wire.folds import encode_folds
from streams.wire.ipc import check_stream
from streams.wire.writes import decode_writes, encode_writes


def batch(**columns):
    return pa.record_batch({"time": pa.array([1, 2]), **columns})


@pytest.fixture
def never_read(monkeypatch):
    """Arrow itself must not see the stream."""

    def refuse(_):
        pytest.fail("the stream was given to Arrow")

    monkeypatch.setattr(arrow.pa.ipc, "open_stream", refuse)


def refusal(value):
    with pytest.raises(MessageError) as caught:
        read_stream(bytes(value))
    return str(caught.value)


def header(value, message=0):
    """Where the schema, dictionary or batch of a message is."""
    return ipc._target(value, list(ipc._messages(value))[message], ipc._HEADER)


def compressed(rows, codec):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_batch(rows)
    return sink.getvalue().to_pybytes()


def messages(value):
    return [message.serialize().to_pybytes() for message in pa.ipc.MessageReader.open_stream(value)]


def all_like_the_largest(value, table):
    """The stream with every key of the schema's metadata referring to the one with the longest value."""
    count, place = ipc._vector(value, table, ipc._SCHEMA_METADATA)
    entries = range(place, place + 4 * count, 4)
    pairs = [entry + struct.unpack_from("<I", value, entry)[0] for entry in entries]
    largest = max(pairs, key=lambda pair: ipc._vector(value, pair, 1)[0])
    changed = bytearray(value)
    for entry in entries:
        struct.pack_into("<I", changed, entry, largest - entry)
    return bytes(changed)


@given(st.from_type(WriteBatch), st.lists(st.from_type(Fold), min_size=1, max_size=3))
def test_what_encoders_write_passes(writes, folds):
    check_stream(encode_writes(writes))
    check_stream(encode_folds(folds))


@pytest.mark.usefixtures("never_read")
@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_compressed_buffers_are_refused_before_they_are_unpacked(codec):
    rows = batch(time=pa.array(np.zeros(1 << 20, np.int64)))
    value = compressed(rows, codec)
    assert len(value) < rows.nbytes // 100
    assert refusal(value) == "bad-arrow: buffers are compressed inside Arrow; let Kafka compress instead"


@pytest.mark.usefixtures("never_read")
@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_a_compressed_dictionary_is_refused_as_well(codec):
    rows = batch(volume=pa.array(["v" * 100_000, "w"]).dictionary_encode())
    schema, _, plain = messages(write_stream(rows))
    dictionary = messages(compressed(rows, codec))[1]
    assert refusal(schema + dictionary + plain).startswith("bad-arrow: buffers are compressed inside Arrow")


@pytest.mark.usefixtures("never_read")
def test_buffers_that_share_bytes_are_refused():
    value = write_stream(batch(offset=pa.array([3, 4])))
    table = header(value, 1)
    count, place = ipc._vector(value, table, ipc._BUFFERS)
    body_bytes = struct.unpack_from("<q", value, place + 16 * count - 16)[0] + 16
    changed = bytearray(value)
    for buffer in range(place, place + 16 * count, 16):
        struct.pack_into("<qq", changed, buffer, 0, body_bytes)
    assert refusal(changed) == "bad-arrow: buffers share bytes or reach beyond their message"


@pytest.mark.usefixtures("never_read")
def test_metadata_that_shares_its_bytes_is_refused():
    """A text is copied as often as it is referred to: 8,000 keys of one text of 400 kB took 3 GB."""
    metadata = {"k": "v" * 10_000, **{f"k{n}": "" for n in range(20)}}
    value = write_stream(batch().replace_schema_metadata(metadata))
    assert refusal(all_like_the_largest(value, header(value))) == "bad-arrow: names and metadata share bytes"


@pytest.mark.usefixtures("never_read")
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: batch(**{f"c{n}": pa.array([1, 2]) for n in range(32)}), "more than 32 fields"),
        (lambda: batch(c=pa.array([{f"c{n}": 1 for n in range(32)}] * 2)), "more than 32 fields"),
        (lambda: batch().replace_schema_metadata({f"k{n}": "" for n in range(33)}), "more than 32 keys"),
    ],
    ids=["columns", "nested", "metadata"],
)
def test_fields_and_metadata_have_a_limit(made, said):
    assert refusal(write_stream(made())).startswith(f"bad-arrow: {said}")


@pytest.mark.usefixtures("never_read")
def test_messages_have_a_limit():
    rows = batch()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        for _ in range(64):
            writer.write_batch(rows)
    assert refusal(sink.getvalue().to_pybytes()) == (
        "bad-arrow: more than 64 messages in a stream of one batch"
    )


def test_a_wrong_column_is_refused_before_its_content_is_read(monkeypatch):
    """Views may repeat one text in every row, and Arrow would verify it as often."""
    views = pa.record_batch({"time": pa.array(["v" * 1000] * 1000, pa.string_view())})

    class SchemaOnly:
        schema = views.schema

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(arrow.pa.ipc, "open_stream", lambda _: SchemaOnly())
    with pytest.raises(MessageError, match=r"^bad-schema: column time"):
        decode_writes(write_stream(views))


GOOD = {
    columns: encode_writes(
        WriteBatch(
            np.array([first_us, 2], np.int64),
            np.array([0, 1], np.int32),
            ("v", "w"),
            np.array([shift, 4096], np.uint64),
            np.array([shift, 512], np.uint64),
        )
    )
    for columns, first_us, shift in (("narrow", 1, 0), ("plain", -1, 1))
}


@pytest.mark.parametrize("columns", GOOD)
@given(
    st.lists(
        st.tuples(st.integers(0), st.sampled_from([0, 1, 8, 64, 127, 128, 255])),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_garbled_is_read_or_refused(columns, changes):
    value = bytearray(GOOD[columns])
    for place, byte in changes:
        value[place % len(value)] = byte
    try:
        decode_writes(bytes(value))
    except MessageError as error:
        assert error.reason in {"bad-arrow", "bad-schema", "bad-value", "extra-column"}  # noqa: PT017  # or it is read
