"""Dead letters: what was refused, with the reason in headers, so that it can be read and sent again.

A message refused as a whole keeps its value and headers untouched; of one refused in part the value holds
only the refused rows, in the encoding in which they came. Headers that begin with `dl-` are added behind the
message's own, always the same ones in the same order, so that even a message which has such headers itself
comes back as it was. Only where a dead letter would not fit its topic, since the message was far too large,
value and headers of the message are left out: it is still where it stood until the topic lets it go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from streams.errors import MessageError
from streams.model.messages import Origin
from streams.model.state import DeadLetter
from streams.wire.agent import Encoding, encode_payload
from streams.wire.headers import (
    CONTENT_TYPE,
    JSON,
    KIND,
    MAX_NAME_BYTES,
    PAYLOAD,
    VERSION,
    encode_origin,
    media_type,
    read_headers,
    require,
)
from streams.wire.keys import dead_letter_key, group_name, parse_dead_letter_key, writes_key
from streams.wire.record import MAX_DEAD_LETTER_BYTES, Headers, Received, Record

__all__ = ["HEADERS", "Scope", "StoredLetter", "decode_dead_letter", "encode_dead_letter", "redriven"]

HEADERS = (
    "dl-reason",
    "dl-detail",
    "dl-scope",
    "dl-topic",
    "dl-partition",
    "dl-offset",
    "dl-append-time",
    "dl-key",
)
"""Headers of a dead letter: why, how much of the message is kept, where it stood, its key."""

Scope = Literal["whole", "rows", "cut"]
"""What is kept of a refused message: all, the refused rows, or nothing, since it was too large."""

_MAX_DETAIL_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter as it is kept: `message` is the refused one, as far as `scope` says."""

    reason: str
    detail: str
    scope: Scope
    message: Received

    @property
    def whole(self) -> bool:
        """Whether the whole message was refused."""
        return self.scope != "rows"


def encode_dead_letter(letter: DeadLetter, source: Received) -> Record:
    """The record of a dead letter of the message `source`."""
    key = dead_letter_key(source.partition, source.offset, letter.reason)
    if letter.writes is None and not letter.folds:
        record = Record(key, source.value, (*source.headers, *_notes(letter, "whole", source)))
    else:
        value = _refused_rows(letter, source.headers)
        record = Record(key, value, (*source.headers, *_notes(letter, "rows", source)))
    if record.size_bytes() <= MAX_DEAD_LETTER_BYTES:
        return record
    short_key = None if source.key is None else source.key[:MAX_NAME_BYTES]
    return Record(key, None, _notes(letter, "cut", replace(source, key=short_key)))


def decode_dead_letter(value: bytes | None, headers: Headers) -> StoredLetter:
    """A dead letter and the message that it is about.

    Raises:
        MessageError: the record is no dead letter; reason `bad-row`.
    """
    own, added = headers[: -len(HEADERS)], headers[-len(HEADERS) :]
    if tuple(name for name, _ in added) != HEADERS:
        raise MessageError("bad-row", f"no dead letter: the last headers are not {', '.join(HEADERS)}")
    try:
        reason, detail, scope, topic, partition, offset, append_us = (
            (note or b"").decode() for _, note in added[:-1]
        )
        message = Received(topic, int(partition), int(offset), int(append_us), added[-1][1], value, own)
    except ValueError as error:
        raise MessageError("bad-row", f"a dead letter's headers are garbled: {error}") from None
    if scope not in get_args(Scope):
        raise MessageError("bad-row", f"a dead letter's header dl-scope is {scope!r}")
    return StoredLetter(reason, detail, cast("Scope", scope), message)


def redriven(record: Record) -> Record:
    """The message that brings a dead letter's writes back to their group, under an identity of its own.

    Reason and source offset identify a dead letter within its group, whose messages stand in one partition:
    they become agent and sequence, so that redriving the same letter twice changes nothing.

    Raises:
        MessageError: nothing in it could be sent again (`not-redrivable`, the detail says why), or it is no
            dead letter (`bad-key`, `bad-row`).
    """
    key = parse_dead_letter_key(record.key)
    letter = decode_dead_letter(record.value, record.headers)
    message = letter.message
    if letter.scope == "cut":
        raise MessageError(
            "not-redrivable",
            f"it was too large to keep; it stands in {message.topic}, partition {message.partition}, "
            f"offset {message.offset}, as long as that is retained",
        )
    try:
        headers = read_headers(message.headers)
        kind = require(headers, KIND)
        carried = require(headers, PAYLOAD) if kind == "redrive" else kind
        array, content_type = require(headers, "array"), require(headers, CONTENT_TYPE)
        group = group_name(message.key)
    except MessageError as error:
        raise MessageError("not-redrivable", f"{error}: mend the producer and send it anew") from None
    if carried not in ("writes", "tracks") or not message.value:
        raise MessageError(
            "not-redrivable", f"a {kind} message carries no writes; send it anew if still needed"
        )
    identity = encode_origin(Origin(array, f"redrive {key.reason}", 0, key.offset, 0, 0))
    return Record(
        writes_key(group),
        message.value,
        (
            (KIND, b"redrive"),
            (VERSION, b"1"),
            *identity,
            (CONTENT_TYPE, content_type.encode()),
            (PAYLOAD, carried.encode()),
        ),
    )


def _notes(letter: DeadLetter, scope: Scope, source: Received) -> Headers:
    detail = letter.detail.encode(errors="backslashreplace")[:_MAX_DETAIL_BYTES].decode(errors="ignore")
    place = (source.topic, str(source.partition), str(source.offset), str(source.append_us))
    notes = (note.encode() for note in (letter.reason, detail, scope, *place))
    return tuple(zip(HEADERS, (*notes, source.key), strict=True))


def _refused_rows(letter: DeadLetter, headers: Headers) -> bytes:
    came_as_json = any(
        name == CONTENT_TYPE and value is not None and media_type(value.decode(errors="replace")) == JSON
        for name, value in headers
    )
    encoding: Encoding = "json" if came_as_json else "arrow"
    return encode_payload(letter.writes, letter.folds, encoding)[0]
