import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MessageError
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage, Define, Fold, Origin, Tick
from streams.model.state import DeadLetter
from streams.model.writes import WriteBatch
from streams.wire.agent import decode_message, encode_message
from streams.wire.deadletters import HEADERS, decode_dead_letter, encode_dead_letter, redriven
from streams.wire.record import MAX_MESSAGE_BYTES, Received

ORIGIN = Origin("a", "x", 5, 7, 0, 100)
BATCH = WriteBatch(
    np.arange(4),
    np.array([0, 1, 0, 1], np.int32),
    ("v", "w"),
    np.arange(4, dtype=np.uint64) * 4096,
    np.full(4, 512, np.uint64),
)
FOLDS = tuple(Fold(v, 0, 10, 4096, BitTable.of([1, 1 << 30]), 3, None) for v in ("v", "w"))
texts = st.text(st.characters(codec="utf-8"))


def received(body, encoding="arrow"):
    record = encode_message("g", body, encoding)
    return Received("writes", 3, 14, 1_000, record.key, record.value, record.headers)


def again(record):
    """The body of the message that a dead letter becomes when it is sent again."""
    message = redriven(record)
    return message, decode_message(message.key, message.value, message.headers, 99, 2_000).body


@given(
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.lists(st.tuples(texts | st.sampled_from(HEADERS), st.none() | st.binary()), max_size=12),
    texts,
    texts,
)
def test_a_message_refused_as_a_whole_stays_untouched(key, value, headers, reason, detail):
    source = Received("writes", 3, 14, 1_000, key, value, tuple(headers))
    record = encode_dead_letter(DeadLetter(14, reason, detail), source)
    stored = decode_dead_letter(record.value, record.headers)
    assert stored.whole
    assert stored.message == source
    assert stored.reason == reason
    assert detail.startswith(stored.detail)


@pytest.mark.parametrize("part", ["key", "value", "headers"])
def test_a_message_too_large_to_keep_is_named_by_its_place(part):
    """A megabyte that compresses well passes the broker, but must not stop the group."""
    large = b"x" * 5_000_000
    parts = {"key": b"g", "value": b"x", "headers": ()} | {
        part: (("h", large),) if part == "headers" else large
    }
    source = Received("writes", 3, 14, 1_000, **parts)
    record = encode_dead_letter(DeadLetter(14, "too-large", "5 MB"), source)
    assert record.size_bytes() < 2_000
    stored = decode_dead_letter(record.value, record.headers)
    assert (stored.scope, stored.whole, stored.message.offset) == ("cut", True, 14)
    assert stored.message.key == parts["key"][:255]
    with pytest.raises(MessageError, match=r"^not-redrivable: .* writes, partition 3, offset 14"):
        redriven(record)


def test_the_largest_message_is_kept_whole():
    headers = received(AgentMessage("heartbeat", ORIGIN)).headers
    source = Received("writes", 3, 14, 1_000, b"g", b"x" * MAX_MESSAGE_BYTES, headers)
    record = encode_dead_letter(DeadLetter(14, "bad-arrow", "y" * 5_000), source)
    assert decode_dead_letter(record.value, record.headers).message == source


def test_rows_that_grow_are_cut_too():
    """Re-encoding may split one bitmap over many rows."""
    tracks = BitTable.of(range(0, 1 << 32, 1 << 22))
    folds = tuple(Fold(f"v{i}", 0, 10, 4096, tracks) for i in range(20))
    source = received(AgentMessage("heartbeat", ORIGIN))
    record = encode_dead_letter(DeadLetter(14, "fold-span", "", folds=folds), source)
    assert decode_dead_letter(record.value, record.headers).scope == "cut"


def test_the_key_names_place_and_reason():
    record = encode_dead_letter(DeadLetter(14, "too-late", "4 writes"), received(Tick()))
    assert record.key == b'[3,14,"too-late"]'


def test_a_long_detail_is_cut():
    record = encode_dead_letter(DeadLetter(14, "bad-json", "ü" * 5_000), received(Tick()))
    assert decode_dead_letter(record.value, record.headers).detail == "ü" * 500


@pytest.mark.parametrize("encoding", ["arrow", "json"])
def test_refused_rows_keep_encoding_and_identity(rows, encoding):
    source = received(AgentMessage("writes", ORIGIN, BATCH), encoding)
    letter = DeadLetter(14, "too-late", "2 writes", BATCH.take(np.array([1, 3])))
    record = encode_dead_letter(letter, source)
    stored = decode_dead_letter(record.value, record.headers)
    assert not stored.whole
    assert stored.message.headers == source.headers
    body = decode_message(b"g", stored.message.value, stored.message.headers, 14, 1_000).body
    assert body.origin == ORIGIN
    assert rows(body.writes) == [rows(BATCH)[1], rows(BATCH)[3]]


def test_json_with_a_charset_is_json_too(rows):
    source = received(AgentMessage("writes", ORIGIN, BATCH), "json")
    named = tuple(
        (name, b"application/json; charset=utf-8" if name == "content-type" else value)
        for name, value in source.headers
    )
    source = Received("writes", 3, 14, 1_000, source.key, source.value, named)
    record = encode_dead_letter(DeadLetter(14, "too-late", "", BATCH), source)
    assert record.value == source.value


@pytest.mark.parametrize("encoding", ["arrow", "json"])
def test_redriven_writes_come_back_under_an_identity_of_their_own(rows, encoding):
    source = received(AgentMessage("writes", ORIGIN, BATCH), encoding)
    record = encode_dead_letter(DeadLetter(14, "too-late", "", BATCH.take(slice(1, 3))), source)
    message, body = again(record)
    assert message.key == b"g"
    assert body.kind == "redrive"
    assert body.origin == Origin("a", "redrive too-late", 0, 14, 0, 0)
    assert rows(body.writes) == rows(BATCH)[1:3]
    assert redriven(record) == message


def test_redriven_folds_come_back():
    source = received(AgentMessage("tracks", ORIGIN, folds=FOLDS))
    record = encode_dead_letter(DeadLetter(14, "fold-span", "", folds=FOLDS[1:]), source)
    assert again(record)[1].folds == FOLDS[1:]


def test_a_whole_message_is_redriven(rows):
    record = encode_dead_letter(
        DeadLetter(14, "stale-epoch", ""), received(AgentMessage("writes", ORIGIN, BATCH))
    )
    assert rows(again(record)[1].writes) == rows(BATCH)


def test_a_redrive_that_was_refused_is_redriven_under_its_new_place(rows):
    source = received(AgentMessage("writes", ORIGIN, BATCH))
    message = redriven(encode_dead_letter(DeadLetter(14, "unknown-group", ""), source))
    second = Received("writes", 3, 20, 5_000, message.key, message.value, message.headers)
    body = again(encode_dead_letter(DeadLetter(20, "unknown-volume", ""), second))[1]
    assert (body.origin.agent, body.origin.sequence) == ("redrive unknown-volume", 20)
    assert rows(body.writes) == rows(BATCH)


@pytest.mark.parametrize(
    "source",
    [
        received(AgentMessage("heartbeat", ORIGIN)),
        received(Tick()),
        received(Define(Definition("g", (Member("a", "v"),)))),
        Received("writes", 3, 14, 0, b"g", b"", (("kind", b"writes"), ("v", b"1"))),
        Received("writes", 3, 14, 0, None, b"x", received(AgentMessage("writes", ORIGIN, BATCH)).headers),
        Received("writes", 3, 14, 0, b"g", b"x", ()),
    ],
    ids=["heartbeat", "tick", "define", "no array", "no key", "no headers"],
)
def test_what_carries_no_writes_is_not_redriven(source):
    with pytest.raises(MessageError, match=r"^not-redrivable: "):
        redriven(encode_dead_letter(DeadLetter(14, "bad-header", ""), source))


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("kind", b"writes"),),
        tuple((name, b"1") for name in HEADERS),
        tuple((name, b"\xff") for name in HEADERS),
    ],
)
def test_what_is_no_dead_letter_is_refused(headers):
    with pytest.raises(MessageError, match=r"^bad-row: "):
        decode_dead_letter(b"", headers)
