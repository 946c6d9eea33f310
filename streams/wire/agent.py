"""Messages on the writes topic: a body of the model to a record, and back, for all kinds.

Reading raises `MessageError` for whatever is wrong and nothing else: `read_message` turns that into a body
too, so that a group's log has no holes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, assert_never

import orjson

from streams.errors import DefinitionError, MessageError
from streams.model.groups import Definition
from streams.model.messages import AgentMessage, Body, Command, Define, Fold, Message, Refused, Tick
from streams.model.writes import WriteBatch
from streams.wire.commands import decode_command, encode_command
from streams.wire.definitions import check_names, definition_from_json, definition_to_json
from streams.wire.fields import load_object
from streams.wire.folds import decode_folds, encode_folds
from streams.wire.headers import (
    ARROW,
    CONTENT_TYPE,
    JSON,
    KIND,
    PAYLOAD,
    VERSION,
    decode_origin,
    encode_origin,
    media_type,
    read_headers,
    require,
)
from streams.wire.keys import group_name, writes_key
from streams.wire.record import MAX_MESSAGE_BYTES, Header, Headers, Record, record_bytes
from streams.wire.writes import decode_writes, encode_writes
from streams.wire.writes_json import decode_writes_json, encode_writes_json

__all__ = [
    "AGENT_KINDS",
    "KINDS",
    "DecodeArrow",
    "Encoding",
    "decode_message",
    "encode_message",
    "encode_payload",
    "read_message",
]

AGENT_KINDS = ("writes", "tracks", "heartbeat", "bye", "redrive")
KINDS = (*AGENT_KINDS, "define", "start", "stop", "delete", "tick")

Encoding = Literal["arrow", "json"]

DecodeArrow = Callable[[tuple[str, str], bytes], WriteBatch]
"""Writes in Arrow, of a sender: its group and `array/agent`."""


def _decode_alone(_: tuple[str, str], value: bytes) -> WriteBatch:
    return decode_writes(value)


def encode_message(group: str, body: Body, encoding: Encoding = "arrow") -> Record:
    """The record of a body; `encoding` is how writes travel.

    Raises:
        DefinitionError: a group's name that no key can hold, or a definition of another group.
        MessageError: larger than a topic takes, reason `too-large`: send fewer writes at a time.
        ValueError: a body that nothing stands for on the wire, such as folds in a heartbeat.
    """
    record = Record(writes_key(group), *_encode(group, body, encoding))
    size = record.size_bytes()
    if size > MAX_MESSAGE_BYTES:
        raise MessageError("too-large", f"{size} bytes, at most {MAX_MESSAGE_BYTES}: send less at a time")
    return record


def encode_payload(
    writes: WriteBatch | None, folds: tuple[Fold, ...], encoding: Encoding = "arrow"
) -> tuple[bytes, str]:
    """Writes or folds as the value of a message, and its content type."""
    if (writes is None) == (not folds):
        raise ValueError("a message carries either writes or folds")
    if writes is None:
        return encode_folds(folds), ARROW
    if encoding == "json":
        return encode_writes_json(writes), JSON
    return encode_writes(writes), ARROW


def decode_message(
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[Header] | None,
    offset: int,
    append_us: int,
    decode_arrow: DecodeArrow = _decode_alone,
) -> Message:
    """The message that a record on the writes topic holds.

    `decode_arrow` reads writes in Arrow; whatever it is, it reads them as `decode_writes` does.

    Raises:
        MessageError: it breaks the contract; `reason` is one of `streams.wire.reasons.REASONS`.
    """
    found = tuple(headers or ())
    size = record_bytes(key, value, found)
    if size > MAX_MESSAGE_BYTES:
        raise MessageError("too-large", f"{size} bytes, at most {MAX_MESSAGE_BYTES}")
    return Message(
        offset, append_us, _decode(group_name(key), value or b"", read_headers(found), decode_arrow)
    )


def read_message(
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[Header] | None,
    offset: int,
    append_us: int,
    decode_arrow: DecodeArrow = _decode_alone,
) -> Message:
    """As `decode_message`; a message that cannot be understood has the body `Refused`."""
    try:
        return decode_message(key, value, headers, offset, append_us, decode_arrow)
    except MessageError as error:
        return Message(offset, append_us, Refused(error.reason, error.detail))


def _encode(group: str, body: Body, encoding: Encoding) -> tuple[bytes, Headers]:
    match body:
        case AgentMessage():
            return _encode_agent(body, encoding)
        case Define():
            if body.definition.group != group:
                raise DefinitionError(f"group: {body.definition.group!r} is sent with the key {group!r}")
            check_names(body.definition)
            return orjson.dumps(definition_to_json(body.definition)), _headers("define", JSON)
        case Command():
            return encode_command(body), _headers(body.action, JSON)
        case Tick():
            return b"", _headers("tick")
        case Refused():
            raise ValueError("a refused message is kept as it came: see streams.wire.deadletters")
        case _:
            assert_never(body)


def _encode_agent(body: AgentMessage, encoding: Encoding) -> tuple[bytes, Headers]:
    identity = encode_origin(body.origin)
    if body.kind in ("heartbeat", "bye"):
        if body.writes is not None or body.folds:
            raise ValueError(f"a {body.kind} carries neither writes nor folds")
        return b"", _headers(body.kind, identity=identity)
    carried = "tracks" if body.folds else "writes"
    if body.kind not in (carried, "redrive"):
        raise ValueError(f"a message of kind {body.kind} carries {body.kind}, not {carried}")
    value, content_type = encode_payload(body.writes, body.folds, encoding)
    headers = _headers(body.kind, content_type, identity)
    return value, (*headers, (PAYLOAD, carried.encode())) if body.kind == "redrive" else headers


def _headers(kind: str, content_type: str = "", identity: Headers = ()) -> Headers:
    content: Headers = ((CONTENT_TYPE, content_type.encode()),) if content_type else ()
    return ((KIND, kind.encode()), (VERSION, b"1"), *identity, *content)


def _decode(group: str, value: bytes, headers: Mapping[str, bytes], decode_arrow: DecodeArrow) -> Body:
    version, kind = require(headers, VERSION), require(headers, KIND)
    if version != "1":
        raise MessageError("unknown-version", f"{version[:100]}: this release reads version 1")
    match kind:
        case "writes" | "tracks" | "redrive":
            return _decode_payload(kind, group, value, headers, decode_arrow)
        case "heartbeat" | "bye":
            _no_payload(kind, value)
            return AgentMessage(kind, decode_origin(headers))
        case "define":
            return Define(_decode_definition(group, value, headers))
        case "start" | "stop" | "delete":
            _content_type(kind, value, headers, JSON)
            return decode_command(kind, value)
        case "tick":
            _no_payload(kind, value)
            return Tick()
    raise MessageError("unknown-kind", f"{kind[:100]!r}: expected one of {', '.join(KINDS)}")


def _decode_payload(
    kind: Literal["writes", "tracks", "redrive"],
    group: str,
    value: bytes,
    headers: Mapping[str, bytes],
    decode_arrow: DecodeArrow,
) -> AgentMessage:
    origin = decode_origin(headers)
    carried = require(headers, PAYLOAD) if kind == "redrive" else kind
    if carried == "tracks":
        _content_type(kind, value, headers, ARROW)
        return AgentMessage(kind, origin, folds=decode_folds(value))
    if carried != "writes":
        raise MessageError("bad-header", f"payload: expected writes or tracks, found {carried[:100]!r}")
    if _content_type(kind, value, headers, ARROW, JSON) == JSON:
        return AgentMessage(kind, origin, decode_writes_json(value))
    return AgentMessage(kind, origin, decode_arrow((group, origin.id), value))


def _decode_definition(group: str, value: bytes, headers: Mapping[str, bytes]) -> Definition:
    _content_type("define", value, headers, JSON)
    try:
        definition = definition_from_json(load_object(value))
    except DefinitionError as error:
        raise MessageError("bad-definition", str(error)) from None
    if definition.group != group:
        raise MessageError("bad-definition", f"group: {definition.group!r} came with the key {group!r}")
    return definition


def _no_payload(kind: str, value: bytes) -> None:
    if value:
        raise MessageError("payload-unexpected", f"a {kind} has no value, found {len(value)} bytes")


def _content_type(kind: str, value: bytes, headers: Mapping[str, bytes], *known: str) -> str:
    """The content type of a message that needs a value."""
    if not value:
        raise MessageError("payload-missing", f"a message of kind {kind} needs a value")
    found = require(headers, CONTENT_TYPE)
    if media_type(found) not in known:
        raise MessageError(
            "unknown-content-type", f"{found[:100]!r}: expected {' or '.join(known)} for {kind}"
        )
    return media_type(found)
