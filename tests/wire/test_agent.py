from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import DefinitionError, MessageError
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage, Command, Define, Fold, Message, Origin, Refused, Tick
from streams.model.writes import WriteBatch
from streams.wire.agent import decode_message, encode_message, encode_payload, read_message
from streams.wire.reasons import REASONS
from streams.wire.record import MAX_MESSAGE_BYTES

ORIGIN = Origin("a", "x", 5, 7, 0, 100, 1)
BATCH = WriteBatch(
    np.arange(4),
    np.array([0, 1, 0, 1], np.int32),
    ("v", "w"),
    np.arange(4, dtype=np.uint64) * 4096,
    np.full(4, 512, np.uint64),
    np.array([False, True, False, False]),
)
FOLDS = (Fold("v", 0, 10, 4096, BitTable.of([*range(5000), 1 << 30]), 3, None),)
DEFINITION = Definition("g", (Member("a", "v", 1 << 30, ((0, 65_536),), ("x",)),))

BODIES = {
    "writes": AgentMessage("writes", ORIGIN, BATCH),
    "tracks": AgentMessage("tracks", ORIGIN, folds=FOLDS),
    "heartbeat": AgentMessage("heartbeat", ORIGIN),
    "bye": AgentMessage("bye", ORIGIN),
    "redrive": AgentMessage("redrive", ORIGIN, BATCH),
    "redrive-tracks": AgentMessage("redrive", ORIGIN, folds=FOLDS),
    "define": Define(DEFINITION),
    "start": Command("start", 1_000_000, 12),
    "stop": Command("stop"),
    "delete": Command("delete"),
    "tick": Tick(),
}
RECORDS = {name: encode_message("g", body) for name, body in BODIES.items()} | {
    "writes-json": encode_message("g", BODIES["writes"], "json")
}


def decode(record):
    return decode_message(record.key, record.value, record.headers, 14, 1_000)


def refusal(record):
    with pytest.raises(MessageError) as caught:
        decode(record)
    return str(caught.value)


def with_headers(record, **changes):
    """The record with headers changed, added or (None) left out; `_` stands for the hyphen."""
    changed = {name.replace("content_type", "content-type"): value for name, value in changes.items()}
    headers = dict(record.headers) | changed
    return replace(
        record, headers=tuple((name, value) for name, value in headers.items() if value is not None)
    )


bodies = st.one_of(
    st.builds(
        AgentMessage, st.sampled_from(["writes", "redrive"]), st.from_type(Origin), st.from_type(WriteBatch)
    ),
    st.builds(
        AgentMessage,
        st.sampled_from(["tracks", "redrive"]),
        st.from_type(Origin),
        st.none(),
        st.tuples(st.from_type(Fold)),
    ),
    st.builds(AgentMessage, st.sampled_from(["heartbeat", "bye"]), st.from_type(Origin)),
    st.from_type(Command),
    st.just(Tick()),
)


@given(bodies, st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["arrow", "json"]))
def test_round_trip(rows, body, group, encoding):
    record = encode_message(group, body, encoding)
    message = decode(record)
    assert (message.offset, message.append_us) == (14, 1_000)
    assert encode_message(group, message.body, encoding) == record
    if isinstance(body, AgentMessage) and body.writes is not None:
        assert sorted(rows(message.body.writes)) == sorted(rows(body.writes))
        assert replace(message.body, writes=None) == replace(body, writes=None)
    else:
        assert message.body == body


@given(st.from_type(Definition))
def test_round_trip_of_a_definition(definition):
    assert decode(encode_message(definition.group, Define(definition))).body == Define(definition)


@pytest.mark.parametrize("name", RECORDS)
def test_every_kind_names_itself_and_its_version_first(name):
    assert [header for header, _ in RECORDS[name].headers[:2]] == ["kind", "v"]
    assert RECORDS[name].headers[0][1].decode() == name.partition("-")[0]


@pytest.mark.parametrize("kind", ["heartbeat", "bye", "tick"])
def test_a_kind_without_a_value_takes_null_and_none_else(kind):
    assert decode(replace(RECORDS[kind], value=None)).body == BODIES[kind]
    assert refusal(replace(RECORDS[kind], value=b"x")) == (
        f"payload-unexpected: a {kind} has no value, found 1 bytes"
    )


@pytest.mark.parametrize(
    "name", ["writes", "writes-json", "tracks", "redrive", "define", "start", "stop", "delete"]
)
@pytest.mark.parametrize("value", [None, b""])
def test_a_kind_with_a_value_needs_one(name, value):
    assert refusal(replace(RECORDS[name], value=value)).startswith("payload-missing: ")


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("tick", {"kind": None}, "missing-header: kind"),
        ("tick", {"v": None}, "missing-header: v"),
        ("tick", {"v": b"2"}, "unknown-version: 2: this release reads version 1"),
        ("tick", {"kind": b"tock"}, "unknown-kind: 'tock': expected one of writes, tracks, heartbeat, bye"),
        ("writes", {"content_type": None}, "missing-header: content-type"),
        (
            "writes",
            {"content_type": b"text/csv"},
            "unknown-content-type: 'text/csv': expected application/vnd",
        ),
        ("tracks", {"content_type": b"application/json"}, "unknown-content-type: 'application/json'"),
        ("define", {"content_type": b"application/toml"}, "unknown-content-type: 'application/toml'"),
        ("writes", {"content_type": b"application/json"}, "bad-json: "),
        ("writes-json", {"content_type": b"application/vnd.apache.arrow.stream"}, "bad-arrow: "),
        ("writes", {"kind": b"tracks"}, "bad-schema: column start: missing"),
        ("tracks", {"kind": b"writes"}, "bad-schema: column time: missing"),
        ("redrive", {"payload": None}, "missing-header: payload"),
        ("redrive", {"payload": b"bye"}, "bad-header: payload: expected writes or tracks, found 'bye'"),
        ("heartbeat", {"sequence": b"x"}, "bad-header: sequence: 'x' is no whole number"),
        ("bye", {"watermark": None}, "missing-header: watermark"),
    ],
)
def test_what_headers_get_wrong_is_named(name, changes, said):
    assert refusal(with_headers(RECORDS[name], **changes)).startswith(said)


def test_a_content_type_may_have_parameters():
    record = with_headers(RECORDS["writes-json"], content_type=b"application/json; charset=utf-8")
    assert len(decode(record).body.writes) == 4


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("define", {"group": "g"}, "bad-definition: members: this field is missing"),
        (
            "define",
            {"group": "h", "members": [{"array": "a", "volume": "v"}]},
            "bad-definition: group: 'h' came",
        ),
        ("start", {"from": "now"}, "bad-command: from: unknown field"),
        ("start", {"at": 5}, "bad-command: at: expected a string, found 5"),
        ("start", {"at": "now"}, "bad-command: at: 'now' is no RFC 3339 time"),
        ("start", {"at": "1969-12-31T23:59:59Z"}, "bad-command: at: 1969-12-31T23:59:59Z is before 1970"),
        ("start", {"intervals": 0}, "bad-command: intervals: expected a whole number from 1"),
        ("stop", {"intervals": 1}, "bad-command: intervals: unknown field"),
        ("delete", {"at": "2007-02-22T12:05:00Z"}, "bad-command: at: unknown field"),
    ],
)
def test_what_a_value_gets_wrong_is_named(name, value, said):
    assert refusal(replace(RECORDS[name], value=orjson.dumps(value))).startswith(said)


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_a_message_has_a_group(key):
    assert refusal(replace(RECORDS["tick"], key=key)).startswith("bad-key: ")


@pytest.mark.parametrize(
    "body",
    [
        AgentMessage("heartbeat", ORIGIN, BATCH),
        AgentMessage("bye", ORIGIN, folds=FOLDS),
        AgentMessage("writes", ORIGIN),
        AgentMessage("writes", ORIGIN, folds=FOLDS),
        AgentMessage("tracks", ORIGIN, BATCH),
        AgentMessage("tracks", ORIGIN),
        AgentMessage("redrive", ORIGIN),
        AgentMessage("redrive", ORIGIN, BATCH, FOLDS),
        Command("stop", intervals=5),
        Command("delete", at_us=5),
        Command("start", intervals=0),
        Refused("x", "y"),
    ],
    ids=str,
)
def test_a_body_that_nothing_stands_for_is_not_sent(body):
    with pytest.raises(ValueError, match=r"carries|takes|intervals|kept as it came"):
        encode_message("g", body)


def test_a_definition_travels_under_its_own_group():
    with pytest.raises(DefinitionError, match="'g' is sent with the key 'h'"):
        encode_message("h", Define(DEFINITION))
    with pytest.raises(DefinitionError, match="at most 255"):
        encode_message("g", Define(Definition("g", (Member("a", "v" * 256),))))


@pytest.mark.parametrize("encoding", ["arrow", "json"])
def test_a_batch_above_the_limit_is_refused(encoding):
    count = 100_000
    batch = WriteBatch(
        np.arange(count),
        np.zeros(count, np.int32),
        ("v",),
        np.arange(count, dtype=np.uint64),
        np.ones(count, np.uint64),
    )
    with pytest.raises(MessageError, match=rf"^too-large: \d+ bytes, at most {MAX_MESSAGE_BYTES}"):
        encode_message("g", AgentMessage("writes", ORIGIN, batch), encoding)
    fits = batch.take(slice(0, 8192))
    assert (
        encode_message("g", AgentMessage("writes", ORIGIN, fits), encoding).size_bytes() < MAX_MESSAGE_BYTES
    )


@pytest.mark.parametrize("part", ["key", "value", "headers"])
def test_a_message_above_the_limit_is_not_even_looked_at(part):
    large = b"x" * MAX_MESSAGE_BYTES
    record = replace(RECORDS["writes"], **{part: (("h", large),) if part == "headers" else large})
    assert refusal(record).startswith("too-large: 100")


def test_a_payload_is_writes_or_folds():
    assert encode_payload(BATCH, ())[1] == "application/vnd.apache.arrow.stream"
    assert encode_payload(BATCH, (), "json")[1] == "application/json"
    assert encode_payload(None, FOLDS)[1] == "application/vnd.apache.arrow.stream"


def test_what_cannot_be_understood_becomes_a_body():
    message = read_message(b"g", b"x", RECORDS["tick"].headers, 14, 1_000)
    assert message == Message(14, 1_000, Refused("payload-unexpected", "a tick has no value, found 1 bytes"))
    assert read_message(b"g", b"", RECORDS["tick"].headers, 14, 1_000).body == Tick()


def assert_sound(message):
    """Refused for a known reason, or a body that nothing stumbles over later."""
    match message.body:
        case Refused(reason=reason, detail=detail):
            assert reason in REASONS
            detail.encode()
        case AgentMessage(writes=WriteBatch() as writes):
            lengths = {
                len(c)
                for c in (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
            }
            assert lengths == {len(writes)}
            assert not len(writes) or 0 <= writes.volume_codes.min() <= writes.volume_codes.max() < len(
                writes.volumes
            )
            encode_message("g", message.body)
        case AgentMessage(folds=folds):
            for fold in folds:
                assert fold.track_bytes > 0
                assert len(fold.tracks) == sum(
                    len(BitTable.from_parts([part])) for part in fold.tracks.parts()
                )


mutations = st.lists(
    st.tuples(
        st.sampled_from(["byte", "word", "cut", "insert"]),
        st.integers(0, 1 << 20),
        st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"])
        | st.binary(min_size=4, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


def mutated(value, changes):
    found = bytearray(value)
    for how, where, what in changes:
        place = where % (len(found) + 1)
        match how:
            case "byte":
                found[place : place + 1] = what[:1]
            case "word":
                found[place & ~3 : (place & ~3) + 4] = what
            case "cut":
                del found[place:]
            case "insert":
                found[place:place] = what
    return bytes(found)


@given(st.sampled_from(sorted(RECORDS)), mutations)
@example("writes", [("cut", 0, b"0000")])
def test_no_damaged_value_is_worse_than_refused(name, changes):
    record = RECORDS[name]
    assert_sound(read_message(record.key, mutated(record.value, changes), record.headers, 1, 1))


@given(
    st.sampled_from(sorted(RECORDS)),
    st.none() | st.binary(max_size=6),
    st.dictionaries(
        st.sampled_from([name for name, _ in RECORDS["redrive"].headers]), st.none() | st.binary(max_size=20)
    ),
    st.lists(st.tuples(st.text(), st.none() | st.binary())),
)
def test_no_damaged_header_is_worse_than_refused(name, key, changes, more):
    headers = tuple((dict(RECORDS[name].headers) | changes).items())
    assert_sound(read_message(key, RECORDS[name].value, (*headers, *more), 1, 1))


@given(st.none() | st.binary(), st.sampled_from(sorted(RECORDS)))
def test_no_random_value_is_worse_than_refused(value, name):
    assert_sound(read_message(b"g", value, RECORDS[name].headers, 1, 1))
