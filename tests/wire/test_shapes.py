"""Messages that are shaped like an earlier one are read as Arrow reads them, broken ones too."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire import shapes
from streams.wire.shapes import Shapes
from streams.wire.writes import ROWS_PER_UNUSED_NAME, decode_writes, encode_writes

SENDER = ("payroll", "a/agent")
VOLUMES = ("x", "y", "a longer name")

rows = st.lists(
    st.tuples(
        st.integers(1_700_000_000_000_000, 1_700_000_010_000_000),
        st.integers(0, len(VOLUMES) - 1),
        st.integers(0, 1 << 40),
        st.integers(0, 1 << 20),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=20,
)
alignment = st.sampled_from([1, 512, 4096])


def batch(chosen, unit=512, volumes=VOLUMES):
    """Writes `(time, code, offset, length[, discard])`."""
    time_us, codes, offset, length = zip(*(row[:4] for row in chosen), strict=True)
    return WriteBatch(
        np.array(time_us, np.int64),
        np.array(codes, np.int32),
        volumes,
        np.array(offset, np.uint64) * np.uint64(unit),
        np.array(length, np.uint64),
        np.array([any(row[4:]) for row in chosen]),
    )


def read(decode, value):
    """What a message is read as, or why it is refused."""
    try:
        found = decode(value)
    except MessageError as error:
        return error.reason, error.detail
    columns = (found.time_us, found.volume_codes, found.offset_bytes, found.length_bytes)
    discard = None if found.discard is None else found.discard.tolist()
    return found.volumes, discard, [(column.dtype, column.tolist()) for column in columns]


def never(_):
    raise AssertionError("it went to Arrow")


@given(rows, st.lists(st.tuples(rows, alignment), min_size=1, max_size=4), st.booleans())
def test_messages_of_one_sender_are_read_as_alone(first, others, narrow):
    known = Shapes()
    for chosen, unit in [(first, 512), *others]:
        value = encode_writes(batch(chosen, unit), narrow=narrow)
        assert read(lambda value: known.decode(SENDER, value), value) == read(decode_writes, value)


@pytest.mark.parametrize("discards", [False, True])
@pytest.mark.parametrize("narrow", [True, False])
def test_a_message_of_a_known_shape_does_not_go_to_arrow(monkeypatch, narrow, discards):
    def encoded(count, start_us):
        written = [(start_us + 7 * row, 2, 1, 512, discards and row % 9 == 8) for row in range(count)]
        return encode_writes(batch(written), narrow=narrow)

    known = Shapes()
    first, second = encoded(100, 1_700_000_000_000_000), encoded(8_000, 1_800_000_000_000_123)
    known.decode(SENDER, first)
    expected = read(decode_writes, second)
    monkeypatch.setattr(shapes, "decode_writes", never)
    assert read(lambda value: known.decode(SENDER, value), second) == expected
    with pytest.raises(AssertionError, match="went to Arrow"):
        known.decode(("another", "a/agent"), second)


@given(st.data(), rows, st.booleans())
def test_a_damaged_message_is_read_or_refused_as_by_arrow(data, chosen, narrow):
    """Whether the shape is known or not: a second reading of the log must decide as the first one did."""
    value = bytearray(encode_writes(batch(chosen), narrow=narrow))
    known = Shapes()
    known.decode(SENDER, bytes(value))
    damage = st.tuples(st.integers(0, len(value) - 1), st.integers(0, 255))
    for place, byte in data.draw(st.lists(damage, min_size=1, max_size=3)):
        value[place] = byte
    end = data.draw(st.sampled_from([len(value), len(value) - 1, len(value) - 8, len(value) // 2]))
    damaged = bytes(value[:end])
    assert read(lambda value: known.decode(SENDER, value), damaged) == read(decode_writes, damaged)


def every_place_in_front_of_the_columns(narrow, discards):
    written = [(1_700_000_000_000_000 + n, n % 3, n, 512, discards and n % 7 == 3) for n in range(40)]
    value = encode_writes(batch(written), narrow=narrow)
    known = Shapes()
    known.decode(SENDER, value)
    (shape,) = known._known[SENDER].shapes
    places = [place for start, end in shape.places.varying for place in range(start, end)]
    return value, known, places


@pytest.mark.parametrize("discards", [False, True])
@pytest.mark.parametrize("narrow", [True, False])
def test_every_number_that_may_differ_is_held_against_the_body(narrow, discards):
    """Each of its bytes takes values that make it negative, huge, a little less and a little more."""
    value, known, places = every_place_in_front_of_the_columns(narrow, discards)
    for place in places:
        for byte in {0, 1, 8, 0x39, 0x7F, 0x80, 0xFF, value[place] ^ 1, (value[place] + 8) % 256}:
            damaged = value[:place] + bytes([byte]) + value[place + 1 :]
            assert read(lambda value: known.decode(SENDER, value), damaged) == read(decode_writes, damaged)


def test_an_index_beyond_the_names_is_refused_as_by_arrow():
    codes = [0, 1, 2, 2, 2, 2, 2, 2]
    value = encode_writes(batch([(1, code, 1, 512) for code in codes]), narrow=False)
    known = Shapes()
    known.decode(SENDER, value)
    place = value.rindex(bytes(codes))
    for index in (3, 0x80):
        damaged = value[:place] + bytes([index]) + value[place + 1 :]
        expected = read(decode_writes, damaged)
        assert expected[0] == "bad-arrow"
        assert read(lambda value: known.decode(SENDER, value), damaged) == expected


def test_every_bit_of_the_discards_is_read_as_by_arrow():
    """Those behind the last write are nobody's."""
    value = encode_writes(batch([(n, 0, 1, 512, n == 3) for n in range(13)]), narrow=False)
    known = Shapes()
    known.decode(SENDER, value)
    place = value.rindex(bytes([8, 0]))
    for bit in range(16):
        changed = bytearray(value)
        changed[place + bit // 8] ^= 1 << bit % 8
        expected = read(decode_writes, bytes(changed))
        assert expected[1] == (None if bit == 3 else [n in (3, bit) for n in range(13)])
        assert read(lambda value: known.decode(SENDER, value), bytes(changed)) == expected


def test_messages_with_and_without_discards_in_turn_do_not_go_to_arrow(monkeypatch):
    values = [encode_writes(batch([(1, 0, 1, 512, False), (2, 1, 1, 512, odd)])) for odd in (False, True)]
    expected = [read(decode_writes, value) for value in values]
    known = Shapes()
    for value in values:
        known.decode(SENDER, value)
    monkeypatch.setattr(shapes, "decode_writes", never)
    for _ in range(3):
        assert [read(lambda value: known.decode(SENDER, value), value) for value in values] == expected


def test_only_those_heard_last_are_kept(monkeypatch):
    monkeypatch.setattr(shapes, "_MOST_SENDERS", 3)
    known = Shapes()
    value = encode_writes(batch([(1, 0, 1, 512)]))
    for number in (0, 1, 2, 0, 3, 4):
        known.decode(("payroll", f"a/agent-{number}"), value)
    assert [agent for _, agent in known._known] == ["a/agent-0", "a/agent-3", "a/agent-4"]


def test_names_count_for_what_is_kept(monkeypatch):
    """Short names take far more memory than their message."""
    monkeypatch.setattr(shapes, "_MOST_BYTES", 1 << 20)
    names = tuple(f"{number:x}" for number in range(2_000))
    written = [(1, 0, 1, 512)] * ROWS_PER_UNUSED_NAME * len(names)
    known, value = Shapes(), encode_writes(batch(written, volumes=names))
    known.decode(SENDER, value)
    tracemalloc.start()
    for number in range(20):
        known.decode(("payroll", f"a/agent-{number}"), value)
    held_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 512 << 10 < held_bytes < 1 << 20
    assert len(known._known) == (1 << 20) // known._known["payroll", "a/agent-19"].held_bytes


def test_shapes_that_never_come_again_are_learnt_ever_more_rarely(monkeypatch):
    learnt = []
    monkeypatch.setattr(shapes, "_learn", learnt.append)
    known = Shapes()
    for number in range(100):
        known.decode(SENDER, encode_writes(batch([(1, 0, 1, 512)], volumes=(f"v{number}",))))
    assert len(learnt) == 7  # at 1, 2, 4, ... 64


def test_a_shape_keeps_nothing_of_the_message_but_its_head():
    known = Shapes()
    value = encode_writes(batch([(1_700_000_000_000_000, 0, 1, 512)] * 8_192))
    known.decode(SENDER, value)
    (shape,) = known._known[SENDER].shapes
    assert len(shape.head.base) == len(shape.head) < 4_096
